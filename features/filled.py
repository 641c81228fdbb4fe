"""Where a filled slice stands."""

from __future__ import annotations

from pathlib import Path

from leadmart.features.clock import iso
from leadmart.features.errors import LeadmartError
from leadmart.features.intact import SLICE_HINT, is_intact
from leadmart.features.plan import Slice
from leadmart.features.warehouse import Warehouse


def slice_file(warehouse: Warehouse, wanted: Slice) -> Path | None:
    """The file of a filled slice; None where it is not filled.

    Raises LeadmartError `file_missing` where the file is gone, `file_altered` where it has other bytes than its name
    says.
    """
    found = warehouse.rows(
        "SELECT file FROM store.meta.slices WHERE kind = ? AND name = ? AND version = ? AND spine = ? AND as_of = ? "
        "AND fingerprint = ?",
        wanted.key,
    )
    if not found:
        return None
    path: Path = warehouse.project.warehouse / found[0][0]
    subject = f"the slice of {wanted.definition.ref} at {iso(wanted.as_of)} is listed, and its file {found[0][0]}"
    if not path.is_file():
        raise LeadmartError(f"{subject} is gone", code="file_missing", hint=SLICE_HINT)
    if not is_intact(path):
        raise LeadmartError(f"{subject} has other bytes than its name says", code="file_altered", hint=SLICE_HINT)
    return path
