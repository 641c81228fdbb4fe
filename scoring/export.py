"""`export`: scores or the outbox as one file, for whoever carries them to another system."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import duckdb

from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.literals import quoted, quoted_name
from leadmart.features.project import Project
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.scoring.looking import nothing_yet

What = Literal["scores", "outbox"]

_SQL: dict[What, str] = {
    "scores": "SELECT * FROM scores.latest ORDER BY lead_id",
    # a lead's own changes in the order they came
    "outbox": "SELECT * FROM meta.crm_outbox WHERE status IN ('pending', 'failed') "
    "ORDER BY created_at, as_of, lead_id, dedupe_key",
}


def export(project: Project, what: What, to: Path) -> int:
    """Writes what is published to a CSV or Parquet file, whole or not at all, and gives the number of rows.

    `scores` is each lead's row at the newest as_of, `outbox` what waits to be delivered, oldest first. In CSV a list is
    its items with `; ` between them. Works while a run is on. Raises LeadmartError `bad_file`, `nothing_published`,
    `bad_export`.
    """
    kind = to.suffix.lower().removeprefix(".")
    if kind not in ("csv", "parquet"):
        raise LeadmartError(f"{to} is neither .csv nor .parquet", code="bad_file", hint="name the file by its kind")
    folder = to.absolute().parent
    if to.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise LeadmartError(
            f"{to} cannot be written", code="no_such_folder", hint="name a file in a folder that exists"
        )
    staged = to.with_name(f".{to.name}.{os.getpid()}")
    with open_for_reading(project) as warehouse:
        warehouse.execute("USE store")
        try:
            rows = _write(warehouse, _SQL[what], kind, staged)
        except duckdb.CatalogException:
            raise nothing_yet() from None
        except duckdb.Error as error:
            raise LeadmartError(
                f"{what} cannot be exported: {first_line(error)}",
                code="bad_export",
                hint="`leadmart doctor` says whether a file is damaged",
            ) from None
    os.replace(staged, to)
    return rows


def _write(warehouse: Warehouse, sql: str, kind: str, to: Path) -> int:
    columns = [
        f"ARRAY_TO_STRING({quoted_name(name)}, '; ') AS {quoted_name(name)}"
        if kind == "csv" and type_name.endswith("[]")
        else quoted_name(name)
        for name, type_name in warehouse.columns(sql)
    ]
    form = "FORMAT csv, HEADER true" if kind == "csv" else "FORMAT parquet, COMPRESSION zstd"
    try:
        ((rows,),) = warehouse.rows(f"COPY (SELECT {', '.join(columns)} FROM ({sql})) TO {quoted(to)} ({form})")
    except BaseException:
        to.unlink(missing_ok=True)
        raise
    return int(rows)
