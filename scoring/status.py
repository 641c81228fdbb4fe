"""`status`: one screen about a project: is it fresh, did it pass, what is held back, what is due, how big is it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb

from leadmart import __version__
from leadmart.expectations.suite import suites
from leadmart.features.clock import iso, now
from leadmart.features.errors import LeadmartError
from leadmart.features.house.doctor import catalogue_elsewhere
from leadmart.features.house.kinds import KINDS, has_table, listed_files
from leadmart.features.plan import Selection, latest_tick, missing_slices, newest_moment, select
from leadmart.features.project import Project
from leadmart.features.raw.in_place import in_place
from leadmart.features.registry import Registry
from leadmart.features.session import Session
from leadmart.features.sources.missing import missing_sources
from leadmart.features.sources.remarks import emptied_sources
from leadmart.features.sources.staging import present_sources, source_inputs
from leadmart.features.warehouse import Warehouse, open_for_reading
from leadmart.features.words import are, named, size_text
from leadmart.scoring.judge import held_back
from leadmart.scoring.newest import newest_scoring
from leadmart.scoring.overrides import override_sources
from leadmart.scoring.scorer import Scorer, label_of

MISSED = 2
"""What is not renewed within so many intervals of the cadence is late: a whole one was missed."""


def status(project: Project) -> dict[str, Any]:
    """The document of `status --json`; reads the catalogue only, so it works while a run is on.

    Definitions are not proven, which would take longer than all the rest; what else `run` would refuse stands in it as
    `refused`. Raises LeadmartError `nothing_published`.
    """
    with open_for_reading(project) as warehouse:
        registry = Registry(project)
        late_after = MISSED * project.settings.clock.interval
        selection, due = _due(warehouse, registry)
        failed = _failed(warehouse, registry)
        emptied = _emptied(warehouse, registry, selection)
        ((scored,),) = warehouse.rows("SELECT MAX(as_of) FROM store.meta.scorings")
        return {
            "project": project.settings.project.name,
            "at": iso(now()),
            "scored_as_of": iso(scored) if scored else None,
            "hot": _hot(warehouse, scored),
            "fresh": bool(scored) and now() - scored < late_after,
            "late_after_hours": late_after.total_seconds() / 3600,
            "loads": _loads(warehouse, late_after),
            "last_run": _last_run(warehouse),
            "failed": failed,
            "emptied": emptied,
            "held_back": _held_back(registry, selection, failed, emptied),
            "missing": _missing(warehouse, registry, selection),
            "due": due,
            "size": _size(warehouse),
            "in_force": _in_force(warehouse, selection),
            "elsewhere": catalogue_elsewhere(project),
        }


def _hot(warehouse: Warehouse, scored: datetime | None) -> dict[str, Any] | None:
    """What hot runs have scored since the newest full run; None where they have not."""
    if scored is None or not has_table(warehouse, "hot_scorings"):
        return None
    ((newest, rows),) = warehouse.rows(
        "SELECT MAX(as_of), SUM(row_count) FROM store.meta.hot_scorings WHERE as_of > ?", [scored]
    )
    return {"as_of": iso(newest), "rows": int(rows)} if newest else None


def _loads(warehouse: Warehouse, late_after: timedelta) -> list[dict[str, Any]]:
    """Each raw table's newest load, those longest ago first; `late` where a whole interval was missed since."""
    found = warehouse.rows(
        "SELECT table_name, MAX(GREATEST(loaded_at, COALESCE(replaced_at, loaded_at))) AS newest FROM store.meta.loads "
        "GROUP BY table_name ORDER BY newest, table_name"
    )
    if written := in_place(warehouse).moment:
        found = sorted([*found, ("[raw] in place", written)], key=lambda row: row[1])
    return [{"table": name, "newest_load": iso(newest), "late": now() - newest >= late_after} for name, newest in found]


def _last_run(warehouse: Warehouse) -> dict[str, Any] | None:
    found = warehouse.rows(
        "SELECT run_id, command, status, message, as_of, started_at, seconds FROM store.meta.runs "
        "WHERE as_of IS NOT NULL ORDER BY started_at DESC, run_id DESC LIMIT 1"
    )
    if not found:
        return None
    run_id, command, state, message, as_of, started_at, seconds = found[0]
    return {
        "run_id": run_id, "command": command, "status": state, "message": message,
        "as_of": iso(as_of) if as_of else None, "started_at": iso(started_at), "seconds": seconds,
    }  # fmt: skip


def _failed(warehouse: Warehouse, registry: Registry) -> list[dict[str, Any]]:
    """The suites of today whose newest verdict is no: on sources as they are loaded now, and on the last run's as_of.

    A verdict about rows or by a suite that have changed since says nothing about those of today.
    """
    by_name = {suite.name: suite for suite in suites(registry.project.root)}
    rows = warehouse.rows(
        "WITH last_run AS (SELECT as_of FROM store.meta.runs WHERE as_of IS NOT NULL ORDER BY started_at DESC, run_id "
        "DESC LIMIT 1) "
        "SELECT v.suite, v.subject, v.suite_hash, v.input_hash, v.success, v.critical_failures, v.given_at "
        "FROM store.meta.verdicts AS v WHERE STARTS_WITH(v.subject, 'staging.') OR v.subject LIKE "
        "'% at ' || STRFTIME((SELECT as_of FROM last_run), '%Y-%m-%dT%H:%M:%S') || '%' ORDER BY v.given_at"
    )
    sources = {subject.removeprefix("staging.") for _, subject, *_ in rows if subject.startswith("staging.")}
    known = sources & {d.name for d in registry.all("source")}
    inputs = {f"staging.{name}": each for name, each in source_inputs(warehouse, registry, known).items()}
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for suite, subject, suite_hash, input_hash, success, critical, given_at in rows:
        is_of_today = suite in by_name and by_name[suite].suite_hash == suite_hash
        if is_of_today and (not subject.startswith("staging.") or inputs.get(subject) == input_hash):
            newest[suite, subject] = {
                "suite": suite, "subject": subject, "success": success, "critical_failures": critical,
                "given_at": iso(given_at),
            }  # fmt: skip
    return [
        {name: value for name, value in each.items() if name != "success"}
        for _, each in sorted(newest.items())
        if not each["success"]
    ]


def _emptied(warehouse: Warehouse, registry: Registry, selection: Selection | None) -> list[str]:
    """The sources that had rows and have none now, of those that a run reads."""
    if selection is None:
        return []
    try:
        read = [*selection.definitions, label_of(registry)]
    except LeadmartError:  # which `due` tells
        read = [*selection.definitions]
    names = {*registry.sources_of(read), *override_sources(registry)}
    return emptied_sources(warehouse, registry, names)


def _held_back(
    registry: Registry, selection: Selection | None, failed: list[dict[str, Any]], emptied: Sequence[str]
) -> list[dict[str, Any]]:
    """Per source that quality refused or that went empty the relations that read it."""
    sources = [*emptied]
    sources += [each["subject"].removeprefix("staging.") for each in failed if each["subject"].startswith("staging.")]
    if selection is None:
        return [{"source": source, "views": []} for source in dict.fromkeys(sources)]
    return [
        {"source": source, "views": sorted(held_back(selection, registry, frozenset({source})))}
        for source in dict.fromkeys(sources)
    ]


def _missing(warehouse: Warehouse, registry: Registry, selection: Selection | None) -> list[dict[str, Any]]:
    """The sources that read as empty, and why."""
    if selection is None:
        return []
    present = present_sources(warehouse, registry)
    return [each.as_json() for each in missing_sources(warehouse, registry, selection.definitions, present)]


def _due(warehouse: Warehouse, registry: Registry) -> tuple[Selection | None, dict[str, Any]]:
    """Today's definitions, and what a run would compute at the latest as_of that is loaded; nothing is staged."""
    selection = None
    try:
        as_of = latest_tick(registry.project.settings.clock, newest_moment(warehouse))
        selection = select(registry, present_sources(warehouse, registry), prove=False)
        missing = [each.definition.relation for each in missing_slices(warehouse, selection, [as_of])]
        scorer = Scorer.of(Session(warehouse, registry), selection)
        is_scored = not missing and scorer.scoring(as_of).is_done(warehouse) is not None
    except LeadmartError as error:
        return selection, {"as_of": None, "slices": [], "scores": False, "refused": error.as_json()}
    return selection, {"as_of": iso(as_of), "slices": missing, "scores": not is_scored, "refused": None}


def _size(warehouse: Warehouse) -> dict[str, dict[str, int]]:
    """Files, rows and bytes of each kind of file, of what waits for `prune`, and of the two DuckDB files."""
    project = warehouse.project
    found = {}
    for kind in KINDS:
        files = {each.file: each for each in listed_files(warehouse, [kind])}
        sizes = [each.bytes if each.bytes is not None else _bytes(project, file) for file, each in files.items()]
        found[kind.folder] = {
            "files": len(files), "rows": sum(each.rows or 0 for each in files.values()), "bytes": sum(sizes)
        }  # fmt: skip
    waiting = []
    if has_table(warehouse, "unlisted_files"):
        waiting = warehouse.rows("SELECT COUNT(*), COALESCE(SUM(bytes), 0)::BIGINT FROM store.meta.unlisted_files")
    number, size = waiting[0] if waiting else (0, 0)
    found["unlisted"] = {"files": number, "rows": 0, "bytes": size}
    for name, path in (("store", "leadmart.duckdb"), ("catalogue", "published/leadmart.duckdb")):
        found[name] = {"files": 1, "rows": 0, "bytes": _bytes(project, path)}
    return found


def _bytes(project: Project, file: str) -> int:
    path = project.warehouse / file
    return path.stat().st_size if path.is_file() else 0


def _in_force(warehouse: Warehouse, selection: Selection | None) -> dict[str, Any]:
    """The release, the champion, and the versions that the newest scores were made under."""
    champion = warehouse.rows("SELECT model_version, trained_at FROM store.meta.models WHERE role = 'champion'")
    newest = newest_scoring(warehouse)
    return {
        "leadmart": __version__,
        "duckdb": duckdb.__version__,
        "champion": champion[0][0] if champion else "rules",
        "trained_at": iso(champion[0][1]) if champion else None,
        "feature_set_version": selection.feature_set_version if selection else None,
        "scored_with": newest.versions if newest else None,
    }  # fmt: skip


def status_text(found: Mapping[str, Any]) -> str:
    """The status on one screen."""
    lines = [f"{found['project']}: {_headline(found)}"]
    if found["elsewhere"]:
        lines.append(f"  moved    the catalogue reads files below {found['elsewhere']}: `leadmart doctor --fix`")
    if hot := found["hot"]:
        lines.append(f"  hot      {are(hot['rows'], 'score', 'scores')} since, the newest of {_short(hot['as_of'])}")
    lines += [*_load_lines(found), *_run_lines(found), *_missing_lines(found), *_due_lines(found)]
    lines += _size_lines(found["size"])
    force = found["in_force"]
    trained = f" of {force['trained_at'][:10]}" if force["trained_at"] else ""
    versions = f"champion {force['champion']}{trained}, features {force['feature_set_version'] or 'refused'}"
    return "\n".join([*lines, f"  in force leadmart {force['leadmart']}, {versions}"])


def _headline(found: Mapping[str, Any]) -> str:
    if not found["scored_as_of"]:
        return "nothing is scored yet"
    words = f"scored as of {_short(found['scored_as_of'])}"
    if found["fresh"]:
        return f"fresh, {words}"
    return f"late, {words}, {_age(found['at'], found['scored_as_of'])} ago"


def _load_lines(found: Mapping[str, Any]) -> list[str]:
    loads = found["loads"]
    if not loads:
        return ["  loaded   nothing"]
    lines = [f"  loaded   {are(len(loads), 'table', 'tables')}, the newest load {_short(loads[-1]['newest_load'])}"]
    late: dict[str, list[str]] = {}
    for each in loads:
        if each["late"]:
            late.setdefault(_age(found["at"], each["newest_load"]), []).append(each["table"])
    return lines + [f"  late     {named(tables)}: no load for {age}" for age, tables in late.items()]


def _run_lines(found: Mapping[str, Any]) -> list[str]:
    run = found["last_run"]
    if not run:
        return ["  last run none yet"]
    took = f" in {run['seconds']:.1f} s" if run["seconds"] is not None else ""
    why = f": {run['message']}" if run["message"] else ""
    lines = [f"  last run {run['command']} {run['run_id']} at {_short(run['as_of'])}: {run['status']}{took}{why}"]
    failed = [f"{each['suite']} on {each['subject']}" for each in found["failed"]]
    told = [f"failed: {named(failed)}"] if failed else []
    told += [f"went empty: {named(found['emptied'])}"] if found["emptied"] else []
    lines.append(f"  quality  {'; '.join(told) or 'no suite fails'}")
    return lines + [
        f"  held     {each['source']} holds back {named(each['views']) or 'scores'}" for each in found["held_back"]
    ]


def _missing_lines(found: Mapping[str, Any]) -> list[str]:
    return [f"  missing  {each['words']}" for each in found["missing"]]


def _due_lines(found: Mapping[str, Any]) -> list[str]:
    due = found["due"]
    if due["refused"]:
        return [f"  due      a run would be refused: {due['refused']['message']}"]
    if not due["slices"] and not due["scores"]:
        return ["  due      nothing"]
    slices = f"{are(len(due['slices']), 'slice', 'slices')} and " if due["slices"] else ""
    return [f"  due      {slices}the scores at {_short(due['as_of'])}: `leadmart run`"]


def _size_lines(size: Mapping[str, Mapping[str, int]]) -> list[str]:
    lines: list[str] = []
    for name, each in size.items():
        if each["rows"]:
            label = "" if lines else "size"
            files = f"{each['files']:>7,} {'file ' if each['files'] == 1 else 'files'}"
            lines.append(f"  {label:<9}{name:<10}{files}{each['rows']:>15,} rows{size_text(each['bytes']):>11}")
    duckdb_files = f"store {size_text(size['store']['bytes'])}, catalogue {size_text(size['catalogue']['bytes'])}"
    if size["unlisted"]["files"]:
        duckdb_files += f"; {size_text(size['unlisted']['bytes'])} wait for `leadmart prune`"
    return [*lines, f"           {duckdb_files}"]


def _short(moment: str | None) -> str:
    return (moment or "").replace("T", " ")[:16]


def _age(at: str, moment: str) -> str:
    """`5 hours`, `3 days`: how long before `at` a moment lies."""
    hours = (datetime.fromisoformat(at) - datetime.fromisoformat(moment)).total_seconds() / 3600
    return are(int(hours), "hour", "hours") if hours < 48 else are(int(hours // 24), "day", "days")
