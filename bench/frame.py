"""Training frames: features at many (lead, as_of) pairs, against native SQL by hand and Feast's DuckDB store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb

from bench.company import Company, company, differing_rows, evening, parquet, restore
from bench.hand import Hand, session, write
from bench.record import Result, Target
from bench.refresh import MEMORY
from bench.setting import THREADS, Case, Setting
from bench.timing import Command, Cost, FailedError, Side, alternate, run, time_command
from bench.venvs import NotInstalledError, rival_bin, versions
from leadmart.features.literals import quoted
from leadmart.features.lookup import lookup_sql

NATIVE = "all views / native SQL by hand, the link rewritten for the pairs"
SAME = "all views / the same SELECTs by hand, the link whole at every moment"
FEAST = "one view / Feast, DuckDB store"
FEAST_CALL = "one view / Feast's call alone, imports and start apart"
VIEW = "web_engagement"
AGES = (1, 3, 7, 14, 30, 60, 90, 120, 150, 175)
_SCRIPT = Path(__file__).with_name("feast_side.py")
_LINK = Path(__file__).with_name("sql") / "lead_account.sql"


def cases(setting: Setting) -> Iterator[Case]:
    for pairs in setting.pairs:
        for name in (NATIVE, SAME):
            yield Case("frame", name, pairs, partial(_native, setting, pairs, name))
        for name in (FEAST, FEAST_CALL):
            yield Case("frame", name, pairs, partial(_feast, setting, pairs, name))


def _company(setting: Setting, pairs: int) -> Company:
    """A company whose leads have that many landmarks."""
    return (
        company(setting, 1_000_000 if pairs <= 200_000 else 10_000_000) if pairs > 2_000 else company(setting, 20_000)
    )


def landmarks(of: Company) -> Path:
    """All (lead, as_of) pairs at which leads of the company have one of the ages of a training set, in no order."""
    file = of.folder / "landmarks.parquet"
    if not file.is_file():
        ages = ", ".join(map(str, AGES))
        as_of = "DATE_TRUNC('day', l.created_at) + TO_DAYS(CAST(a.age AS INTEGER))"
        leads = f"{parquet(of.file('leads', 'base'))} AS l, (SELECT UNNEST([{ages}]) AS age) AS a"
        with duckdb.connect() as con:
            con.execute(
                f"COPY (SELECT lead_id, as_of FROM (SELECT DISTINCT l.lead_id, {as_of} AS as_of FROM {leads}) WHERE "
                f"as_of <= TIMESTAMP '{of.until}' ORDER BY HASH(lead_id, as_of)) TO {quoted(file)} (FORMAT parquet)"
            )
    return file


def pairs_file(of: Company, pairs: int) -> Path:
    """So many of the landmarks, without regard to lead or moment."""
    file = of.folder / f"pairs-{pairs}.parquet"
    with duckdb.connect() as con:
        con.execute(f"COPY (FROM {parquet(landmarks(of))} LIMIT {pairs}) TO {quoted(file)} (FORMAT parquet)")
        found = con.execute(f"SELECT COUNT(*) FROM {parquet(file)}").fetchone()
    if not found or found[0] != pairs:
        raise FailedError(f"the company has no {pairs:,} landmarks")
    return file


def _native(setting: Setting, pairs: int, name: str) -> Result:
    of = _company(setting, pairs)
    restore(evening(setting, of), of.work)
    given, out, theirs_out = pairs_file(of, pairs), of.folder / "frame.parquet", of.folder / "frame_by_hand.parquet"
    script = write(of.folder / "by_hand" / "frame.sql", _by_hand(of, given, theirs_out, rewritten=name == NATIVE))
    subject = Side("leadmart features", lambda: time_command(_features(setting, of, given, out))[0])
    rival = Side("native SQL by hand", lambda: time_command(setting.module("hand", script))[0])
    ours, theirs = alternate([subject, rival], setting.repetitions)
    return Result(
        "frame", name, pairs, "pairs", subject.name, rival=rival.name, target=Target(ratio=1.2),
        equal=_compared(out, theirs_out), note=f"{of.events:,} events",
    ).with_costs(ours, theirs)  # fmt: skip


def _features(setting: Setting, of: Company, pairs: Path, out: Path) -> Command:
    return setting.leadmart("features", "--spine", pairs, "--out", out, project=of.work)


def _by_hand(of: Company, pairs: Path, out: Path, *, rewritten: bool) -> list[str]:
    """All views at the pairs, in one pass each, over deduplicated tables made from the delivered files."""
    hand = Hand.of(of.work)
    made = session(MEMORY, THREADS, of.folder / "by_hand" / "spill")
    for source in hand.sources(with_gates=False):
        made += hand.staging(source, [of.file(source, "base"), of.file(source, "day")], with_gates=False)
    made.append(f"CREATE OR REPLACE TABLE spine_lead AS SELECT DISTINCT lead_id, as_of FROM {parquet(pairs)}")
    made.append("CREATE OR REPLACE TABLE wanted AS SELECT DISTINCT as_of FROM spine_lead")
    made += hand.known(with_gates=False)
    relations = {hand.selection.spine.relation: "spine_lead"}
    for definition in (*hand.selection.links, *hand.selection.views):
        relations[definition.relation] = definition.relation
        if rewritten and definition.ref == "lead_account@v1":
            made.append(_LINK.read_text().strip().rstrip(";"))
            continue
        made += hand.spine_for(definition)
        made.append(f"CREATE OR REPLACE TABLE {definition.relation} AS\n{hand.executed(definition)}")
    joined = lookup_sql(hand.selection, hand.registry, relations, with_gates=False)
    made.append(f"COPY (\n{joined}\n) TO {quoted(out)} (FORMAT parquet, COMPRESSION zstd)")
    return made


def _compared(ours: Path, theirs: Path) -> str:
    differing, rows = differing_rows(parquet(ours), parquet(theirs))
    if differing:
        raise FailedError(f"the frames differ in {differing} of {rows} rows: a rival that computes something else")
    return f"equal: {rows:,} rows"


def _feast(setting: Setting, pairs: int, name: str) -> Result:
    of = _company(setting, pairs)
    restore(evening(setting, of), of.work)
    _only_one_view(of)
    given, out, theirs_out = pairs_file(of, pairs), of.folder / "frame.parquet", of.folder / "frame_by_feast.parquet"
    subject = Side("leadmart features", lambda: time_command(_features(setting, of, given, out))[0])
    found = Result("frame", name, pairs, "pairs", subject.name, rival="Feast", target=Target(ratio=1.0))
    try:
        commands = rival_bin(setting, "feast")
    except NotInstalledError as error:
        (ours,) = alternate([subject], setting.repetitions)
        return replace(found, not_measured=str(error)).with_costs(ours)
    folder = _feast_folder(setting, of, commands)
    command = Command(
        (str(commands / "python"), "-P", str(_SCRIPT), "frame", str(folder), str(given), str(theirs_out)), folder
    )
    rival = Side("Feast", lambda: _feast_cost(command, name))
    ours, theirs = alternate([subject, rival], setting.repetitions)
    note = (
        f"{versions(commands, 'feast')}; Feast reads {VIEW} computed beforehand at every landmark, leadmart raw events"
    )
    return replace(found, equal=_compared(out, theirs_out), note=note).with_costs(ours, theirs)


def _feast_cost(command: Command, name: str) -> Cost:
    cost, told = time_command(command)
    return replace(cost, seconds=json.loads(told.splitlines()[-1])["seconds"]) if name == FEAST_CALL else cost


def _only_one_view(of: Company) -> None:
    """Sets the project under measurement to one view, without gates."""
    settings = of.work / "leadmart.toml"
    text = settings.read_text()
    before, _, rest = text.partition("views = [")
    views, _, after = rest.partition("\n]\n")
    assert f'"{VIEW}@v1"' in views
    settings.write_text(f'{before}views = ["{VIEW}@v1"]\n{after}'.replace('gates = ["icp@v1"]', "gates = []"))


def _feast_folder(setting: Setting, of: Company, commands: Path) -> Path:
    """Feast's repository over the view's rows at every landmark, which are computed for it here."""
    folder = of.folder / "feast"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rows = folder / "rows.parquet"
    run(*_features(setting, of, landmarks(of), rows).words)
    run(commands / "python", "-P", _SCRIPT, "apply", folder, rows, folder=folder)
    return folder
