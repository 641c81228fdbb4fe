"""Results as JSON lines, one a comparison: kept between calls, so that a stopped benchmark goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bench.machine import REPOSITORY
from bench.timing import Cost

RESULTS = REPOSITORY / "bench" / "results" / "results.jsonl"


@dataclass(frozen=True)
class Target:
    """What was asked for: the ratio of medians at most, the subject's median seconds at most."""

    ratio: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Result:
    """One comparison at one size, or with no rival the subject's own figures.

    `size` is in `unit`. `equal` says how the rows of both were compared; `not_measured` why there is no rival's figure.
    """

    comparison: str
    case: str
    size: int
    unit: str
    subject: str
    seconds: tuple[float, ...] = ()
    cpu: tuple[float, ...] = ()
    memory: int = 0
    rival: str = ""
    rival_seconds: tuple[float, ...] = ()
    rival_cpu: tuple[float, ...] = ()
    rival_memory: int = 0
    target: Target = field(default_factory=Target)
    equal: str = ""
    not_measured: str = ""
    note: str = ""
    at: str = ""
    load: str = ""
    code: str = ""
    commit: str = ""
    machine: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.comparison, self.case, self.size)

    def with_costs(self, ours: Sequence[Cost], theirs: Sequence[Cost] = ()) -> Result:
        """The result with what both sides took."""
        return replace(
            self,
            seconds=tuple(c.seconds for c in ours), cpu=tuple(c.cpu for c in ours), memory=max(c.memory for c in ours),
            rival_seconds=tuple(c.seconds for c in theirs), rival_cpu=tuple(c.cpu for c in theirs),
            rival_memory=max((c.memory for c in theirs), default=0),
        )  # fmt: skip


def append(result: Result, file: Path = RESULTS) -> None:
    """Adds a result; what was there stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")


def read(file: Path = RESULTS) -> list[Result]:
    """The newest result of each comparison, case and size, in the order they were first measured."""
    found: dict[tuple[str, str, int], Result] = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.strip():
                each = _result(line)
                found[each.key] = each
    return list(found.values())


def measured(results: Sequence[Result], code: str) -> set[tuple[str, str, int]]:
    """The keys that were measured with this version of the code."""
    return {each.key for each in results if each.code == code}


def _result(line: str) -> Result:
    values = json.loads(line)
    for name in ("seconds", "cpu", "rival_seconds", "rival_cpu"):
        values[name] = tuple(values[name])
    return Result(**{**values, "target": Target(**values["target"])})
