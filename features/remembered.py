"""What parsing and proving definitions gave, kept between commands while nothing it depends on has changed.

Importing sqlglot, parsing every definition and proving it anew takes a third of a run that has nothing to do. What is
kept is one file in the warehouse's folder, with one key: the hash of leadmart's own code, sqlglot's version, every
definition's text, every reference table's content and all settings. Another key, a file that is gone or cannot be read:
all is found out anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from leadmart.features.definition import Column, Definition, Read
from leadmart.features.errors import LeadmartError

if TYPE_CHECKING:
    from leadmart.features.registry import Registry

FILE: Final = "remembered.json"
_CODE = Path(__file__).resolve().parent


def recall(registry: Registry) -> None:
    """Gives definitions what an earlier command found out of them under the same key; else does nothing."""
    file = registry.project.warehouse / FILE
    try:
        kept = json.loads(file.read_bytes())
        if kept["key"] != _key(registry):
            return
        facts = kept["definitions"]
        for definition in registry.all():
            if found := facts.get(_name(definition)):
                _give(registry, definition, found)
    except (OSError, ValueError, KeyError, TypeError):
        return


def is_proven(definition: Definition) -> bool:
    """Whether an earlier command found nothing against the definition, and nothing that counted for it has changed."""
    return definition.remembered.get("proven") is True


def keep(registry: Registry, proven: Iterable[Definition]) -> None:
    """Keeps what is known of definitions just proven, of sources and of labels, beside what is kept under the same key.

    Where the warehouse cannot be written, nothing is kept and nobody is told: it costs the next command half a second.
    """
    file = registry.project.warehouse / FILE
    key = _key(registry)
    if not key or not file.parent.is_dir():
        return
    definitions = {_name(d): _facts(registry, d, is_proven=True) for d in proven}
    for definition in (*registry.all("source"), *registry.all("label")):
        if _name(definition) not in definitions:
            try:
                definitions[_name(definition)] = _facts(registry, definition, is_proven=False)
            except LeadmartError:
                continue  # whoever reads it is told
    try:
        kept = json.loads(file.read_bytes())
        if kept["key"] == key:
            definitions = kept["definitions"] | definitions
    except (OSError, ValueError, KeyError, TypeError):
        pass
    fresh = file.with_name(f"{FILE}.{os.getpid()}")
    try:
        fresh.write_text(json.dumps({"key": key, "definitions": definitions}, sort_keys=True))
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)


def _facts(registry: Registry, definition: Definition, *, is_proven: bool) -> dict[str, Any]:
    from leadmart.features.model_inputs import origins_of
    from leadmart.features.sources.reach import reach_of
    from leadmart.features.windows import windows_of

    is_view = definition.kind == "feature"
    windows = windows_of(definition, registry) if is_view else {}
    return {
        "proven": is_proven,
        "reads": [[r.schema, r.name, r.start] for r in definition.reads],
        "columns": [[c.name, c.comment, c.start] for c in definition.columns],
        "tokens": registry.token_hash(definition),
        "statement": definition.statement,
        "reach": {source: [_plain(w) for w in found] for source, found in reach_of(definition).items()},
        "windows": [[name, [[source, _plain(w)] for source, w in reads.items()]] for name, reads in windows.items()],
        "origins": {c.name: origins_of(definition, c.name) for c in definition.columns} if is_view else {},
    }


def _give(registry: Registry, definition: Definition, found: dict[str, Any]) -> None:
    from leadmart.features.windows import Window

    def window(of: list[Any] | None) -> Window | None:
        return None if of is None else Window(*of)

    reads = tuple(Read(*each) for each in found["reads"])
    columns = tuple(Column(*each) for each in found["columns"])
    remembered = {
        "proven": found["proven"],
        "reach": {source: [window(each) for each in windows] for source, windows in found["reach"].items()},
    }
    if definition.kind == "feature":
        remembered["origins"] = found["origins"]
        remembered["windows"] = {name: {s: window(w) for s, w in each} for name, each in found["windows"]}
    statement = str(found["statement"])
    definition.remembered.update(remembered)
    definition.__dict__.update(reads=reads, columns=columns, statement=statement)
    registry.know_token_hash(definition, str(found["tokens"]))


def _plain(window: Any) -> list[Any] | None:
    return None if window is None else [window.seconds, window.count, window.unit]


def _name(definition: Definition) -> str:
    return f"{definition.kind}/{definition.connector}/{definition.ref}"


def _key(registry: Registry) -> str:
    """The hash of all that what is remembered depends on; '' where that cannot be told."""
    code = _code_hash()
    if not code:
        return ""
    hashed = hashlib.sha256(code.encode())
    for definition in registry.all():
        hashed.update(json.dumps([_name(definition), definition.text]).encode())
    for reference in registry.references():
        hashed.update(json.dumps([reference.name, reference.content_hash]).encode())
    hashed.update(registry.project.settings.model_dump_json().encode())
    return hashed.hexdigest()


@cache
def _code_hash() -> str:
    """The hash of the modules that parse and prove, and of sqlglot's version, which is read and not imported."""
    found = find_spec("sqlglot")
    version = Path(found.origin).with_name("_version.py") if found and found.origin else None
    if version is None or not version.is_file():
        return ""
    hashed = hashlib.sha256()
    for path in (version, *_modules()):
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


def _modules() -> Iterator[Path]:
    for folder, folders, files in os.walk(_CODE):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))
