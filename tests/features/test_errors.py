from __future__ import annotations

import json
from collections.abc import Callable

import duckdb
import pytest

from leadmart.features.errors import LeadmartError, Place, all_as_one, near_names, read_text
from leadmart.features.failures import failure

UNDERLINED = LeadmartError(
    "known.email_opens is joined without as_of: rows of other moments would count",
    code="join_without_as_of",
    place=Place("sql/features/email_engagement/v2.sql", 14, 11, "LEFT JOIN known.email_opens AS e", 22),
    hint="add `AND e.as_of = spine.as_of`",
)
TABS = LeadmartError("no such column", code="x", place=Place("a.sql", 2, 3, "\t\tw.lead,", 6))
BARE = LeadmartError("nothing is loaded", code="nothing_loaded", exit_code=3)


def test_an_error_shows_what_where_and_what_to_do(golden: Callable[[str, str], None]) -> None:
    golden(all_as_one([UNDERLINED, TABS, BARE]).render(), "errors/three.txt")


def test_what_duckdb_says_in_json_is_told_in_words() -> None:
    said = {"exception_type": "IO", "exception_message": 'Could not write file "/w/a.parquet": No space left on device'}
    named = failure(duckdb.IOException(json.dumps(said)))
    assert named is not None
    assert (named.code, named.message) == ("disk_full", "there is no room left on the disk: /w/a.parquet")
    said["exception_message"] = "Could not write: No space left on device"
    named = failure(duckdb.IOException(json.dumps(said)))
    assert named is not None
    assert named.message == "there is no room left on the disk: Could not write: No space left on device"


def test_several_errors_are_one_with_the_gravest_exit_code() -> None:
    one = all_as_one([UNDERLINED, all_as_one([TABS, BARE])])
    assert one.exit_code == 3
    assert [other.code for other in one.others] == ["x"]
    assert one.as_json()["code"] == "join_without_as_of"
    assert one.as_json()["place"] == "sql/features/email_engagement/v2.sql:14"
    with pytest.raises(ValueError, match="no problems"):
        all_as_one([])


def test_an_error_without_place_and_hint_says_null() -> None:
    assert BARE.as_json() == {"code": "nothing_loaded", "message": "nothing is loaded", "place": None, "hint": None}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("email_event", "did you mean email_events or web_events?"),
        ("email_evnets", "did you mean email_events or web_events?"),
        ("leads", "did you mean leads?"),
        ("qqq", ""),
    ],
)
def test_near_names_are_the_closest_ones(name: str, words: str) -> None:
    assert near_names(name, ["email_events", "web_events", "leads"]) == words


def test_a_link_to_a_file_that_is_gone_is_named(tmp_path):
    gone = tmp_path / "draft.sql"
    gone.symlink_to(tmp_path / "nothing")
    with pytest.raises(LeadmartError) as refused:
        read_text(gone)
    assert refused.value.code == "unreadable"
    assert refused.value.place == Place(str(gone))
