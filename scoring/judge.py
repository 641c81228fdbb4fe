"""Quality within a run: which suites apply, verdicts reused or given anew, and what a failed one holds back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from leadmart.expectations.quality import Suite, Verdict, check, is_reusable, suites
from leadmart.expectations.screen import plainly_holds
from leadmart.expectations.suite import of_rows
from leadmart.features.clock import iso, now, sql_literal
from leadmart.features.errors import LeadmartError
from leadmart.features.fingerprint import digest, file_digest
from leadmart.features.plan import Selection
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.staged import OWN_COLUMNS, current
from leadmart.features.sources.staging import source_inputs
from leadmart.features.stale import sources_behind
from leadmart.features.warehouse import Warehouse


class Judge:
    """Gives verdicts and keeps them in `meta.verdicts`; the same suite is not asked again about the same input.

    `given` lists every verdict that counted in this run, in order.
    """

    def __init__(self, warehouse: Warehouse, registry: Registry, run_id: str) -> None:
        self.warehouse = warehouse
        self.registry = registry
        self.run_id = run_id
        self.suites = suites(registry.project.root)
        self.given: list[Verdict] = []
        self.screens = False
        """Whether what plainly holds is not asked of Great Expectations: where there are many as_of to judge."""

    def applying(self, stage_name: str, table: str) -> list[Suite]:
        """The suites for a table at a stage: `source`, `feature` or `score`."""
        return [s for s in self.suites if (s.stage, s.table) == (stage_name, table)]

    def failed_sources(self, session: Session, since: Mapping[str, datetime | None]) -> frozenset[str]:
        """The sources, of those given and present, that fail a suite critically.

        `since` says per source before which `occurred_at` nothing is read; rows before it are not asked about again.
        """
        names = sorted(set(since) & session.present)
        inputs = source_inputs(self.warehouse, self.registry, names)
        failed = set()
        for name in names:
            first = since[name]
            named = inputs[name] if first is None else digest(inputs[name], iso(first))
            for suite in self.applying("source", name):
                known = self._known(suite, f"staging.{name}", named)
                verdict = known or self._check_source(session, suite, name, named, first)
                if not verdict.success:
                    failed.add(name)
        return frozenset(failed)

    def approves(
        self, stage_name: str, table: str, subject: str, file: Callable[[], Path], input_hash: str | None = None
    ) -> bool:
        """Whether rows pass the suites of their table. `input_hash` names the rows, by default their file's digest.

        `file` is called where a suite has not been asked about these rows before.
        """
        passed = True
        for suite in self.applying(stage_name, table):
            named = input_hash or file_digest(file())[:32]
            verdict = self._known(suite, subject, named)
            if verdict is None and self.screens and plainly_holds(self.warehouse, suite, file()):
                verdict = self._keep(_clean(suite, subject, named))
            verdict = verdict or self._keep(check(suite, subject, [file()], named))
            passed = passed and verdict.success
        return passed

    def approves_rows(self, stage_name: str, table: str, subject: str, file: Path) -> bool:
        """Whether a few rows of a table pass what its suites ask of rows; what they ask of the table is left out.

        Where all plainly holds, nobody imports Great Expectations: whoever asks comes every few minutes. And a verdict
        without complaint is kept only where there was one to answer.
        """
        passed, named = True, file_digest(file)[:32]
        for suite in self.applying(stage_name, table):
            asked = of_rows(suite)
            if asked.expectations:
                holds = plainly_holds(self.warehouse, asked, file)
                verdict = _clean(suite, subject, named) if holds else check(asked, subject, [file], named)
                if verdict.details or self._was_refused(suite, subject):
                    self._keep(verdict)
                else:
                    self.given.append(verdict)
                passed = verdict.success and passed
        return passed

    def summary(self) -> list[dict[str, object]]:
        """The verdicts as the command line's JSON names them."""
        return [
            {
                "suite": v.suite,
                "subject": v.subject,
                "success": v.success,
                "critical_failures": v.critical_failures,
                "warnings": v.warnings,
            }
            for v in self.given
        ]

    def _check_source(
        self, session: Session, suite: Suite, name: str, input_hash: str, since: datetime | None
    ) -> Verdict:
        """The verdict on the rows that are read, and on those without a clock, which are known of and never read."""
        session.stage_whole([name])
        subject = f"staging.{name}"
        reads = "TRUE"
        if since is not None:  # of rows without a clock those that came since
            at = sql_literal(since)
            reads = f"(occurred_at >= {at} OR (occurred_at IS NULL AND COALESCE(ingested_at >= {at}, TRUE)))"
        if kept := current(self.warehouse, self.registry, [name], session.present):
            files = [self.warehouse.project.warehouse / file for file in kept[name].files]
            return self._keep(check(suite, subject, files, input_hash, where=reads, without=OWN_COLUMNS))
        file = self.warehouse.staging_file()
        self.warehouse.write_parquet(f"SELECT * FROM {subject} WHERE {reads}", file)
        try:
            return self._keep(check(suite, subject, [file], input_hash))
        finally:
            file.unlink(missing_ok=True)

    def _was_refused(self, suite: Suite, subject: str) -> bool:
        kept = "SELECT 1 FROM store.meta.verdicts WHERE suite = ? AND subject = ? AND NOT success LIMIT 1"
        return bool(self.warehouse.rows(kept, [suite.name, subject]))

    def _known(self, suite: Suite, subject: str, input_hash: str) -> Verdict | None:
        found = self.warehouse.rows(
            "SELECT success, critical_failures, warnings, errored, details FROM store.meta.verdicts "
            "WHERE suite = ? AND subject = ? AND suite_hash = ? AND input_hash = ? ORDER BY given_at DESC LIMIT 1",
            [suite.name, subject, suite.suite_hash, input_hash],
        )
        if not found:
            return None
        success, critical, warnings, errored, details = found[0]
        verdict = Verdict(
            suite.name, subject, suite.suite_hash, input_hash, success, critical, warnings, errored, json.loads(details)
        )
        if not is_reusable(verdict):
            return None
        if verdict not in self.given:
            self.given.append(verdict)
        return verdict

    def _keep(self, verdict: Verdict) -> Verdict:
        self.given.append(verdict)
        self.warehouse.execute(
            f"INSERT INTO store.meta.verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {sql_literal(now())})",
            [
                verdict.suite, verdict.subject, verdict.suite_hash, verdict.input_hash, verdict.success,
                verdict.critical_failures, verdict.warnings, verdict.errored,
                json.dumps(verdict.details, default=str), self.run_id,
            ],
        )  # fmt: skip
        if verdict.errored:
            first = next(d for d in verdict.details if d["outcome"] == "errored")
            raise LeadmartError(
                f"suite {verdict.suite} could not be decided on {verdict.subject}: {first['expectation']} "
                f"{first['column'] or ''} errored: {first['message']}",
                code="quality_errored",
                hint="mend the expectation; one that errors says nothing about the rows",
            )
        return verdict


def _clean(suite: Suite, subject: str, input_hash: str) -> Verdict:
    return Verdict(suite.name, subject, suite.suite_hash, input_hash, True, 0, 0, 0, ())


def held_back(selection: Selection, registry: Registry, failed: frozenset[str]) -> frozenset[str]:
    """The relations whose rows depend on a failed source, through views, the spine or the link to their entity too."""
    return frozenset(d.relation for d in selection.definitions if failed & set(sources_behind(d, selection, registry)))
