"""Labels: when an outcome came true, with hindsight for training and as it was known for scoring."""

from __future__ import annotations

from datetime import datetime

import duckdb

from leadmart.features.clock import sql_literal
from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.registry import Registry
from leadmart.features.session import Session


def outcomes_sql(label: Definition, known_at: datetime | None = None) -> str:
    """The SELECT of a label's (key, outcome_at) rows.

    Without `known_at` it is hindsight, over all of staging: for training. With it, only rows known at that moment
    count: for leaving out of scoring whoever has the outcome already.
    """
    from sqlglot import exp

    text = label.statement
    if known_at is not None:
        moment = sql_literal(known_at)
        splices = []
        for table in label.find_all(exp.Table):
            if table.db.lower() == "staging":
                start, end = table.args["db"].meta["start"], table.this.meta["end"] + 1
                rows = f"(SELECT * FROM {text[start:end]} WHERE occurred_at < {moment} AND ingested_at <= {moment})"
                splices.append((start, end, rows if table.alias else f"{rows} AS {table.name}"))
        for start, end, words in sorted(splices, reverse=True):
            text = text[:start] + words + text[end:]
    return f"SELECT {label.key}, outcome_at FROM ({text}\n) WHERE outcome_at IS NOT NULL"


def make_outcomes(session: Session, registry: Registry, label: Definition, known_at: datetime | None = None) -> None:
    """Makes the session's table `outcomes` (key, outcome_at), one row per key; see `outcomes_sql`.

    Raises LeadmartError `label_failed` where the label does not run, `label_twice` where a key has two outcomes.
    """
    session.stage_whole(registry.sources_of([label]))
    try:
        session.warehouse.execute(f"CREATE OR REPLACE TABLE outcomes AS {outcomes_sql(label, known_at)}")
    except duckdb.Error as error:
        raise LeadmartError(
            f"label {label.ref} does not run: {first_line(error)}", code="label_failed", place=label.place()
        ) from None
    ((rows, keys),) = session.warehouse.rows(f"SELECT COUNT(*), COUNT(DISTINCT {label.key}) FROM outcomes")
    if rows != keys:
        raise LeadmartError(
            f"label {label.ref} gives {rows} rows for {keys} keys",
            code="label_twice",
            place=label.place(line=1),
            hint=f"a label is one outcome per {label.key}: MIN(…) AS outcome_at … GROUP BY it",
        )
