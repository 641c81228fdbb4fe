"""What the pages name exists: commands, options, settings, tables, links; and what exists is named."""

from __future__ import annotations

import configparser
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from leadmart.cli import app
from leadmart.features.definition import Definition
from leadmart.features.project import Project, Settings
from leadmart.features.proof.lint import problems_of
from leadmart.features.registry import Registry

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
ROOMS = ["commands", "scoring", "expectations", "features"]
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
GROUP: Any = typer.main.get_command(app)
OPTIONS = {
    name: {option for p in command.params for option in (*p.opts, *p.secondary_opts) if option.startswith("-")}
    for name, command in GROUP.commands.items()
}
OF_ALL = {option for p in GROUP.params for option in p.opts} | {"--help", "--install-completion", "--show-completion"}


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(page: Path) -> Iterator[str]:
    """What a page shows as code: code spans, and the lines of its blocks."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```(?!sql|json|ini)\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from (line.strip() for line in prose.splitlines() if line.startswith("    "))
    yield from re.findall(r"`([^`]+)`", prose)


def calls(text: str) -> Iterator[tuple[str, set[str]]]:
    """Each `leadmart COMMAND …` in a text, with the options it is given."""
    for call in re.split(r"(?:^|[\s/`(])leadmart(?= )", text)[1:]:
        words = re.split(r"\s(?:&&|\|\||[#|>]|2>)|[;`]", call)[0].split()
        if words and re.fullmatch(r"[a-z]+", words[0]):
            yield words[0], {word.partition("=")[0] for word in words if re.match(r"--\w", word)}


def test_each_command_and_option_that_a_page_names_exists() -> None:
    named, strange = 0, []
    for page in PAGES:
        for text in texts(page):
            bare = re.match(r"(--[a-z][a-z-]+)", text)
            if bare and "leadmart" not in text:
                known = OF_ALL.union(*OPTIONS.values())
                if bare[1] not in known | {"--require-hashes", "--no-deps", "--doctest-modules", "--dist"}:
                    strange.append(f"{page.name}: {bare[1]}")
            for command, options in calls(text):
                named += 1
                if command not in OPTIONS:
                    strange.append(f"{page.name}: leadmart {command}")
                else:
                    strange += [f"{page.name}: {command} {o}" for o in options - OPTIONS[command] - OF_ALL]
    assert strange == []
    assert named > 100


def test_the_page_of_commands_is_what_they_say_of_themselves(reference: ModuleType) -> None:
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == reference.commands_page(), "`make reference` renews it"


def test_the_page_of_marts_is_what_they_say_of_themselves(reference: ModuleType) -> None:
    assert (DOCS / "marts.md").read_text(encoding="utf-8") == reference.marts_page(), "`make reference` renews it"


def test_the_exit_codes_that_pages_tell_are_those_there_are() -> None:
    rooms = [REPOSITORY / "cli.py", *(f for room in ROOMS for f in (REPOSITORY / room).rglob("*.py"))]
    code = "\n".join(path.read_text(encoding="utf-8") for path in rooms)
    used = {int(n) for n in re.findall(r"(?:\bExit\(|\bexit_code(?:: int)? ?= ?|\bcode = )(\d+)\b", code)}
    used |= {0, typer.BadParameter("").exit_code}
    pages = [(DOCS / name).read_text(encoding="utf-8") for name in ("commands.md", "operations.md")]
    told = [{int(n) for n in re.findall(r"^\| (\d+) \| ", page, re.MULTILINE)} for page in pages]
    assert told[0] == used
    assert told[1] == used - {4}  # of `plan --exit-code` alone


def test_the_page_of_tables_is_what_the_catalogue_holds(reference: ModuleType, company: Any) -> None:
    catalogue = company("scored") / "warehouse" / "published" / "leadmart.duckdb"
    page = reference.tables_page(catalogue)
    assert (DOCS / "tables.md").read_text(encoding="utf-8") == page, "`make reference` renews it"


def test_each_column_has_words() -> None:
    bare = re.findall(r"^\| `(\w+)` \| [\w\[\], ()]+ \| +\|$", (DOCS / "tables.md").read_text("utf-8"), re.MULTILINE)
    assert bare == [], "comment them in their migration"


def settings_of(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, str]]:
    """Each setting below a table of leadmart.toml, dotted, with its default as TOML writes it."""
    for name, field in model.model_fields.items():
        path, kind = above + (field.alias or name), field.annotation
        inner = [a for a in (kind, *get_args(kind)) if isinstance(a, type) and issubclass(a, BaseModel)]
        if inner:
            yield from settings_of(inner[0], f"{path}.{'' if inner[0] is kind else 'TABLE.'}")
        elif "dict" in str(kind):
            yield f"{path}.COLUMN", "none"
        else:
            yield path, as_toml(field.get_default(call_default_factory=True), required=field.is_required())


def as_toml(value: object, required: bool) -> str:
    if required:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"`[{', '.join(as_toml(v, False).strip('`') for v in value)}]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def test_the_page_of_settings_has_each_with_its_default() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    written = re.findall(r"^\| `([\w.]+)` \| (.+?) \| \S", page, re.MULTILINE)
    assert written == list(settings_of(Settings))


def test_the_definition_in_the_readme_is_proven(tmp_path: Path) -> None:
    (sql,) = re.findall(r"^```sql\n(.*?)^```", (REPOSITORY / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    shown = Definition("feature", "shown", 1, "", Path("sql/features/shown/v1.sql"), sql, False)
    assert problems_of(shown, Registry(Project(tmp_path, Settings()))) == []
    whole = squeezed((REPOSITORY / "sql/features/web_engagement/v1.sql").read_text(encoding="utf-8"))
    assert [line for line in sql.splitlines() if squeezed(line) not in whole] == []


def squeezed(text: str) -> str:
    """Without layout and commas."""
    return " ".join(text.replace(",", " ").split())


def links(page: Path) -> set[Path]:
    return {
        (page.parent / target).resolve()
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    }


def test_every_linked_file_exists() -> None:
    pages = [*PAGES, *REPOSITORY.glob("examples/**/*.md"), REPOSITORY / "CHANGELOG.md"]
    assert [(page.name, str(target)) for page in pages for target in links(page) if not target.exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    ahead = {REPOSITORY / "README.md"}
    while ahead:
        page = ahead.pop()
        reached.add(page)
        ahead |= {target for target in links(page) if target.suffix == ".md" and target.exists()} - reached
    assert set(DOCS.glob("*.md")) - reached == set()


def test_the_units_and_the_dag_are_well_formed() -> None:
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    service, timer = (parse_unit(unit) for unit in re.findall(r"^```ini\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    assert service["Service"]["Type"] == "oneshot"
    assert timer["Install"]["WantedBy"] == "timers.target"
    (dag,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    compile(dag, "dag.py", "exec")
    for text in (service["Service"]["ExecStart"], *re.findall(r'bash_command="(.*?)"', dag)):
        ((command, options),) = calls(text)
        assert options <= OPTIONS[command]


def parse_unit(text: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    return unit


@pytest.mark.parametrize(
    ("page", "begins", "option"),
    [("concurrency.md", "| `warehouse/leadmart.duckdb`, the store | ", "--wait"), ("logs.md", "", "--log-format")],
)
def test_the_page_names_every_command_that_has_the_option(page: str, begins: str, option: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    (listed,) = re.findall(f"^{re.escape(begins)}((?:`[a-z]+`(?:, | and\\s)?){{5,}})", text, re.MULTILINE)
    assert set(re.findall(r"`([a-z]+)`", listed)) == {name for name, options in OPTIONS.items() if option in options}
