"""Overrides: what people said a lead's tier is, until when, and why. A run reads them and never writes one.

A rule of `reference.binding_rules` goes before them: where it blocks, nobody's word makes the lead one to be contacted.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from leadmart.features.clock import iso, sql_literal
from leadmart.features.errors import LeadmartError, all_as_one, near_names, read_text
from leadmart.features.gate_rule import GateRule
from leadmart.features.literals import quoted
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.scoring.csv_rows import CsvRow, read_rows

if TYPE_CHECKING:
    import polars as pl

SOURCE = "lead_feedback"
TIERS = ("hot", "warm", "cold", "disqualified")

COLUMNS = ("override_tier", "override_by", "override_reason", "override_at", "override_until")
"""What a score row says of the override in force; all NULL where there is none."""


BINDING = "binding_rules"
"""The reference table of rules that no override lifts."""

REFUSED = "override_refused"
"""The code of the reason that says so."""


def read_binding(registry: Registry, rules: Sequence[GateRule]) -> tuple[str, ...]:
    """The project's rules that no override lifts; none where it asks for no overrides, since nothing could lift them.

    Raises LeadmartError `bad_binding` for a table of another shape, for a rule that no gate has, and for one that is no
    block.
    """
    if not registry.project.settings.scoring.overrides:
        return ()
    table = registry.reference(BINDING)
    listed = read_rows(read_text(table.path), str(table.path), ("rule", "why"), "bad_binding")
    severities = {rule.name: rule.severity for rule in rules}
    problems = _unknown_rules(registry, [row for row in listed if row.cells["rule"] not in severities])
    problems += [
        LeadmartError(
            f"{row.cells['rule']} is a {severities[row.cells['rule']]}, and only a block can bind",
            code="bad_binding",
            place=row.place,
            hint="take the line out, or make the rule a block in a gate of your own",
        )
        for row in listed
        if severities.get(row.cells["rule"], "block") != "block"
    ]
    if problems:
        raise all_as_one(problems)
    return tuple(dict.fromkeys(row.cells["rule"] for row in listed if row.cells["rule"] in severities))


def _unknown_rules(registry: Registry, rows: Sequence[CsvRow]) -> list[LeadmartError]:
    """The rows that name a rule no gate has, packaged or the project's own: what it was to protect would be open.

    A rule of a packaged gate that the project does not use is no mistake.
    """
    packaged = registry.reference(BINDING).replaced
    ours = {cells[0] for _, cells in packaged.lines} if packaged else {row.cells["rule"] for row in rows}
    asked = [row for row in rows if row.cells["rule"] not in ours]
    if not asked:
        return []
    known: set[str] = set()
    for gate in (definition for definition in registry.all() if definition.kind == "gate"):
        with suppress(LeadmartError):  # its own rules report it
            known.update(c.name for c in gate.columns if c.name not in (gate.key, "as_of"))
    return [
        LeadmartError(
            f"no gate has a rule {row.cells['rule']!r}",
            code="bad_binding",
            place=row.place,
            hint=near_names(row.cells["rule"], known) or "`leadmart features` lists the rules of the project's gates",
        )
        for row in asked
        if row.cells["rule"] not in known
    ]


def override_sources(registry: Registry) -> tuple[str, ...]:
    """The sources that overrides come from; none where the project does not ask for them."""
    if not registry.project.settings.scoring.overrides:
        return ()
    registry.source(SOURCE)
    waiting, found = [SOURCE], [SOURCE]
    while waiting:
        joined = [name for name in registry.joined_by(waiting.pop()) if name not in found]
        found += joined
        waiting += joined
    return tuple(sorted(found))


def overrides_at(session: Session, registry: Registry, as_of: datetime) -> pl.DataFrame | None:
    """One row per lead with an override in force at an as_of: lead_id and `COLUMNS`, sorted by lead_id.

    In force is the newest that was known by then and has not ended; it ends at `expires_at`, that moment not included.
    One that names no tier takes back what was said before. None where the project asks for no overrides.
    """
    sources = override_sources(registry)
    if not sources:
        return None
    session.stage_whole(sources)
    moment = sql_literal(as_of)
    return session.warehouse.frame(
        "SELECT lead_id, override_tier, override_by, override_reason, override_at, override_until FROM ("
        "SELECT f.lead_id, LOWER(TRIM(f.value)) AS override_tier, f.actor AS override_by, "
        "f.reason AS override_reason, f.occurred_at AS override_at, f.expires_at AS override_until "
        f"FROM staging.{SOURCE} AS f WHERE f.kind = 'override' AND f.occurred_at < {moment} "
        f"AND f.ingested_at <= {moment} AND (f.expires_at IS NULL OR f.expires_at > {moment}) "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY f.lead_id "
        # one that names no tier there is does not take back one that does
        f"ORDER BY LOWER(TRIM(COALESCE(f.value, ''))) IN ({', '.join(map(quoted, ('', 'none', *TIERS)))}) DESC, "
        "f.occurred_at DESC, f.ingested_at DESC, f.feedback_id DESC) = 1"
        f") WHERE override_tier <> '' AND override_tier <> 'none' ORDER BY lead_id"
    )


def known_tiers(overrides: pl.DataFrame, as_of: datetime) -> tuple[pl.DataFrame, list[str]]:
    """The overrides that name a tier, and a warning for those that name something else: they change nothing."""
    import polars as pl

    named = pl.col("override_tier").is_in(TIERS)
    unknown = overrides.filter(~named)
    if unknown.is_empty():
        return overrides, []
    words = ", ".join(sorted(set(unknown["override_tier"]))[:3])
    return overrides.filter(named), [
        f"overrides: {unknown.height} at {iso(as_of)} ask for {words}, which is no tier: they change nothing"
    ]


def is_bound(binding: Sequence[str]) -> pl.Expr:
    """Boolean: whether a binding rule fires, so that no override but `disqualified` counts."""
    import polars as pl

    fires = pl.any_horizontal(pl.lit(False), *(pl.col(name) for name in binding))
    return fires & (pl.col("override_tier") != "disqualified").fill_null(False)


def nobody() -> list[pl.Expr]:
    """The columns of a row that nobody overrode."""
    import polars as pl

    moments = ("override_at", "override_until")
    return [pl.lit(None, dtype=pl.Datetime("us") if name in moments else pl.String).alias(name) for name in COLUMNS]
