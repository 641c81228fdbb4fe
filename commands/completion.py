"""What the shell offers at TAB: names read off paths, so that nothing heavy is imported and no SQL is parsed.

A name too many does no harm here: the command itself refuses it, with the near ones.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

PACKAGE = Path(__file__).resolve().parent.parent
VERSIONED = ("features", "gates", "links")


def offer_definitions(ctx: typer.Context, incomplete: str) -> list[str]:
    """Every definition; `name@vN` only once an @ is typed, at which bash would break the word."""
    return _beginning(incomplete, _definitions(ctx, (*VERSIONED, "sources", "spines", "labels", "marts"), incomplete))


def offer_views(ctx: typer.Context, incomplete: str) -> list[str]:
    """Feature views, gates and links: what slices are made of."""
    return _beginning(incomplete, _definitions(ctx, VERSIONED, incomplete))


def offer_sources(ctx: typer.Context, incomplete: str) -> list[str]:
    """The sources of the project's connectors."""
    return _beginning(incomplete, _definitions(ctx, ("sources",), incomplete))


def offer_packaged(ctx: typer.Context, incomplete: str) -> list[str]:
    """What `eject` copies: packaged definitions, reference tables and suites."""
    files = [PACKAGE.glob("sql/reference/*.csv"), PACKAGE.glob("expectations/suites/*.json")]
    kinds = (*VERSIONED, "sources", "spines", "labels", "marts")
    return _beginning(
        incomplete,
        [*_definitions(ctx, kinds, incomplete, packaged_only=True), *(path.stem for each in files for path in each)],
    )


def offer_tables(ctx: typer.Context, incomplete: str) -> list[str]:
    """The raw tables that were loaded before."""
    root = _root(ctx)
    folders = (root / "warehouse" / "raw").glob("*") if root else ()
    return _beginning(incomplete, (path.name for path in folders if path.is_dir()))


def offer_shown(ctx: typer.Context, incomplete: str) -> list[str]:
    """What `show` can show."""
    return _beginning(incomplete, ("scores", "fit", "features", "runs", "verdicts", "view"))


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})


def _definitions(
    ctx: typer.Context, folders: Iterable[str], incomplete: str, packaged_only: bool = False
) -> Iterator[str]:
    root = _root(ctx)
    connectors = _connectors(root)
    for base in (PACKAGE / "sql", *([root / "sql"] if root and not packaged_only else [])):
        for folder in folders:
            if folder == "sources":
                yield from (path.stem for name in connectors for path in (base / folder / name).glob("*.sql"))
            elif folder in VERSIONED:
                for path in (base / folder).glob("*/v*.sql"):
                    yield f"{path.parent.name}@{path.stem}" if "@" in incomplete else path.parent.name
            else:
                yield from (path.stem for path in (base / folder).glob("*.sql"))


def _root(ctx: typer.Context) -> Path | None:
    """The project's folder; None where there is none, which is no matter at TAB."""
    folder = Path(ctx.params.get("project") or ".").resolve()
    return next((each for each in (folder, *folder.parents) if (each / "leadmart.toml").is_file()), None)


def _connectors(root: Path | None) -> list[str]:
    try:
        settings = tomllib.loads((root / "leadmart.toml").read_text(encoding="utf-8-sig")) if root else {}
        return [str(name) for name in settings["sources"]["connectors"]]
    except (OSError, ValueError, KeyError, TypeError):
        return ["plain"]
