"""The models that are kept in `meta.models`, with their roles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from leadmart.features.clock import iso, now, sql_literal
from leadmart.features.errors import LeadmartError, near_names
from leadmart.features.house.kinds import has_table
from leadmart.features.warehouse import Warehouse

if TYPE_CHECKING:
    from leadmart.scoring.learning.result import TrainingResult


_COLUMNS = "model_version, role, tier, feature_set_version, label, label_version, report, trained_at"


@dataclass(frozen=True)
class Kept:
    """A model as it is kept, without its text; `report` is the document that `train` printed."""

    model_version: str
    role: str
    tier: str
    feature_set_version: str
    label: str
    label_version: str
    report: Mapping[str, Any]
    trained_at: datetime | None = None

    @property
    def spec(self) -> str:
        """Names features, label and settings; a refit has the same one. Empty for models of earlier releases."""
        return str(self.report.get("spec", ""))

    @property
    def tested_until(self) -> datetime | None:
        """The last landmark of its test block: what lies after it, it was never measured on."""
        return _last(self.report, ("test",))

    @property
    def learned_until(self) -> datetime | None:
        """The last landmark that it learned from, calibration included."""
        return _last(self.report, ("train", "validation", "calibration"))


def _last(report: Mapping[str, Any], names: Sequence[str]) -> datetime | None:
    found = [b["last"] for b in report.get("blocks", ()) if b["name"] in names and b["last"]]
    return max(map(datetime.fromisoformat, found), default=None)


def kept_models(warehouse: Warehouse) -> list[Kept]:
    """Every kept model that can score, newest first."""
    return [
        Kept(version, role, tier, features, label, label_version, json.loads(report), trained_at)
        for version, role, tier, features, label, label_version, report, trained_at in warehouse.rows(
            f"SELECT {_COLUMNS} FROM store.meta.models WHERE artefact IS NOT NULL "
            "ORDER BY trained_at DESC, model_version"
        )
    ]


def kept_model(warehouse: Warehouse, version: str) -> Kept:
    """The kept model of a version. Raises LeadmartError `unknown_model`."""
    every = kept_models(warehouse)
    for kept in every:
        if kept.model_version == version:
            return kept
    known = [kept.model_version for kept in every]
    raise LeadmartError(
        f"there is no model {version}",
        code="unknown_model",
        hint=near_names(version, known) or (f"kept: {', '.join(known)}" if known else "`leadmart train` makes one"),
    )


def champion(warehouse: Warehouse) -> Kept | None:
    """The model whose scores are shown; None while the rules score."""
    return next((kept for kept in kept_models(warehouse) if kept.role == "champion"), None)


def challenger(warehouse: Warehouse) -> Kept | None:
    """The challenger that was trained last; None where there is none."""
    return next((kept for kept in kept_models(warehouse) if kept.role == "challenger"), None)


def columns_by_model(warehouse: Warehouse) -> dict[str, tuple[str, ...]]:
    """The columns that the champion and the challengers read, by model version."""
    return {
        version: tuple(column["name"] for column in json.loads(artefact)["columns"])
        for version, artefact in warehouse.rows(
            "SELECT model_version, artefact FROM store.meta.models "
            "WHERE artefact IS NOT NULL AND role IN ('champion', 'challenger')"
        )
    }


def keep(warehouse: Warehouse, result: TrainingResult, report: Mapping[str, Any], run_id: str) -> None:
    """Stores a model as challenger, inside the caller's transaction; one that is kept already stays as it is."""
    assert result.model is not None
    warehouse.execute(
        "INSERT INTO store.meta.models (model_version, role, tier, feature_set_version, label, label_version, "
        f"row_count, positives, artefact, report, run_id, trained_at) VALUES (?, 'challenger', ?, ?, ?, ?, ?, ?, ?, "
        f"?, ?, {sql_literal(now())}) ON CONFLICT (model_version) DO NOTHING",
        [
            result.model.model_version, result.tier, result.feature_set_version, result.label.name,
            result.label.version, result.rows, result.positives, result.model.to_text(), json.dumps(report), run_id,
        ],
    )  # fmt: skip


def models(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Every kept model as `models --json` prints it, newest first."""
    promoted: dict[str, str] = {}
    if has_table(warehouse, "promotions"):
        promoted = {
            version: iso(moment)
            for version, moment in warehouse.rows(
                "SELECT to_version, MAX(promoted_at) FROM store.meta.promotions GROUP BY to_version"
            )
        }
    found = []
    for version, role, tier, features, label, rows, positives, report, trained_at in warehouse.rows(
        "SELECT model_version, role, tier, feature_set_version, label, row_count, positives, report, trained_at "
        "FROM store.meta.models ORDER BY trained_at DESC, model_version"
    ):
        found.append(
            {
                **json.loads(report),
                "model_version": version,
                "role": role,
                "tier": tier,
                "feature_set_version": features,
                "label": label,
                "rows": rows,
                "positives": positives,
                "trained_at": trained_at.isoformat(),
                "promoted_at": promoted.get(version),
            }
        )
    return found
