"""What the next run would do, as `plan` tells it: what it would compute and score, and what people must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadmart.expectations.suite import suites
from leadmart.features.costs import Cost, PastCosts, added_up, expected_costs, past_costs
from leadmart.features.errors import all_as_one
from leadmart.features.materialize import changed_since_published
from leadmart.features.model_columns import width_words
from leadmart.features.onepass.way import AS_WRITTEN, way_words, ways_of
from leadmart.features.plan import Selection, Slice, default_as_of, missing_slices, select
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.assumed import Assumed, assumed_arrivals
from leadmart.features.sources.bound import unbound
from leadmart.features.sources.missing import Missing, missing_sources
from leadmart.features.sources.staging import present_sources
from leadmart.features.stale import Stale, stale_slices, stale_words
from leadmart.features.unknown import Unknown, unknown_columns, unknown_words
from leadmart.features.waivers import Waiver, waivers_of
from leadmart.features.warehouse import Warehouse
from leadmart.scoring.release.pending import Release, release_of
from leadmart.scoring.rules_change import RulesChange, rules_change
from leadmart.scoring.scorer import Scorer, label_of
from leadmart.scoring.tables import refuse_bad_tables


@dataclass(frozen=True)
class Planned:
    """A run that is not done yet. `costs` are those of the `missing` slices, one by one; None where unknown.

    `ways` are empty where nobody asked for them and no slice is missing; `impact` is None where it was not weighed.
    """

    moments: tuple[datetime, ...]
    selection: Selection
    missing: tuple[Slice, ...]
    costs: tuple[Cost | None, ...]
    ways: tuple[dict[str, str], ...]
    past: tuple[PastCosts, ...]
    due: tuple[datetime, ...]
    release: Release
    rules: RulesChange
    absent: tuple[Missing, ...]
    waived: tuple[Waiver, ...]
    unknown: tuple[Unknown, ...]
    assumed: tuple[Assumed, ...]
    stale: tuple[Stale, ...]
    impact: Mapping[str, Any] | None = None

    @property
    def has_work(self) -> bool:
        """Whether a run would compute or score anything."""
        return bool(self.missing or self.due)

    @property
    def refused(self) -> str | None:
        """Why nothing can be scored before `train`; None where it can."""
        return self.release.outdated.words if self.release.outdated else None

    def as_json(self) -> dict[str, Any]:
        """The document of `plan --json`."""
        way = {each["view"]: each["way"] for each in self.ways}
        document = {
            "as_of": [m.isoformat() for m in self.moments],
            "slices": [
                {
                    "view": s.definition.relation,
                    "as_of": s.as_of.isoformat(),
                    "way": way.get(s.definition.relation, AS_WRITTEN),
                    **(cost.as_json() if cost else dict.fromkeys(("rows", "bytes", "seconds"))),
                }
                for s, cost in zip(self.missing, self.costs, strict=True)
            ],
            "ways": list(self.ways),
            "costs": added_up(self.costs).as_json(),
            "backfills": [each.as_json() for each in self.past],
            "scores": [m.isoformat() for m in self.due],
            **self.release.as_json(),
            "feature_set_version": self.selection.feature_set_version,
            "rules": self.rules.as_json(),
            "absent_sources": [each.source for each in self.absent],
            "missing": [each.as_json() for each in self.absent],
            "waived": [waiver.as_json() for waiver in self.waived],
            "unknown": [{"column": u.column, "sources": list(u.sources)} for u in self.unknown],
            "assumed": [each.as_json() for each in self.assumed],
            "notes": width_words(self.selection),
            "stale": [
                {
                    "view": s.slice.definition.relation,
                    "as_of": s.slice.as_of.isoformat(),
                    "source": s.source,
                    "rows_then": s.rows_then,
                    "rows_now": s.rows_now,
                }
                for s in self.stale
            ],
        }
        return document if self.impact is None else {**document, "impact": self.impact}

    def told(self, *, with_changes: bool = True) -> list[str]:
        """What is to be told beside slices and scores, each in one sentence; the changes may stand elsewhere."""
        return [
            *self.rules.words(trained_first=self.refused is not None),
            *width_words(self.selection),
            *unknown_words(self.unknown),
            *(each.words for each in self.assumed),
            *stale_words(self.stale),
            *self.release.words(with_changes=with_changes),
            *(way_words(self.ways) if self.missing else []),
        ]


def planned(warehouse: Warehouse, registry: Registry, as_of: datetime | None, *, every_way: bool) -> Planned:
    """What a run at an as_of (default: the latest due one) would do; reads the catalogue only.

    Parsing costs: with `every_way` the ways of views are told also where nothing is to be computed. Raises
    LeadmartError for what a run would refuse before it computes anything.
    """
    moments = [as_of or default_as_of(warehouse)]
    present = present_sources(warehouse, registry)
    refuse_bad_tables(registry)
    selection = select(registry, present)
    if changed := changed_since_published(warehouse, registry, selection.definitions):
        raise all_as_one(changed)
    suites(registry.project.root)
    missing = missing_slices(warehouse, selection, moments)
    session = Session(warehouse, registry)
    session.want(moments)
    if error := unbound(session, [*selection.definitions, label_of(registry)]):
        from leadmart.scoring.release.raw import lost_columns_or  # it parses, and most plans need not

        raise lost_columns_or(error, warehouse, registry)
    session.prepare(selection.views)
    unknown = unknown_columns(session, selection)
    stale = stale_slices(session, selection)
    assumed = assumed_arrivals(warehouse, registry, registry.sources_of(selection.definitions), present)
    release = release_of(session, selection)
    due = moments if release.outdated else scores_due(warehouse, registry, selection, moments)
    return Planned(
        moments=tuple(moments),
        selection=selection,
        missing=tuple(missing),
        costs=tuple(expected_costs(warehouse, missing)),
        ways=tuple(ways_of(selection.definitions) if missing or every_way else ()),
        past=tuple(past_costs(warehouse, [change.view for change in release.changes], missing)),
        due=tuple(due),
        release=release,
        rules=rules_change(warehouse, registry, selection, moments[-1]),
        absent=tuple(missing_sources(warehouse, registry, selection.definitions, present)),
        waived=tuple(waivers_of(registry, selection.definitions)),
        unknown=tuple(unknown),
        assumed=tuple(assumed),
        stale=tuple(stale),
    )


def scores_due(
    warehouse: Warehouse, registry: Registry, selection: Selection, moments: Sequence[datetime]
) -> list[datetime]:
    """The moments at which a run would score: a slice is missing there, or the scoring itself is not done.

    Raises LeadmartError for what is wrong in the policy or with the champion, as a run would.
    """
    scorer = Scorer.of(Session(warehouse, registry), selection)
    missing = {s.as_of for s in missing_slices(warehouse, selection, moments)}
    return [m for m in moments if m in missing or scorer.scoring(m).is_done(warehouse) is None]
