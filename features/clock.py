"""Times: everything is a naive `datetime` in UTC, to the microsecond."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from leadmart.features.errors import LeadmartError


def now() -> datetime:
    """The present moment, naive UTC. `LEADMART_NOW` (ISO 8601) stands in for it, for reproducible runs and tests."""
    fixed = os.environ.get("LEADMART_NOW")
    return parse_moment(fixed) if fixed else datetime.now(UTC).replace(tzinfo=None)


def parse_moment(text: str) -> datetime:
    """A date (`2026-03-01`, meaning midnight) or a timestamp, UTC unless it carries an offset, as naive UTC.

    Raises LeadmartError `bad_time` for anything else.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise LeadmartError(
            f"{text!r} is neither a date nor a timestamp",
            code="bad_time",
            hint="write 2026-03-01 or 2026-03-01T06:00:00 (UTC)",
        ) from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def iso(moment: datetime) -> str:
    """`2026-03-01T06:00:00`, with microseconds only where there are any."""
    return moment.isoformat()


def sql_literal(moment: datetime) -> str:
    """The moment as a DuckDB literal: `TIMESTAMP '2026-03-01 06:00:00'`."""
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
