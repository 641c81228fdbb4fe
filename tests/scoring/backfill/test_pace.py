"""How long a backfill says that it will still take."""

from __future__ import annotations

from leadmart.scoring.backfill.pace import SCORES, Pace


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_view_is_judged_by_its_own_steps() -> None:
    clock = Clock()
    pace = Pace(["slow@v1", "quick@v1"] * 3, {}, clock)
    for view, seconds in (("slow@v1", 100.0), ("quick@v1", 2.0)):
        pace.begin(view)
        clock.now += seconds
    pace.end()
    assert pace.seconds_left() == (2 * 100 + 2 * 2, True)
    assert pace.words() == ", about 3 min left"


def test_a_view_not_done_yet_takes_what_it_took_before_or_is_said_to_be_unknown() -> None:
    pace = Pace(["known@v1", "new@v1"], {"known@v1": 30.0})
    assert (pace.seconds_left(), pace.words()) == ((30.0, False), ", at least 30 s left")
    assert Pace(["new@v1"], {}).words() == ""


def test_what_this_run_took_goes_before_what_earlier_runs_took() -> None:
    clock = Clock()
    pace = Pace(["view@v1"] * 3, {"view@v1": 1.0}, clock)
    pace.begin("view@v1")
    clock.now += 50
    pace.begin("view@v1")
    clock.now += 70
    assert pace.seconds_left() == (2 * 50, True)
    pace.end()
    assert pace.seconds_left() == (60, True)


def test_slices_that_are_held_back_are_not_waited_for_once_scores_begin() -> None:
    clock = Clock()
    pace = Pace(["held@v1"] * 50 + [SCORES] * 3, {"held@v1": 9.0, SCORES: 4.0}, clock)
    pace.only(SCORES)
    assert pace.seconds_left() == (12, True)
    pace.leave_out(SCORES)
    pace.begin(SCORES)
    clock.now += 5
    pace.end()
    assert (pace.seconds_left(), pace.words()) == ((5, True), ", about 5 s left")


def test_nothing_is_left_after_the_last_step() -> None:
    pace = Pace([SCORES], {}, Clock())
    pace.begin(SCORES)
    pace.end()
    pace.end()
    assert pace.words() == ""
