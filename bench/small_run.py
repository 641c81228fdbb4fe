"""A whole small run against `dbt run` and `dbt test` of the same features: a day's, again, and with nothing due."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb

from bench.company import Company, company, differing_rows, evening, parquet, restore, saved_state
from bench.dbt_project import DbtProject, write_project
from bench.hand import Hand
from bench.record import Result, Target
from bench.refresh import MEMORY
from bench.setting import THREADS, Case, Setting
from bench.timing import Command, FailedError, Side, alternate, run, time_command, time_commands
from bench.venvs import NotInstalledError, rival_bin, versions
from leadmart.features.clock import sql_literal
from leadmart.features.literals import quoted
from leadmart.scoring.scorer import label_of

DAY = "a day's run"
IMPORT = "of which Great Expectations' import"
REUSED = "features computed again, verdicts reused, nothing scored"
NOTHING = "nothing due, dbt selects nothing"
NOTHING_ALL = "nothing due, dbt computes all"


def cases(setting: Setting) -> Iterator[Case]:
    for name in (DAY, IMPORT, REUSED, NOTHING, NOTHING_ALL):
        yield Case("small_run", name, setting.leads, partial(_measure, setting, name))


def _measure(setting: Setting, name: str) -> Result:
    of = company(setting, 0, leads=setting.leads)
    day = evening(setting, of)
    if name == IMPORT:
        return _import_alone(setting)
    saved = {DAY: day, REUSED: _features_due(setting, of, day)}.get(name) or _after_the_run(setting, of, day)
    subject = Side("leadmart run", lambda: time_command(_run(setting, of))[0], lambda: restore(saved, of.work))
    target = {
        DAY: Target(ratio=1.0), REUSED: Target(ratio=0.2), NOTHING: Target(ratio=0.4, seconds=0.8),
        NOTHING_ALL: Target(ratio=0.4),
    }[name]  # fmt: skip
    found = Result("small_run", name, setting.leads, "leads", subject.name, (), target=target)
    try:
        commands = rival_bin(setting, "dbt")
    except NotInstalledError as error:
        (ours,) = alternate([subject], setting.repetitions)
        return replace(found, rival="dbt", not_measured=str(error)).with_costs(ours)
    restore(day, of.work)
    project = _dbt(of)
    select = () if name != NOTHING else ("--select", "state:modified", "--state", str(project.folder / "before"))
    verbs = ("run",) if name == NOTHING else ("run", "test")
    rival = Side(
        " + ".join(f"dbt {verb}" for verb in verbs),
        lambda: time_commands([_verb(commands, project, verb, *select) for verb in verbs]),
    )
    if name == NOTHING:
        _remember(commands, project)
    ours, theirs = alternate([subject, rival], setting.repetitions)
    words = f"{versions(commands, 'dbt')}; {project.models} models, {project.tests} tests"
    return replace(found, rival=rival.name, equal=_compared(of, project), note=f"{rival.name}: {words}").with_costs(
        ours, theirs
    )


def _run(setting: Setting, of: Company) -> Command:
    return setting.leadmart("run", project=of.work)


def _import_alone(setting: Setting) -> Result:
    side = Side("import", lambda: time_command(setting.module("inside", "workbench"))[0])
    (costs,) = alternate([side], setting.repetitions)
    note = "a process that imports Great Expectations, makes its workbench, and does nothing else"
    return Result("small_run", IMPORT, setting.leads, "leads", side.name, (), note=note).with_costs(costs)


def _after_the_run(setting: Setting, of: Company, day: Path) -> Path:
    def make(_: Path) -> None:
        run(*_run(setting, of).words)

    return saved_state(setting, of, "computed", make, before=day)


def _features_due(setting: Setting, of: Company, day: Path) -> Path:
    """The day is computed and scored, and none of its slices is listed any more: all are due, with the same rows."""

    def make(work: Path) -> None:
        with duckdb.connect() as con:
            con.execute(f"ATTACH {quoted(work / 'warehouse' / 'leadmart.duckdb')} AS store (STORAGE_VERSION 'v1.5.0')")
            con.execute(f"DELETE FROM store.meta.slices WHERE as_of = {sql_literal(of.until)}")

    return saved_state(setting, of, "unlisted", make, before=_after_the_run(setting, of, day))


def _dbt(of: Company) -> DbtProject:
    """The dbt project over the delivered files, written anew; its database stays, as it does from day to day."""
    hand = Hand.of(of.work)
    sources = hand.registry.sources_of([*hand.selection.definitions, label_of(hand.registry)])
    folder = of.folder / "dbt"
    for part in ("models", "tests"):
        shutil.rmtree(folder / part, ignore_errors=True)
    files = {source: [of.file(source, "base"), of.file(source, "day")] for source in sources}
    return write_project(hand, folder, of.until, files, THREADS, MEMORY)


def _verb(commands: Path, project: DbtProject, verb: str, *words: str) -> Command:
    given = (str(commands / "dbt"), verb, "--profiles-dir", str(project.folder), *words)
    return Command(given, project.folder, {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"})


def _remember(commands: Path, project: DbtProject) -> None:
    """Keeps dbt's record of the project as it is, against which nothing is modified."""
    run(*_verb(commands, project, "run").words, folder=project.folder)
    (project.folder / "before").mkdir(exist_ok=True)
    shutil.copyfile(project.folder / "target" / "manifest.json", project.folder / "before" / "manifest.json")


def _compared(of: Company, project: DbtProject) -> str:
    """The slices and dbt's tables, row by row. Raises FailedError where they differ."""
    with duckdb.connect(str(of.work / "warehouse" / "published" / "leadmart.duckdb"), read_only=True) as catalogue:
        slices = catalogue.execute(
            "SELECT kind, name, version, file FROM meta.slices WHERE as_of = ? ORDER BY ALL", [of.until]
        ).fetchall()
    total = 0
    for kind, name, version, file in slices:
        relation = "main.spine_lead" if kind == "spine" else f"{kind}s.{name}__v{version}"
        exported = project.folder / "compared.parquet"
        with duckdb.connect(str(project.database), read_only=True) as con:
            con.execute(f"COPY (FROM {relation}) TO {quoted(exported)} (FORMAT parquet)")
        differing, rows = differing_rows(parquet(of.work / "warehouse" / file), parquet(exported))
        if differing:
            raise FailedError(f"{relation} differs in {differing} of {rows} rows: a rival that computes something else")
        total += rows
    return f"equal: {total:,} rows in {len(slices)} tables"
