"""The tables of fit, intent and timing: points by rule for each part, and what each part weighs in its whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from leadmart.features.beside import view_named
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, Place, all_as_one, near_names, read_text
from leadmart.features.model_inputs import protected_as
from leadmart.features.plan import Selection
from leadmart.features.protected import is_unspoken
from leadmart.features.registry import Registry
from leadmart.features.session import link_to
from leadmart.scoring.csv_rows import CsvRow, read_rows
from leadmart.scoring.reason_templates import VALUE
from leadmart.scoring.scorecard import COLUMNS as SCORECARD
from leadmart.scoring.scorecard import Scorecard, scorecard_of

Whole = Literal["fit", "intent", "timing"]

WHOLE_OF: Final[dict[str, Whole]] = {
    "company_fit": "fit",
    "role_fit": "fit",
    "tech_fit": "fit",
    "first_party_intent": "intent",
    "third_party_intent": "intent",
    "relationship_intent": "intent",
    "timing": "timing",
}
"""Every part, in the order in which it is stored and shown, and the whole that it belongs to."""

WHOLES: Final[tuple[Whole, ...]] = ("fit", "intent", "timing")
COLUMNS = ("part", "view", *SCORECARD)
WEIGHT_COLUMNS = ("part", "weight", "label")
WEIGHTS = "fit_weights"
"""The reference table of the weights; the points' name is a setting."""


@dataclass(frozen=True)
class FitPart:
    """One part: its rules, its weight in the whole, and its name for people. `views` are those that each rule reads, a
    name or name@vN as written."""

    name: str
    scorecard: Scorecard
    views: tuple[str, ...]
    weight: float
    label: str

    @property
    def whole(self) -> Whole:
        return WHOLE_OF[self.name]


@dataclass(frozen=True)
class FitTable:
    """The parts that have rules, in the order of `WHOLE_OF`. `fingerprints`: (ref, fingerprint) of the views read."""

    parts: tuple[FitPart, ...]
    fingerprints: tuple[tuple[str, str], ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that give points, each once."""
        return tuple(dict.fromkeys(column for part in self.parts for column in part.scorecard.columns))

    def parts_of(self, whole: Whole) -> tuple[FitPart, ...]:
        return tuple(part for part in self.parts if part.whole == whole)

    @property
    def content(self) -> dict[str, object]:
        """What decides points and words, for the policy's version: not where a row of a file stands."""
        return {
            "parts": [
                {
                    "name": part.name,
                    "weight": part.weight,
                    "label": part.label,
                    "views": part.views,
                    "rules": [
                        {name: value for name, value in asdict(row).items() if name != "place"}
                        for row in part.scorecard.rows
                    ],
                }
                for part in self.parts
            ],
            "fingerprints": sorted(self.fingerprints),
        }


def read_fit(points: str, weights: str, points_file: str = "fit_points.csv", weights_file: str = "") -> FitTable:
    """The table of two CSV texts, of `COLUMNS` and of `WEIGHT_COLUMNS`.

    Rules are those of scorecard.csv, for each part by itself; `{value}` in a label is the lead's own value. Raises
    LeadmartError `bad_fit` with file and line for every bad row at once.
    """
    problems: list[LeadmartError] = []
    weighed = _weights(weights, weights_file or f"{WEIGHTS}.csv", problems)
    rows: dict[str, list[CsvRow]] = {}
    owner: dict[str, tuple[str, Place]] = {}
    for row in read_rows(points, points_file, COLUMNS, "bad_fit"):
        part, code = row.cells["part"], row.cells["code"]
        try:
            _refuse_row(row, owner)
        except LeadmartError as problem:
            problems.append(problem)
            continue
        owner.setdefault(code, (part, row.place))
        rows.setdefault(part, []).append(row)
    parts = []
    for name in WHOLE_OF:
        if name not in rows:
            continue
        try:
            scorecard = scorecard_of(rows[name])
        except LeadmartError as error:
            problems += [_bad(e.message, e.place, e.hint) for e in (error, *error.others)]
            continue
        if name in weighed:
            parts.append(FitPart(name, scorecard, tuple(row.cells["view"] for row in rows[name]), *weighed[name]))
        elif not problems:
            problems.append(_bad(f"{name} has points and no weight", rows[name][0].place, f"add it to {WEIGHTS}.csv"))
    table = FitTable(tuple(parts))
    if not rows and not problems:
        problems.append(
            _bad(
                f"{Path(points_file).name} has no rule: nobody would have a point",
                Place(points_file),
                "or leave `fit` out",
            )
        )
    if not problems:
        problems += [
            _bad(f"every part of {whole} weighs 0", Place(weights_file or f"{WEIGHTS}.csv"), "one has to count")
            for whole in WHOLES
            if table.parts_of(whole) and not sum(part.weight for part in table.parts_of(whole))
        ]
    if problems:
        raise all_as_one(problems)
    return table


def load_fit(registry: Registry, selection: Selection) -> FitTable | None:
    """The project's table, with the fingerprints of the views it reads; None where it has none.

    Raises LeadmartError `bad_fit`, and `unknown_column` with the line for a column that its view has not.
    """
    settings = registry.project.settings.scoring
    if not settings.fit:
        return None
    points, weights = registry.reference(settings.fit, "fit_points"), registry.reference(WEIGHTS)
    table = read_fit(read_text(points.path), read_text(weights.path), str(points.path), str(weights.path))
    problems: list[LeadmartError] = []
    views: dict[str, Definition] = {}
    for part in table.parts:
        for row, name in zip(part.scorecard.rows, part.views, strict=True):
            view = view_named(registry, name, row.place)
            views[view.relation] = view
            try:
                _refuse_column(view, row.column, row.place, settings.unspoken)
            except LeadmartError as problem:
                problems.append(problem)
    if problems:
        raise all_as_one(problems)
    prints = {view.ref: selection.fingerprints[name] for name, view in views.items()}
    for view in views.values():
        if link := link_to(view, selection.spine, registry):
            prints[link.ref] = selection.fingerprints[link.relation]
    return FitTable(table.parts, tuple(prints.items()))


def _weights(text: str, file: str, problems: list[LeadmartError]) -> dict[str, tuple[float, str]]:
    found: dict[str, tuple[float, str]] = {}
    for row in read_rows(text, file, WEIGHT_COLUMNS, "bad_fit"):
        part, weight, label = (row.cells[name] for name in WEIGHT_COLUMNS)
        if part not in WHOLE_OF:
            problems.append(_unknown_part(part, row.place))
        elif part in found:
            problems.append(_bad(f"{part} has its weight already", row.place))
        elif not weight.replace(".", "", 1).isdecimal() or not label:
            problems.append(_bad(f"{part} wants a weight from 0 and a label", row.place))
        else:
            found[part] = (float(weight), label)
    return found


def _refuse_row(row: CsvRow, owner: dict[str, tuple[str, Place]]) -> None:
    cells, place = row.cells, row.place
    part, code = cells["part"], cells["code"]
    if part not in WHOLE_OF:
        raise _unknown_part(part, place)
    if not cells["view"]:
        raise _bad("view is empty", place, "name the feature view that has the column")
    if code in owner and owner[code][0] != part:
        raise _bad(f"code {code} belongs to {owner[code][0]} in line {owner[code][1].line}", place)
    rest = cells["label"].replace(VALUE, "")
    if "{" in rest or "}" in rest:
        raise _bad(f"label has a brace that is not {VALUE}", place)


def _refuse_column(view: Definition, column: str, place: Place, unspoken: Sequence[str]) -> None:
    names = [c.name for c in view.columns if c.name not in (view.key, "as_of")]
    if column not in names:
        raise LeadmartError(
            f"{view.ref} has no column {column}",
            code="unknown_column",
            place=place,
            hint=near_names(column, names) or f"it has {', '.join(names)}",
        )
    if column in unspoken or is_unspoken(column) or protected_as(view, column):
        raise _bad(
            f"{column} speaks of a protected group or of consent, or is in `unspoken`: no point may be told of it",
            place,
            "leave the row out: every point has words",
        )


def _unknown_part(part: str, place: Place) -> LeadmartError:
    return _bad(f"unknown part {part!r}", place, near_names(part, WHOLE_OF) or f"one of {', '.join(WHOLE_OF)}")


def _bad(message: str, place: Place | None, hint: str = "") -> LeadmartError:
    return LeadmartError(message, code="bad_fit", place=place, hint=hint)
