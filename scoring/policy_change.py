"""What differs between two policies, and between two texts of a table, in words that name the setting or the row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Rows = Sequence[Mapping[str, Any]]

_SETTINGS: Final = {"tiers": "[scoring.tiers]", "boost": "[scoring.boost]"}
_KEYS: Final = {
    "gates": ("ref", "name"),
    "scorecard": ("code",),
    "templates": ("code",),
    "playbook": ("rule",),
    "talking_points": ("point",),
    "routing": ("rule",),
}
"""By which fields a row of a part is the same row, changed. Rows that share them are told apart by their order."""
_TITLES: Final = {
    "gates": "gate",
    "templates": "reasons",
    "talking_points": "talking points",
    "binding": "rules that no override lifts",
}
_FIRST_WINS: Final = frozenset(["playbook", "routing"])
_FEW: Final = 3


@dataclass(frozen=True)
class PartChange:
    """One change: `part` of the policy, what in it, and its value before and now; None where there was or is none."""

    part: str
    name: str
    before: Any
    now: Any
    words: str

    def as_json(self) -> dict[str, Any]:
        return {
            "part": self.part, "name": self.name, "before": self.before, "now": self.now, "words": self.words,
        }  # fmt: skip


@dataclass(frozen=True)
class TableChange:
    """A reference table that has another content: rows as they are written, and the refs that read it.

    `added` and `removed` are None where the text of before is not kept.
    """

    table: str
    added: tuple[str, ...] | None
    removed: tuple[str, ...] | None
    read_by: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "added": None if self.added is None else list(self.added),
            "removed": None if self.removed is None else list(self.removed),
            "read_by": list(self.read_by),
        }

    @property
    def has_same_rows(self) -> bool:
        """Whether only the order of its rows, or the layout of the file, is another."""
        return self.added == () and self.removed == ()

    @property
    def words(self) -> str:
        told = [
            f"{len(rows)} row{'s' * (len(rows) != 1)} {what}: {'; '.join(rows[:_FEW])}{', …' * (len(rows) > _FEW)}"
            for rows, what in ((self.added or (), "more"), (self.removed or (), "fewer"))
            if rows
        ]
        what = ", ".join(told) or ("another content" if self.added is None else "another order, or another layout")
        return f"{self.table}.csv has {what} (read by {', '.join(self.read_by)})"


def policy_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[PartChange]:
    """What differs between the contents of two policies (`Policy.content_text`, read as JSON), part by part."""
    found: list[PartChange] = []
    for part in ("tiers", "boost"):
        found += _settings(part, before.get(part) or {}, now.get(part) or {})
    if before["max_weight"] != now["max_weight"]:
        found.append(_setting("max_weight", "[scoring.blend] max_weight", before["max_weight"], now["max_weight"]))
    if before["block_cap"] != now["block_cap"]:
        found.append(_setting("block_cap", "a blocked lead's score", before["block_cap"], now["block_cap"]))
    overrides = [bool(content.get("overrides", content.get("binding"))) for content in (before, now)]
    if overrides[0] != overrides[1]:
        found.append(_setting("overrides", "[scoring] overrides", *overrides))
    for part in ("unspoken", "binding"):
        found += _names(part, before.get(part) or [], now.get(part) or [])
    for part, key in _KEYS.items():
        found += _rows(part, key, before.get(part), now.get(part))
    found += _fit(before.get("fit") or {}, now.get("fit") or {})
    return found


def gates_told_otherwise(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The refs of gates that both policies have and whose SQL, or something it reads, is another."""
    former = dict(before["gate_fingerprints"])
    return [ref for ref, fingerprint in now["gate_fingerprints"] if former.get(ref, fingerprint) != fingerprint]


def table_change(table: str, before: str | None, now: str, read_by: Sequence[str]) -> TableChange:
    """What two texts of a table differ in, row by row; None stands for a text that is not kept."""
    if before is None:
        return TableChange(table, None, None, tuple(read_by))
    former, present = _lines(before), _lines(now)
    added, removed = present - former, former - present
    return TableChange(table, tuple(added.elements()), tuple(removed.elements()), tuple(read_by))


def _lines(text: str) -> Counter[str]:
    return Counter(line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def _settings(part: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[PartChange]:
    for name in {**before, **now}:
        if before.get(name) != now.get(name):
            yield _setting(f"{part}.{name}", f"{_SETTINGS[part]} {name}", before.get(name), now.get(name))


def _setting(part: str, title: str, before: Any, now: Any) -> PartChange:
    return PartChange(part.partition(".")[0], part, before, now, f"{title} {_shown(before)} is now {_shown(now)}")


def _names(part: str, before: Sequence[str], now: Sequence[str]) -> Iterator[PartChange]:
    for name in [*(n for n in now if n not in before), *(n for n in before if n not in now)]:
        is_new = name in now
        words = f"{_TITLES.get(part, part)}: {name} is {'new' if is_new else 'gone'}"
        yield PartChange(part, name, None if is_new else name, name if is_new else None, words)


def _rows(
    part: str, key: tuple[str, ...], before: Rows | None, now: Rows | None, title: str | None = None
) -> Iterator[PartChange]:
    title = title or _TITLES.get(part, part)
    if before is None and now is None:
        return
    if before is None or now is None:
        words = f"{title}: {'not read before' if before is None else 'no longer read'}"
        yield PartChange(part, "", _count(before), _count(now), words)
        return
    former, present = _by_key(before, key), _by_key(now, key)
    for name, row in present.items():
        if name not in former:
            yield PartChange(part, name, None, row, f"{title} {name} is new")
            continue
        for field in row:
            if field not in key and former[name].get(field) != row[field]:
                told = f"{title} {name}: {field} {_shown(former[name].get(field))} is now {_shown(row[field])}"
                yield PartChange(part, f"{name}.{field}", former[name].get(field), row[field], told)
    for name, row in former.items():
        if name not in present:
            yield PartChange(part, name, row, None, f"{title} {name} is gone")
    if part in _FIRST_WINS:
        both = [name for name in former if name in present], [name for name in present if name in former]
        if both[0] != both[1]:
            yield PartChange(part, "order", *both, f"{title}: the order of the rules is another, and the first wins")


def _by_key(rows: Rows, key: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    """Rows by their key; a key that comes again is told apart by its place among its like."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        name = ".".join(str(row[field]) for field in key)
        number = 1
        while (unique := name if number == 1 else f"{name} ({number})") in found:
            number += 1
        found[unique] = row
    return found


def _fit(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[PartChange]:
    if not before and not now:
        return
    if not before or not now:
        yield from _rows("fit", (), before.get("parts"), now.get("parts"))
        return
    former = {part["name"]: part for part in before["parts"]}
    present = {part["name"]: part for part in now["parts"]}
    yield from _names("fit", list(former), list(present))
    for name in present:
        if name not in former:
            continue
        for field in ("weight", "label"):
            if former[name][field] != present[name][field]:
                yield _setting(f"fit.{name}.{field}", f"fit {name}: {field}", former[name][field], present[name][field])
        yield from _rows("fit", ("code",), former[name]["rules"], present[name]["rules"], f"fit {name}")
    if before["fingerprints"] != now["fingerprints"]:
        refs = [ref for ref, print_ in now["fingerprints"] if dict(before["fingerprints"]).get(ref, print_) != print_]
        if refs:
            words = f"fit reads {', '.join(refs)}: its SQL, or what it reads, is another"
            yield PartChange("fit", "fingerprints", None, refs, words)


def _count(rows: Rows | None) -> int | None:
    return None if rows is None else len(rows)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
