"""What `make test` spares its in-process commands: asking again what was answered for the same suite or definitions.

Great Expectations is asked only where one query does not plainly say that a suite holds (`plainly_holds`, which
tests/expectations/test_screen.py holds to it); and a run's future-shuffle, which is about definitions, is done once in
a worker for the same definitions, settings, sources and model. Commands in processes of their own do all of it, and in
`make test-all` so does every command; `check` and `verify` have their own tests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leadmart.expectations.quality import Suite, Verdict, check
from leadmart.expectations.screen import plainly_holds
from leadmart.features.literals import quoted_file
from leadmart.features.project import Project, Settings
from leadmart.features.registry import Registry
from leadmart.features.verify import Experiment
from leadmart.features.warehouse import Warehouse, open_scratch
from leadmart.scoring import judge, verify
from leadmart.scoring.verify import shuffled
from tests.samples import IS_ALL


@contextmanager
def answered_once(folder: Path) -> Iterator[None]:
    """Within it, commands of this process ask once; `folder` is for files of its own."""
    given: dict[tuple[object, ...], Verdict] = {}
    shuffles: dict[tuple[object, ...], Experiment] = {}

    def verdict_on(suite: Suite, subject: str, files: Sequence[Path], input_hash: str, **rows: Any) -> Verdict:
        """A verdict follows from the suite and the bytes, whichever copy they stand in; one that errored does not."""
        if not all(file.is_file() for file in files):
            return check(suite, subject, files, input_hash, **rows)
        contents = tuple(hashlib.sha256(file.read_bytes()).digest() for file in files)
        key = (suite.name, suite.suite_hash, contents, str(sorted(rows.items())))
        if key not in given or given[key].errored:
            holds = not IS_ALL and files and _holds(scratch, suite, files, folder / "rows.parquet", **rows)
            clean = Verdict(suite.name, subject, suite.suite_hash, input_hash, True, 0, 0, 0, ())
            given[key] = clean if holds else check(suite, subject, files, input_hash, **rows)
        return replace(given[key], subject=subject, input_hash=input_hash)

    def shuffled_once(
        warehouse: Warehouse, registry: Registry, selection: Any, present: frozenset[str], *words: Any, **more: Any
    ) -> Experiment:
        if IS_ALL or more["sample"] != verify.ON_EVERY_RUN:
            return shuffled(warehouse, registry, selection, present, *words, **more)
        texts = tuple((each.kind, each.connector, each.ref, each.text) for each in registry.all())
        listed = [each.ref for each in selection.definitions]
        models = warehouse.rows("SELECT model_version, role FROM store.meta.models ORDER BY ALL")
        key = (texts, str(listed), present, str(models), _settled(registry.project), str(sorted(more.get("held", ()))))
        if key not in shuffles or shuffles[key].differences:
            shuffles[key] = shuffled(warehouse, registry, selection, present, *words, **more)
        return shuffles[key]

    with pytest.MonkeyPatch.context() as patch, open_scratch(Project(folder, Settings())) as scratch:
        patch.setattr(judge, "check", verdict_on)
        patch.setattr(verify, "shuffled", shuffled_once)
        yield


def _holds(
    scratch: Warehouse,
    suite: Suite,
    files: Sequence[Path],
    staged: Path,
    where: str = "TRUE",
    without: Sequence[str] = (),
) -> bool:
    listed = ", ".join(quoted_file(file) for file in files)
    left_out = f" EXCLUDE ({', '.join(without)})" if without else ""
    if len(files) == 1 and where == "TRUE" and not without:
        return plainly_holds(scratch, suite, files[0])
    scratch.connection.execute(
        f"COPY (SELECT *{left_out} FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = false) "
        f"WHERE {where}) TO {quoted_file(staged)} (FORMAT parquet)"
    )
    return plainly_holds(scratch, suite, staged)


def _settled(project: Project) -> str:
    """A project's settings and reference lists, in words."""
    lists = sorted((project.root / "sql" / "reference").glob("*.csv"))
    return repr(project.settings) + "".join(f"{file.name}\n{file.read_text(encoding='utf-8')}" for file in lists)
