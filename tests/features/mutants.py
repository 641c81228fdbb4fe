"""Mutants of a definition: its text with one equality, key, window, rule or clock deleted, loosened or swapped.

Edits are made on the text at the places of its tokens, so that comments and header stay and a mutant is refused for
what was done to it alone. Each mutant is (what was done, its text).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from sqlglot.dialects.duckdb import DuckDB

Mutant = tuple[str, str]

PLANTED: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "mutation" / "planted.yaml").read_text(encoding="utf-8")
)
"""What is put into a definition: SQL with `{of}` for its as_of, `{who}` for its entity's key, and the like."""

ENDS = {"AND", "OR", "ON", "WHERE", "GROUP", "JOIN", "LEFT", "ORDER", "QUALIFY", "HAVING", "LIMIT", "SELECT", "FROM"}
COUNTS = {
    "COUNT": ("APPROX_COUNT_DISTINCT", "ANY_VALUE"),
    "MAX": ("ANY_VALUE", "FIRST", "LAST", "MODE", "LIST"),
    "MIN": ("ANY_VALUE", "FIRST"),
    "SUM": ("FIRST", "AVG", "STDDEV"),
    "BOOL_OR": ("ANY_VALUE", "FIRST"),
    "ARG_MAX_NULL": ("ARG_MAX", "ARG_MIN"),
    "ARG_MIN": ("ARG_MAX",),
}


@dataclass(frozen=True)
class Word:
    """A token: its text in upper case, and where it stands."""

    up: str
    start: int
    end: int
    depth: int


def words_of(text: str) -> list[Word]:
    found, depth = [], 0
    for token in DuckDB().tokenize(text):
        written = text[token.start : token.end + 1]
        if written == ")":
            depth -= 1
        found.append(Word(written.upper(), token.start, token.end + 1, depth))
        if written == "(":
            depth += 1
    return found


def mutants_of(kind: str, text: str, *, planted: bool = True) -> Iterator[Mutant]:
    """Every mutant of a definition of a kind (`feature`, `gate`, `link`, `spine`, `source`), each text once.

    Without `planted`, only those that change what the definition itself says.
    """
    seen = {text}
    made = [_header(text, kind)]
    if kind == "source":
        made += [_clocks(text), _conjuncts(text), _joins(text), _reads(text)]
        made += [_source_rows(text)] if planted else []
    else:
        made += [_equalities(text), _conjuncts(text), _groups(text), _joins(text), _aggregates(text), _tuples(text)]
        made += [_schemas(text), _windows(text), _selected(text), *([_planted(text, kind)] if planted else [])]
    for mutants in made:
        for what, mutant in mutants:
            if mutant not in seen:
                seen.add(mutant)
                yield what, mutant


def _cut(text: str, start: int, end: int, words: str = "") -> str:
    return text[:start] + words + text[end:]


def _header(text: str, kind: str) -> Iterator[Mutant]:
    for line in text.splitlines():
        if not line.startswith("-- ") or ":" not in line:
            break
        key, _, value = line[3:].partition(":")
        if key.strip() not in ("owner", "pii"):
            yield f"header {key} dropped", text.replace(line + "\n", "", 1)
        names = [name.strip() for name in value.split(",")]
        if key.strip() in ("frozen", "key") and len(names) > 1:
            for name in names:
                fewer = ", ".join(n for n in names if n != name)
                yield f"{name} taken out of {key}", text.replace(line, f"-- {key}: {fewer}", 1)


def _equalities(text: str) -> Iterator[Mutant]:
    """`a.x = b.y` in ON or WHERE: dropped, loosened, made of one side, of an expression, or optional."""
    words = words_of(text)
    for n in range(1, len(words) - 6):
        a, dot, x, eq, b, dot2, y = words[n : n + 7]
        if (dot.up, eq.up, dot2.up) != (".", "=", ".") or words[n - 1].up not in ("ON", "AND", "WHERE"):
            continue
        left, right = text[a.start : x.end], text[b.start : y.end]
        whole = f"{left} = {right}"
        if words[n - 1].up == "AND":
            yield f"{whole} dropped", _cut(text, words[n - 1].start, y.end)
        else:
            yield f"{whole} dropped", _cut(text, a.start, y.end, "TRUE")
        forms = [f"{left} <= {right}", f"{left} = {left}", f"({left} = {right} OR {left} IS NULL)"]
        if x.up == "AS_OF":
            forms += [
                f"{left} >= {right}", f"{right} = {right}", f"{left} IS NOT DISTINCT FROM {right}",
                f"NOT ({left} <> {right})", f"COALESCE({left} = {right}, TRUE)", f"({left} = {right}) IS NOT FALSE",
                f"{left} = {right} - INTERVAL 1 DAY", f"DATE_TRUNC('month', {left}) = DATE_TRUNC('month', {right})",
                f"{left} BETWEEN {right} AND {right} + INTERVAL 30 DAY", f"{left} <> {right}",
                f"{left} IN ({right}, TIMESTAMP '2026-03-20')",
            ]  # fmt: skip
        for form in forms:
            yield f"{whole} becomes {form}", _cut(text, a.start, y.end, form)


def _conjuncts(text: str) -> Iterator[Mutant]:
    """Any other condition behind AND: dropped; a window's bound moved, turned, or put upon another clock."""
    words = words_of(text)
    for n, word in enumerate(words):
        if word.up != "AND":
            continue
        end = next(
            (m for m in range(n + 1, len(words)) if words[m].depth < word.depth
             or (words[m].depth == word.depth and words[m].up in {*ENDS, ")", ","})),
            len(words),
        )  # fmt: skip
        condition = text[words[n + 1].start : words[end - 1].end]
        yield f"{condition} dropped", _cut(text, word.start, words[end - 1].end)
        if "OCCURRED_AT" in condition.upper():
            for old, new in ((">=", "<="), (">=", ">"), ("occurred_at", "ingested_at"), ("INTERVAL ", "INTERVAL 1")):
                changed = condition.replace(old, new, 1)
                place = words[n + 1].start
                yield f"{condition} becomes {changed}", _cut(text, place, words[end - 1].end, changed)


def _groups(text: str) -> Iterator[Mutant]:
    """Each key of a GROUP BY dropped, its as_of taken from another relation, the whole widened."""
    words = words_of(text)
    for n, word in enumerate(words):
        if word.up != "GROUP" or words[n + 1].up != "BY":
            continue
        keys, m = [], n + 2
        while m + 2 < len(words) and words[m + 1].up == ".":
            keys.append((words[m].start, words[m + 2].end))
            m += 3
            if m >= len(words) or words[m].up != ",":
                break
            m += 1
        start, end = words[n].start, keys[-1][1]
        listed = [text[a:b] for a, b in keys]
        for gone in listed:
            fewer = [key for key in listed if key != gone]
            yield f"{gone} dropped from GROUP BY", _cut(text, start, end, f"GROUP BY {', '.join(fewer)}")
            yield f"{gone} selected as MAX, not grouped", _ungrouped(text, start, end, gone, fewer)
        for whole in ("ROLLUP ({})", "CUBE ({})", "GROUPING SETS (({}), ())", "ALL"):
            yield f"GROUP BY {whole}", _cut(text, start, end, f"GROUP BY {whole.format(', '.join(listed))}")
        yield "GROUP BY dropped", _cut(text, start, end)
        for alias in _null_supplied(text[:start]):
            changed = [re.sub(r"^\w+\.as_of$", f"{alias}.as_of", key) for key in listed]
            yield f"grouped by {alias}.as_of", _cut(text, start, end, f"GROUP BY {', '.join(changed)}")
            before = _swap_selected(text[:start], f"{alias}.as_of")
            grouped = f"GROUP BY {', '.join(changed)}"
            yield f"selected and grouped by {alias}.as_of", before + grouped + text[end:]


def _ungrouped(text: str, start: int, end: int, gone: str, fewer: Sequence[str]) -> str:
    begin = text.rfind("SELECT", 0, start)
    name = gone.partition(".")[2]
    selected = text[begin:start].replace(f"{gone},", f"MAX({gone}) AS {name},", 1)
    return text[:begin] + selected + f"GROUP BY {', '.join(fewer)}" + text[end:]


def _swap_selected(text: str, wanted: str) -> str:
    begin = text.rfind("SELECT", 0)
    return text[:begin] + re.sub(r"\b\w+\.as_of\b(?=,)", f"{wanted} AS as_of", text[begin:], count=1)


def _null_supplied(before: str) -> list[str]:
    """Aliases that the SELECT ending here LEFT-joins."""
    begin = before.rfind("SELECT")
    return re.findall(r"LEFT JOIN known\.\w+ AS (\w+)", before[begin:])


def _joins(text: str) -> Iterator[Mutant]:
    for matched in re.finditer(r"^( *)(LEFT )?JOIN ", text, re.MULTILINE):
        for word in ("", "LEFT ", "RIGHT ", "FULL ", "SEMI ", "ANTI ", "ASOF ", "POSITIONAL "):
            kind = f"{word}JOIN"
            place = matched.start() + len(matched[1])
            yield (
                f"{kind} at {text[matched.end() : text.find(chr(10), matched.end())]}",
                _cut(text, place, matched.end(), f"{kind} "),
            )
    for matched in re.finditer(r"\n *ON  \w+\.(\w+) = \w+\.\w+\n *AND \w+\.as_of = \w+\.as_of(?=\n)", text):
        yield "USING the key alone", _cut(text, matched.start(), matched.end(), f"\n    USING ({matched[1]})")
        yield "USING both", _cut(text, matched.start(), matched.end(), f"\n    USING ({matched[1]}, as_of)")
        yield "USING as_of alone", _cut(text, matched.start(), matched.end(), "\n    USING (as_of)")


def _aggregates(text: str) -> Iterator[Mutant]:
    words = words_of(text)
    for n, word in enumerate(words[:-1]):
        if word.up in COUNTS and words[n + 1].up == "(":
            for other in COUNTS[word.up]:
                yield f"{word.up} becomes {other}", _cut(text, word.start, word.end, other)
            if word.up in ("SUM", "AVG"):
                close = next(w for w in words[n + 2 :] if w.up == ")" and w.depth == word.depth)
                inner = text[words[n + 1].end : close.start]
                doubled = f"(CAST({inner} AS DOUBLE) * 0.1)"
                yield f"{word.up} of doubles", _cut(text, words[n + 1].end, close.start, doubled)
        if word.up == "DISTINCT":
            yield "DISTINCT dropped", _cut(text, word.start, word.end)
        if word.up == "FILTER":
            close = next(w for w in words[n + 2 :] if w.up == ")" and w.depth == word.depth)
            yield "FILTER dropped", _cut(text, word.start, close.end)


def _tuples(text: str) -> Iterator[Mutant]:
    """Each key of an ordering dropped: `ARG_MAX_NULL(x, (a, b, c))`."""
    for matched in re.finditer(r"(ARG_M\w+\([\w.]+, )\((.*?)\)\)", text):
        keys = re.split(r", (?![^(]*\))", matched[2])
        for gone in keys:
            fewer = ", ".join(key for key in keys if key != gone)
            order = f"({fewer})" if "," in fewer else fewer
            yield f"ordering without {gone}", _cut(text, matched.start(), matched.end(), f"{matched[1]}{order})")
        value = matched[1].partition("(")[2][:-2]
        yield "ordering by nothing", _cut(text, matched.start(), matched.end(), f"FIRST({value})")


def _schemas(text: str) -> Iterator[Mutant]:
    for matched in re.finditer(r"\bknown\.(\w+) AS (\w+)", text):
        for relation in (f"staging.{matched[1]}", f"raw.{matched[1]}"):
            yield (
                f"known.{matched[1]} becomes {relation}",
                _cut(text, matched.start(), matched.end(), f"{relation} AS {matched[2]}"),
            )
        others = (
            f"(SELECT k.* REPLACE (TIMESTAMP '2026-03-01' AS as_of) FROM known.{matched[1]} AS k)",
            f"(SELECT s.*, w.as_of FROM staging.{matched[1]} AS s, (SELECT DISTINCT as_of FROM spine) AS w)",
        )
        for relation in others:
            yield (
                f"known.{matched[1]} becomes {relation}",
                _cut(text, matched.start(), matched.end(), f"{relation} AS {matched[2]}"),
            )
        if "\nSELECT" in text:
            yield (
                f"staging.{matched[1]} in a plain as_of of known",
                text.replace(matched[0], f"known.{matched[1]} AS {matched[2]} TABLESAMPLE 50%", 1),
            )
    for matched in re.finditer(r"FROM spine\b", text):
        yield "another moment's spine too", _cut(
            text, matched.start(), matched.end(),
            "FROM (SELECT * FROM spine UNION ALL SELECT * FROM spine) AS spine",
        )  # fmt: skip


def _windows(text: str) -> Iterator[Mutant]:
    for matched in re.finditer(r"INTERVAL (\d+) DAY", text):
        yield "window twice as long", _cut(text, matched.start(1), matched.end(1), str(2 * int(matched[1])))
    for matched in re.finditer(r"(\w+)\.as_of - INTERVAL", text):
        yield "window back from now", _cut(text, matched.start(), matched.end(), "NOW() - INTERVAL")
        yield "window from a fixed day", _cut(text, matched.start(), matched.end(), "TIMESTAMP '2026-03-20' - INTERVAL")
        yield "window behind as_of", _cut(text, matched.start(), matched.end(), f"{matched[1]}.as_of + INTERVAL")
    for matched in re.finditer(r"\.occurred_at", text):
        yield "the other clock", _cut(text, matched.start(), matched.end(), ".ingested_at")


def _selected(text: str) -> Iterator[Mutant]:
    """The output's key and as_of taken from elsewhere, changed, or aggregated."""
    begin = text.rfind("\nSELECT") + 1
    for name in ("as_of", "lead_id", "account_id"):
        matched = re.compile(rf"^ +(\w+\.{name})(,?)", re.MULTILINE).search(text, begin)
        if not matched:
            continue
        forms = [f"MAX({matched[1]}) AS {name}", f"MIN({matched[1]}) OVER () AS {name}"]
        if name == "as_of":
            forms += [f"{matched[1]} + INTERVAL 1 DAY AS as_of", f"DATE_TRUNC('day', {matched[1]}) AS as_of"]
            forms += ["CAST(NULL AS TIMESTAMP) AS as_of", "TIMESTAMP '2026-03-01' AS as_of"]
        for alias in _null_supplied(text):
            forms.append(f"{alias}.{name} AS {name}")
        for form in forms:
            yield f"{name} returned as {form}", _cut(text, matched.start(1), matched.end(1), form)


def _planted(text: str, kind: str) -> Iterator[Mutant]:
    """A column, a join or a clause put into the final SELECT that reads too much, or other leads or moments."""
    begin = text.rfind("\nSELECT") + 1
    root = "spine" if kind in ("feature", "gate") else re.search(r"FROM known\.\w+ AS (\w+)", text[begin:])[1]  # type: ignore[index]
    key = re.search(r"^-- entity: +\w+ \((\w+)\)", text, re.MULTILINE)[1]  # type: ignore[index]
    of, who = f"{root}.as_of", f"{root}.{key}"
    filled = {"of": of, "who": who, "key": key}
    columns = [column.format(**filled) for column in PLANTED["columns"]]
    matched = re.compile(r"\n *\w+\.as_of(?=[ ,\n])").search(text, begin)
    assert matched
    for column in columns:
        planted = f"\n    {column} AS planted,                                    -- block: planted"
        yield f"planted {column}", _cut(text, matched.start(), matched.start(), planted)
    start = text.rfind("\nFROM ")
    end = text.find("\n", start + 1)
    end = len(text.rstrip()) if end < 0 else end
    for join in (line.format(**filled) for line in PLANTED["joins"]):
        joined = f" {join}" if join.startswith(",") else f"\n{join}"
        yield f"joined {join}", _cut(text, end, end, joined)
    body = text.rstrip()
    for clause in (line.format(**filled) for line in PLANTED["clauses"]):
        yield f"ends in {clause}", f"{body}\n{clause}\n"
    head = body[:begin]
    final = body[begin:]
    yield "SELECT DISTINCT", head + final.replace("SELECT", "SELECT DISTINCT", 1) + "\n"
    for on in (who, of):
        yield f"DISTINCT ON ({on})", head + final.replace("SELECT", f"SELECT DISTINCT ON ({on})", 1) + "\n"
    yield "UNION ALL of itself", f"{body}\nUNION ALL\n{final}\n"
    yield "UNION of itself", f"{body}\nUNION\n{final}\n"
    if "\nWHERE" not in final and "GROUP BY" not in final:
        yield "WHERE in the end", f"{body}\nWHERE HASH({who}) % 2 = 0\n"


def _clocks(text: str) -> Iterator[Mutant]:
    """Each clock made of another column of the source, moved, or never NULL; each column made of an overwritten one."""
    cast = r"^ +(CAST\((\w+\.\w+) AS (?:TIMESTAMP|DATE)\))\s+AS (\w+)"
    bare = r"^ +((\w+\.(?:_changed_at|_loaded_at|occurred_at|ingested_at))) AS (\w+)"
    lines = re.findall(cast, text, re.MULTILINE) + re.findall(bare, text, re.MULTILINE)
    for expression, column, name in lines:
        for other, _, other_name in lines:
            if other != expression:
                yield f"{name} made of {other_name}", text.replace(f"{expression} AS {name}", f"{other} AS {name}", 1)
        if name in ("occurred_at", "ingested_at"):
            alias = column.partition(".")[0]
            for form in (
                f"{expression} - INTERVAL 30 DAY", "TIMESTAMP '2000-01-01'", "NOW()",
                f"LEAST({expression}, TIMESTAMP '2026-01-01')", f"COALESCE({expression}, TIMESTAMP '2000-01-01')",
                f"DATE_TRUNC('month', {expression})", f"CAST({alias}._loaded_at AS TIMESTAMP)",
            ):  # fmt: skip
                yield f"{name} is {form}", text.replace(f"{expression} AS {name}", f"{form} AS {name}", 1)
            both = re.sub(
                r"^( +)(?:CAST\(\w+\.\w+ AS (?:TIMESTAMP|DATE)\)|\w+\.\w+) AS ingested_at",
                rf"\1{expression} AS ingested_at", text, flags=re.MULTILINE,
            )  # fmt: skip
            yield f"both clocks from {column}", both


def _reads(text: str) -> Iterator[Mutant]:
    """A source that takes the clocks, columns or rows of a log that it joins as they are, or of a table of raw."""
    for matched in re.finditer(r"\bstaging\.(\w+) AS (\w+)", text):
        for relation in (f"known.{matched[1]}", f"raw.{matched[1]}", f"(SELECT * FROM staging.{matched[1]})"):
            yield (
                f"staging.{matched[1]} becomes {relation}",
                _cut(text, matched.start(), matched.end(), f"{relation} AS {matched[2]}"),
            )
    for matched in re.finditer(r"\braw\.(\w+)__changes AS (\w+)", text):
        other = f"raw.{matched[1]} AS {matched[2]}"
        yield "the table for its changes", _cut(text, matched.start(), matched.end(), other)
        began = re.sub(r"\w+\._changed_at AS occurred_at", f"{matched[2]}._loaded_at AS occurred_at", text)
        for gone in (f"({matched[2]}._deleted OR ", f"{matched[2]}._deleted AS"):
            began = began.replace(gone, gone.replace(f"{matched[2]}._deleted", "FALSE"), 1)
        yield (
            "the table for its changes, each known when loaded",
            began.replace(matched[0], f"raw.{matched[1]} AS {matched[2]}", 1),
        )
    for matched in re.finditer(r"^ +(GREATEST)\((\w+\.\w+|CAST\(.*?\)), (.*?\))\)(?:\s|$)", text, re.MULTILINE):
        yield "GREATEST becomes LEAST", _cut(text, matched.start(1), matched.end(1), "LEAST")


def _source_rows(text: str) -> Iterator[Mutant]:
    """A source that reads other rows, other logs, or columns that are overwritten in place."""
    table, alias = re.search(r"FROM raw\.(\w+) AS (\w+)", text).groups()  # type: ignore[union-attr]
    body = text.rstrip()
    first = re.search(rf"SELECT\n[^,\n]*\b({alias}\.\w+)", text)
    assert first
    column = first[1]
    plant = text.find("SELECT\n") + len("SELECT\n")
    filled = {"column": column, "alias": alias, "table": table, "key": column.partition(".")[2]}
    for form in (line.format(**filled) for line in PLANTED["source columns"]):
        yield f"planted {form}", _cut(text, plant, plant, f"    {form} AS planted,                 -- planted\n")
    for tail in (line.format(**filled) for line in PLANTED["source clauses"]):
        yield f"ends in {tail}", f"{body}\n{tail}\n"
    yield "SELECT DISTINCT", text.replace("SELECT\n", "SELECT DISTINCT\n", 1)
    yield "raw twice", f"{body}\nUNION ALL\n{body[text.find('SELECT') :]}\n"
