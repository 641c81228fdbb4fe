"""Logs that say the same again: `-- changes-of: stage` keeps the rows of a source that changed `stage`.

    occurred_at  ingested_at  stage
    1 March      2 March      open      kept: the first
    4 March      5 March      open      says nothing new; dropped
    3 March      9 March      lost      kept: arrived late, and the row of 4 March is a change from 9 March on

What counts as a change is judged by what was known then, so that a row which arrives later never rewrites the past.
A row becomes visible at the first moment, from its own arrival on, at which the row before it, of those known, says
something else; once visible it stays. At any moment, the last visible row says what the last known row says.
"""

from __future__ import annotations

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError


def changes_only(definition: Definition, select: str) -> str:
    """The rows of a source's SELECT that change its `changes-of` columns; the SELECT itself where the header has none.

    `select` has one row a key. Rows are told apart by the key without `occurred_at`, and follow one another by
    `(occurred_at, ingested_at, key)`. Raises LeadmartError `bad_header` where the key lacks `occurred_at`.
    """
    said = definition.header.get("changes-of")
    if said is None:
        return select
    names = [part.strip() for part in said.split(",") if part.strip()]
    of = [name for name in definition.source_key if name != "occurred_at"]
    unknown = [name for name in names if name not in {column.name for column in definition.columns}]
    if not names or unknown or not of or len(of) == len(definition.source_key):
        raise LeadmartError(
            f"source {definition.name} keeps changes of {said}: "
            + (f"it has no column {unknown[0]}" if unknown else "its key does not say of what"),
            code="bad_header",
            place=definition.place(line=1),
            hint="write `-- key: opportunity_id, occurred_at` and `-- changes-of: stage`",
        )
    same = ", ".join(f'"{name}"' for name in of)
    # one comparable value for all columns; a row of NULLs is a value too
    value = "ROW(" + ", ".join(f'"{name}"' for name in names) + ")"
    joined = " AND ".join(f'p."{name}" IS NOT DISTINCT FROM r."{name}"' for name in of)
    return f"""
WITH ordered AS (
    SELECT *, {value} AS _value, GREATEST(occurred_at + INTERVAL 1 MICROSECOND, ingested_at) AS _known,
        ROW_NUMBER() OVER (PARTITION BY {same} ORDER BY occurred_at, ingested_at) AS _number
    FROM ({select})
), before AS (
    SELECT *, LAG(_value) OVER (PARTITION BY {same} ORDER BY _number) AS _value_before,
        MAX(_known) OVER (PARTITION BY {same} ORDER BY _number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            AS _known_before
    FROM ordered
), late AS (
    SELECT r.*, GREATEST(p._known, r._known) AS _moment,
        ARG_MAX(p._value, p._number) OVER (
            PARTITION BY {", ".join(f'r."{name}"' for name in of)}, r._number ORDER BY GREATEST(p._known, r._known)
        ) AS _value_then
    FROM before AS r
    JOIN before AS p ON {joined} AND p._number < r._number
    WHERE r._known_before > r._known
), shown AS (
    SELECT *, _known AS _shown FROM before
    WHERE _number = 1 OR (_known_before <= _known AND _value_before IS DISTINCT FROM _value)
    UNION ALL BY NAME
    SELECT * EXCLUDE (_moment, _value_then), MIN(_moment) AS _shown FROM late
    WHERE _value_then IS DISTINCT FROM _value
    GROUP BY ALL
    UNION ALL BY NAME
    -- nothing that comes before was known yet when the row arrived: it was the first
    SELECT *, _known AS _shown FROM before AS r
    WHERE r._known_before > r._known
        AND NOT EXISTS (FROM before AS p WHERE {joined} AND p._number < r._number AND p._known <= r._known)
)
SELECT * EXCLUDE (_value, _known, _number, _value_before, _known_before, _shown)
    REPLACE (CASE WHEN _shown > _known THEN _shown ELSE ingested_at END AS ingested_at)
FROM shown
QUALIFY ROW_NUMBER() OVER (PARTITION BY {same}, _number ORDER BY _shown) = 1"""
