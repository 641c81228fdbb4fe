"""What the fuzzers try: definitions made of packaged ones by changing tokens, settings, and files of any bytes.

By hand, for longer:  python -m tests.faults.fuzz definitions|settings|files|csv FIRST_SEED COUNT
"""

from __future__ import annotations

import csv
import io
import random
import re
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from leadmart.features.definition import Definition
from leadmart.features.errors import LeadmartError
from leadmart.features.fingerprint import token_hash
from leadmart.features.inline import executed_sql
from leadmart.features.project import read_settings
from leadmart.features.proof.lint import problems_of
from leadmart.features.raw.load import load
from leadmart.features.raw.tables import raw_tables
from leadmart.features.registry import FOLDERS, PACKAGE, Registry
from leadmart.features.scaffold import init
from leadmart.features.warehouse import Warehouse, open_for_writing
from leadmart.features.windows import windows_of

TOKENS = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\"[^\"]*\"|\w+|\s+|.", re.DOTALL)
WORDS = (
    "SELECT", "FROM", "JOIN", "LEFT JOIN", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "QUALIFY", "LIMIT 1", "UNION ALL",
    "EXCEPT", "WITH x AS (SELECT 1)", "DISTINCT ON (spine.as_of)", "PIVOT", "UNPIVOT", "OVER (ROWS 1 PRECEDING)",
    "LATERAL (SELECT 1)", "EXISTS (SELECT 1)", "VALUES (1)", "*", "spine.*", "COLUMNS('a')", "NULL", "CASE WHEN", "END",
    "known.leads AS l", "features.nothing__v1", "spine", "as_of", "spine.as_of", "AND e.as_of = spine.as_of", "USING",
    "(", ")", "((", ",", ";", ";;", "'", '"', "$$", "$1", "?", "/*", "--", "-- entity: lead", "-- rows: appended", "{}",
    "[", "]", "::INTEGER", "->", "lambda x: x", "INTERVAL 1", "1e999", "0x", "\0", "\ufeff", "é", "😀",
    "'; DROP TABLE x",
    "PREPARE", "CREATE TABLE x AS", "IN (SELECT 1)", "ALL", "ANY", "TABLESAMPLE 1%", "FOR", "MATCH_RECOGNIZE", "@",
)  # fmt: skip


def definition_text(chance: random.Random) -> tuple[str, str]:
    """A kind, and the text of one of its packaged definitions with some tokens changed; now and then no SQL at all."""
    file = chance.choice(sorted(p for f in FOLDERS for p in (PACKAGE / "sql" / f).rglob("*.sql")))
    kind = FOLDERS[file.relative_to(PACKAGE / "sql").parts[0]]
    tokens = TOKENS.findall(file.read_text(encoding="utf-8"))
    if chance.random() < 0.1:
        return kind, " ".join(chance.choice(WORDS) for _ in range(chance.randint(0, 12)))
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(tokens)) if tokens else 0
        words = [n for n, token in enumerate(tokens) if token.isidentifier()]
        match chance.choice((0, 1, 2, 3, 4, 5, 6, 6, 6, 6, 6)):
            case 6 if words:
                tokens[chance.choice(words)] = tokens[chance.choice(words)]
            case 0:
                del tokens[at : at + chance.choice((1, 1, 1, 5, 40))]
            case 1:
                tokens[at:at] = tokens[at : at + 1]
            case 2:
                other = chance.randrange(len(tokens)) if tokens else 0
                if tokens:
                    tokens[at], tokens[other] = tokens[other], tokens[at]
            case 3:
                tokens[at : at + 1] = [chance.choice(WORDS)]
            case 4:
                tokens[at:at] = [" ", chance.choice(WORDS), " "]
            case _:
                end = at + chance.randint(1, 30)
                tokens[at:end] = ["("] * (deep := chance.choice((1, 2, 40, 120, 300))) + tokens[at:end] + [")"] * deep
    return kind, "".join(tokens)


def try_definition(kind: str, text: str, registry: Registry) -> str:
    """`proven`, or the code of what is refused; any other exception is a bug."""
    version = 1 if kind in ("feature", "gate", "link") else None
    definition = Definition(kind, "fuzzed", version, "plain" if kind == "source" else "", Path("f.sql"), text, False)
    found = problems_of(definition, registry)
    try:
        token_hash(definition)
        assert definition.statement in definition.text
        if not found and kind == "feature":
            executed_sql(definition)
            windows_of(definition, registry)
    except LeadmartError as error:
        return error.code
    for problem in found:
        problem.render()
    return found[0].code if found else "proven"


def settings_text(chance: random.Random) -> str:
    """leadmart.toml with some of its lines changed."""
    lines = (PACKAGE / "features" / "template.toml").read_text(encoding="utf-8").splitlines()
    lines = [line.removeprefix("# ") if chance.random() < 0.02 and "=" in line else line for line in lines]
    values = (
        "1", "-1", "1e400", "nan", "inf", "true",
        '""', "'x'", "[]", "{}", "[[1]]", "{ a = 1 }", "2026-13-01", '"\\u0000"',
        "2026-03-01", "99999999999999999999",
        '"""', "'''", "'" + "x" * 100000 + "'", '"a@v1"', '["a@v1", "a@v2"]', "0x10",
        "['leads', 'leads']", "'10000000000 days'", "'0 days'", "'7 hours'", "'25:00'", "'1000000000000000000 GB'", "0",
    )  # fmt: skip
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        name = lines[at].partition("=")[0]
        match chance.randrange(5):
            case 0:
                lines[at] = f"{name}= {chance.choice(values)}"
            case 1:
                del lines[at]
            case 2:
                lines.insert(
                    at,
                    chance.choice(
                        ("[", "[[snapshot]]", "[snapshot.x]", "[a.b.c]", "=", "[clock]", "\0", "é", "[snapshot.'x y']")
                    ),
                )
            case 3:
                lines.insert(
                    at, f"{chance.choice(('key', 'every', 'hot', 'seed', 'months', 'at'))} = {chance.choice(values)}"
                )
            case _:
                lines[at] = lines[at][: chance.randint(0, len(lines[at]))]
    return "\n".join(lines)


def try_settings(text: str, file: Path) -> str:
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    try:
        read_settings(file)
    except LeadmartError as error:
        error.render()
        return error.code
    return "read"


CELLS = (
    ",",
    ",",
    '"',
    '"',
    "\n",
    "\n",
    "\r\n",
    "\r",
    "a",
    "1",
    "é",
    " ",
    ";",
    "\t",
    "|",
    '""',
    "\0",
    "x,y",
    "#",
    "'",
    "\\",
)


def csv_text(chance: random.Random) -> str:
    """A CSV file: half of them well-formed with odd cells, the others of any cells."""
    ends = chance.choice(("\n", "\r\n"))
    header = ["id", "na me", "x;y"][: chance.randint(2, 3)]
    if chance.random() < 0.5:
        written = io.StringIO()
        rows = [
            ["".join(chance.choices(CELLS, k=chance.randint(0, 4))) for _ in header]
            for _ in range(chance.randint(0, 5))
        ]
        csv.writer(written, lineterminator=ends).writerows([header, *rows])
        return written.getvalue()
    cells = "".join(chance.choices((*CELLS, ends, ends, ","), k=chance.randint(0, 25)))
    # what follows a closing quote is read in as many ways as there are readers
    return ",".join(header) + ends + cells.replace('" ', '"')


def try_csv(text: str, warehouse: Warehouse, registry: Registry, file: Path, table: str) -> str:
    """`loaded`, where every cell is what Python's reader reads; else the code of the refusal."""
    code = try_file(text.encode(), warehouse, registry, file, table)
    if code != "loaded":
        return code
    found = warehouse.rows(f"SELECT * EXCLUDE (_loaded_at) FROM {raw_tables(warehouse)[table]}")
    read = [row for row in csv.reader(io.StringIO(text, newline="")) if row][1:]
    width = len(found[0]) if found else 0
    assert all(len(row) == width or not any(row[width:]) for row in read), (text, found, read)
    assert [tuple(cell or "" for cell in row) for row in found] == [tuple(row[:width]) for row in read], (
        text,
        found,
        read,
    )
    return code


def file_bytes(chance: random.Random, folder: Path) -> tuple[str, bytes]:
    """An ending, and a file of that kind with some bytes changed, cut or put in."""
    ending = chance.choice((".csv", ".csv.gz", ".jsonl", ".json", ".parquet"))
    match ending:
        case ".parquet":
            target = folder / "whole.parquet"
            rows = "range AS id, range * 7919 AS v, CAST(range AS VARCHAR) AS t, {'a': [range]} AS s"
            packed = chance.choice(("zstd", "snappy"))
            duckdb.sql(f"COPY (SELECT {rows} FROM range(300)) TO '{target}' (FORMAT parquet, COMPRESSION {packed})")
            content = target.read_bytes()
        case ".csv":
            content = csv_text(chance).encode()
        case ".csv.gz":
            import gzip

            content = gzip.compress(csv_text(chance).encode(), mtime=0)
        case _:
            parts = (
                '{"id": 1, "a": "x"}',
                '{"id": 2.5}',
                '{"a": {"b": [1, null]}}',
                "[",
                "]",
                ",",
                "null",
                '{"id": "\\u00e9"}',
            )
            content = "\n".join(
                chance.choices(parts, weights=(9, 5, 5, 1, 1, 1, 1, 5), k=chance.randint(0, 8))
            ).encode()
    mutable = bytearray(content)
    for _ in range(chance.choice((0, 1, 1, 3, 20))):
        at = chance.randrange(len(mutable) + 1)
        match chance.randrange(4):
            case 0:
                mutable[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                mutable[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 4)))
            case 2:
                del mutable[at : at + chance.choice((1, 1, 50, 5000))]
            case _:
                mutable[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"))
    return ending, bytes(mutable)


def try_file(content: bytes, warehouse: Warehouse, registry: Registry, file: Path, table: str) -> str:
    """`loaded`, where the table can be read; else the code of the refusal, and then nothing of the table is there."""
    file.write_bytes(content)
    try:
        batches = load(warehouse, registry, table, [file], loaded_at=datetime(2026, 3, 1))
    except LeadmartError as error:
        error.render()
        assert table not in raw_tables(warehouse)
        assert not list((warehouse.project.warehouse / "tmp").glob("*.parquet"))
        return error.code
    found = warehouse.rows(f"SELECT * FROM {raw_tables(warehouse)[table]}")
    assert len(found) == sum(batch.rows for batch in batches)
    return "loaded"


def main() -> None:
    what, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    root = Path(tempfile.mkdtemp())
    project = init(root / "project")
    registry = Registry(project)
    outcomes: Counter[str] = Counter()
    bugs: dict[str, tuple[int, str]] = {}
    with open_for_writing(project) as warehouse:
        ways: dict[str, Callable[[int, random.Random], str]] = {
            "definitions": lambda _, chance: try_definition(*definition_text(chance), registry),
            "settings": lambda _, chance: try_settings(settings_text(chance), root / "leadmart.toml"),
            "csv": lambda n, chance: try_csv(csv_text(chance), warehouse, registry, root / "f.csv", f"t{n}"),
            "files": lambda n, chance: _file(chance, warehouse, registry, root, f"t{n}"),
        }
        for seed in range(first, first + count):
            try:
                outcomes[ways[what](seed, random.Random(seed))] += 1
            except Exception as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                bugs.setdefault(f"{type(error).__name__} {last.filename}:{last.lineno}", (seed, str(error)[:300]))
                outcomes["BUG"] += 1
            if seed % 200 == 0:
                warehouse.execute("DELETE FROM store.meta.loads")
    print(what, first, count, dict(outcomes.most_common()))
    for place, (seed, words) in bugs.items():
        print(f"  {place} (seed {seed}): {words}")


def _file(chance: random.Random, warehouse: Warehouse, registry: Registry, root: Path, table: str) -> str:
    ending, content = file_bytes(chance, root)
    return try_file(content, warehouse, registry, root / f"f{ending}", table)


if __name__ == "__main__":
    main()
