"""Lost slices that would come out of other rows now: rows came since that they should have known."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from leadmart.features.clock import iso
from leadmart.features.errors import LeadmartError
from leadmart.features.house.finding import Finding
from leadmart.features.house.kinds import SLICE_KEY
from leadmart.features.plan import usable_selection
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.stale import stale_slices
from leadmart.features.warehouse import Warehouse
from leadmart.features.words import are, named


def told_of_late_rows(warehouse: Warehouse, finding: Finding) -> Finding:
    """A finding about lost slices with words on those that a run would compute with rows that came later.

    Their scores may change at as_of that people have gone by; only a backup of the files brings them back as they were.
    """
    if finding.remedy is None or finding.code not in ("file_missing", "file_altered"):
        return finding
    listed = {
        tuple(key)
        for *key, file in warehouse.rows(f"SELECT {', '.join(SLICE_KEY)}, file FROM store.meta.slices")
        if file in finding.files
    }
    if not listed:
        return finding
    registry = Registry(warehouse.project)
    selection = usable_selection(warehouse, registry)
    if selection is None:
        return finding
    try:
        stale = [each for each in stale_slices(Session(warehouse, registry), selection) if each.slice.key in listed]
    except (LeadmartError, duckdb.Error):  # raw is lost as well
        return replace(finding, fix=f"{finding.fix}; whether with rows that came later is not known")
    if not stale:
        return finding
    moments = sorted({each.slice.as_of for each in stale})
    lost = are(len({each.slice.key for each in stale}), "slice", "slices")
    words = (
        f"{lost} at {named([iso(moment) for moment in moments])} with rows of "
        f"{named(sorted({each.source for each in stale}))} that came after they were filled, as `leadmart restate` "
        "does: scores there may change, unless the files come back from a backup"
    )
    return replace(finding, fix=f"{finding.fix}; {words}")
