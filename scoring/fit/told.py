"""What people read of a lead's fit, intent and timing: the stored parts, and what each point was given for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leadmart.scoring.fit.table import WHOLE_OF, WHOLES, FitTable

if TYPE_CHECKING:
    import polars as pl


def fit_document(row: Mapping[str, Any], table: FitTable | None, frame: pl.DataFrame | None) -> dict[str, Any] | None:
    """The wholes and parts of a score row, `fit` of `explain --json`; None where it was scored without them.

    `table` and `frame` are of the row's own policy and slices, None where these have moved on: then weights, values and
    what is not known are empty.
    """
    if row["fit_parts"] is None:
        return None
    by_name = {part.name: part for part in table.parts} if table else {}
    values = frame.row(0, named=True) if frame is not None and table else {}
    columns = {rule.code: rule.column for part in by_name.values() for rule in part.scorecard.rows}
    told = list(zip(row["fit_parts"], row["fit_codes"], row["fit_points"], row["fit_labels"], strict=True))
    parts = []
    for name, whole in WHOLE_OF.items():
        if table and name not in by_name:
            continue
        part = by_name.get(name)
        read = part.scorecard.columns if part else ()
        parts.append(
            {
                "part": name,
                "whole": whole,
                "label": part.label if part else name.replace("_", " "),
                "weight": part.weight if part else None,
                "points": row[name],
                "given": [
                    {
                        "code": code,
                        "points": points,
                        "words": words,
                        "values": {columns[code]: values[columns[code]]} if columns.get(code) in values else {},
                    }
                    for of, code, points, words in told
                    if of == name
                ],
                "unknown": [column for column in read if column in values and values[column] is None],
            }
        )
    wholes = [{"whole": whole, "points": row[whole], "known": row.get(f"{whole}_known")} for whole in WHOLES]
    return {"wholes": wholes, "parts": parts}


def fit_text(found: Mapping[str, Any] | None) -> list[str]:
    """The lines of `explain`; none for a score without fit."""
    if not found:
        return []
    lines = ["", "  fit, intent and timing, beside the score"]
    for each in found["wholes"]:
        lines.append(f"    {each['whole']:<8}{_points(each['points'])}{_share(each['known'])}")
        for part in found["parts"]:
            if part["whole"] != each["whole"]:
                continue
            weight = f", weight {part['weight']:g}" if part["weight"] is not None else ""
            if len([p for p in found["parts"] if p["whole"] == each["whole"]]) > 1:
                unknown = f": {', '.join(part['unknown'])}" if part["points"] is None and part["unknown"] else ""
                lines.append(f"      {part['label']:<12}{_points(part['points'])}{weight}{unknown}")
            lines += [f"        {given['points']:>+5g}   {given['words']}" for given in part["given"]]
    return lines


def _points(points: float | None) -> str:
    return "not known" if points is None else f"{points:.0f}"


def _share(known: float | None) -> str:
    return f", by {100 * known:.0f} % of what counts" if known and known < 1 else ""
