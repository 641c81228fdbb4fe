"""Assignments: who has which lead. Written once, kept while the representative is in service, and never live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from leadmart.features.clock import iso, now, sql_literal
from leadmart.features.errors import read_text
from leadmart.features.literals import quoted
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.decisions.routing import Reps, drawn, read_reps, read_routing
from leadmart.scoring.hot.acted_on import acted_on_sql, relations_of, rows_of
from leadmart.scoring.overrides import override_sources

if TYPE_CHECKING:
    import polars as pl

    from leadmart.scoring.run import Run

OWNERS = "account_owners"

_WEEK = "INTERVAL 7 DAY"
_NOBODY = "nobody who fits is in service"


@dataclass(frozen=True)
class Routed:
    """What a run gave away: leads that got somebody, and leads that wait."""

    given: int = 0
    waiting: int = 0

    def as_json(self) -> dict[str, int]:
        return {"given": self.given, "waiting": self.waiting}


def routing_sources(registry: Registry) -> tuple[str, ...]:
    """The source of the owners of accounts; none where the project routes nothing or has no such source."""
    if not registry.project.settings.routing.enabled:
        return ()
    known = {definition.name for definition in registry.all("source")}
    return (OWNERS,) if OWNERS in known else ()


def sources_beside(registry: Registry) -> tuple[str, ...]:
    """The sources that scoring reads beside views and label: what people said, and who owns which account."""
    return (*override_sources(registry), *routing_sources(registry))


def load_reps(registry: Registry) -> Reps:
    """Who works leads. Raises LeadmartError `bad_reps`."""
    found = registry.reference(registry.project.settings.routing.reps)
    return read_reps(read_text(found.path), str(found.path))


def newest_assignments(warehouse: Warehouse, reps: Reps, as_of: datetime) -> tuple[str | None, int]:
    """The version of the table that the newest assignment went by, and how many leads are with nobody in service.

    None and 0 where nothing was given away yet.
    """
    if not has_assignments(warehouse):
        return None, 0
    found = warehouse.rows("SELECT reps_version FROM store.meta.assignments ORDER BY number DESC LIMIT 1")
    serving = ", ".join(quoted(rep.rep) for rep in reps.in_service(as_of)) or "NULL"
    ((orphaned,),) = warehouse.rows(
        "SELECT COUNT(*) FROM (SELECT ARG_MAX_NULL(rep, number) AS rep FROM store.meta.assignments GROUP BY lead_id) "
        f"WHERE rep IS NOT NULL AND COALESCE(rep NOT IN ({serving}), TRUE)"
    )
    return (found[0][0] if found else None), int(orphaned)


def has_assignments(warehouse: Warehouse) -> bool:
    """Whether the store, or the catalogue in its place, has the table: one of an earlier release has not."""
    return bool(
        warehouse.rows(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = 'store' AND schema_name = 'meta' "
            "AND table_name = 'assignments'"
        )
    )


def route(run: Run) -> None:
    """Gives each lead of the tiers that are routed to a representative, where it has none in service.

    Only at the newest as_of that was ever scored, as the outbox; the store's rows are read, so that a run that was
    killed before it could write loses nothing. A lead that nobody has room for waits, and is asked again by each run.
    """
    settings = run.project.settings.routing
    if run.status == "blocked" or run.held or run.only is not None or not settings.enabled:
        return
    as_of = run.moments[-1]
    ((newest,),) = run.warehouse.rows("SELECT MAX(as_of) FROM store.meta.scorings")
    if newest is None or as_of < newest:
        return
    run.routed = Routed()
    reps = load_reps(run.registry)
    if not reps.in_service(as_of):
        file = run.registry.reference(settings.reps).path.name
        run.progress(f"warning: nobody in {file} is in service at {iso(as_of)}: leads wait", 0, 0)
    _candidates(run, as_of, reps)
    ((count,),) = run.warehouse.rows("SELECT COUNT(*) FROM to_route")
    if not count:
        return
    given = _given(run, as_of, reps)
    run.warehouse.register("routed", given)
    with run.warehouse.transaction():
        run.warehouse.execute(
            "INSERT INTO store.meta.assignments SELECT "
            "(SELECT COALESCE(MAX(number), 0) FROM store.meta.assignments) + ROW_NUMBER() OVER (ORDER BY r.lead_id), "
            "r.lead_id, t.as_of, t.feature_set_version, t.model_version, t.policy_version, ?, r.rep, r.how, "
            f"t.routing_rule, r.why, {sql_literal(now())}, ? FROM routed AS r JOIN to_route AS t USING (lead_id) "
            # a lead that waits on for the same reason is no news; that it lost somebody was said when it did
            "WHERE r.rep IS NOT NULL OR t.said IS NULL "
            "OR (t.said <> r.why AND NOT STARTS_WITH(t.said, CONCAT(r.why, '; '))) ORDER BY r.lead_id",
            [reps.version, run.run_id],
        )
    waiting = given["rep"].null_count()
    run.routed = Routed(given.height - waiting, waiting)


def _candidates(run: Run, as_of: datetime, reps: Reps) -> None:
    """The table `to_route`: leads in force at the as_of, of a tier that is routed, that nobody in service has."""
    tiers = ", ".join(f"'{tier}'" for tier in run.project.settings.routing.tiers)
    serving = ", ".join(quoted(rep.rep) for rep in reps.in_service(as_of)) or "NULL"
    run.warehouse.execute(
        "CREATE OR REPLACE TABLE to_route AS "
        "WITH held AS (SELECT lead_id, ARG_MAX_NULL(rep, number) AS rep, ARG_MAX(why, number) AS why "
        "FROM store.meta.assignments GROUP BY lead_id) "
        "SELECT s.lead_id, s.as_of, s.feature_set_version, s.model_version, s.policy_version, s.composite, s.urgency, "
        "s.routing_rule, h.rep AS rep_before, CASE WHEN h.rep IS NULL THEN h.why END AS said "
        f"FROM ({acted_on_sql(run)}) AS s "
        "LEFT JOIN held AS h ON h.lead_id = s.lead_id "
        f"WHERE s.tier IN ({tiers}) AND COALESCE(h.rep NOT IN ({serving}), TRUE) ORDER BY s.lead_id"
    )


def _given(run: Run, as_of: datetime, reps: Reps) -> pl.DataFrame:
    """lead_id, rep (NULL where it waits), how and why for each row of `to_route`."""
    import polars as pl

    found = run.registry.reference(run.project.settings.routing.rules)
    rules = read_routing(read_text(found.path), str(found.path))
    serving = reps.in_service(as_of)
    names = [rep.rep for rep in serving]
    leads = run.warehouse.frame(
        "SELECT t.lead_id, COALESCE('account ' || a.account_id, 'lead ' || t.lead_id) AS draw_by, a.owner, "
        "t.routing_rule AS rule, t.urgency, t.composite, t.rep_before "
        f"FROM to_route AS t LEFT JOIN ({_accounts(run, as_of)}) AS a ON a.lead_id = t.lead_id ORDER BY t.lead_id"
    )
    owned = leads.filter(pl.col("owner").is_in(names))
    rest = leads.filter(~pl.col("owner").is_in(names).fill_null(False))
    taken = dict(
        run.warehouse.rows(
            "SELECT rep, COUNT(*) FROM store.meta.assignments WHERE rep IS NOT NULL AND how <> 'owner' "
            f"AND as_of > {sql_literal(as_of)} - {_WEEK} GROUP BY rep"
        )
    )
    ruled = rest.filter(pl.col("rule").is_not_null())
    shared = drawn(ruled, rules, serving, taken)
    words = pl.DataFrame(
        [(rule.rule, rule.words, any(rep.fits(rule) for rep in serving)) for rule in rules],
        schema={"rule": pl.String, "words": pl.String, "is_served": pl.Boolean},
        orient="row",
    )
    rest = rest.join(shared, on="lead_id", how="left").join(words, on="rule", how="left")
    has_rep = pl.col("rep").is_not_null()
    why = (
        pl.when(pl.col("rule").is_null())
        .then(pl.lit("no rule of routing holds"))
        .when(has_rep)
        .then(pl.format("{}: drawn among those who fit and have room", "words"))
        .when(pl.col("is_served"))
        .then(pl.format("{}: those who fit have no room this week", "words"))
        .otherwise(pl.format("{}: " + _NOBODY, "words"))
    )
    left = pl.when(pl.col("rep_before").is_not_null()).then(pl.format("; {} is out of service", "rep_before"))
    told = [
        rest.select(
            "lead_id",
            "rep",
            pl.when(has_rep).then(pl.lit("drawn")).otherwise(pl.lit("waits")).alias("how"),
            (why + left.fill_null("")).alias("why"),
        ),
        owned.select(
            "lead_id",
            pl.col("owner").alias("rep"),
            pl.lit("owner").alias("how"),
            (pl.lit("Owns the account") + left.fill_null("")).alias("why"),
        ),
    ]
    return pl.concat(told).sort("lead_id")


def _accounts(run: Run, as_of: datetime) -> str:
    """A SELECT of lead_id, account_id and the account's owner as known at the as_of; of nothing without a link."""
    to_account = next((d for d in run.selection.links if "account_id" in {c.name for c in d.columns}), None)
    if to_account is None:
        return "SELECT NULL::VARCHAR AS lead_id, NULL::VARCHAR AS account_id, NULL::VARCHAR AS owner WHERE FALSE"
    link = rows_of(run.warehouse, run.selection, to_account, as_of, relations_of(run))
    if link is None:  # a hot run that scored nobody stores no slice
        run.session.want([as_of])
        run.session.prepare([to_account])
        run.session.compute(to_account)
        link = to_account.relation
    if not routing_sources(run.registry):
        return f"SELECT lead_id, account_id, NULL::VARCHAR AS owner FROM {link}"
    run.session.stage_whole([OWNERS])
    moment = sql_literal(as_of)
    return (
        f"SELECT l.lead_id, l.account_id, o.owner FROM {link} AS l LEFT JOIN (SELECT account_id, "
        f"ARG_MAX_NULL(rep, (occurred_at, ingested_at)) AS owner FROM staging.{OWNERS} WHERE occurred_at < {moment} "
        f"AND ingested_at <= {moment} GROUP BY account_id) AS o ON o.account_id = l.account_id"
    )
