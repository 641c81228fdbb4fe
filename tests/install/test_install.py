"""The wheel where nothing else is: installed by pip into an empty environment, as docs/install.md says, and used.

The third-party packages are not downloaded again: an environment that has them lends them, by links in the new one's
site-packages. Only those are lent that the wheel asks for, and what they ask for in turn; so a dependency that is not
declared is missing there, and nothing is to be seen of the extra `dev` or of the repository.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "install.md"
OTHERS = [Path(each) for each in os.environ.get("LEADMART_PYTHONS", "").split(os.pathsep) if each]
LENDERS = [pytest.param(Path(sys.prefix), id="own"), *(pytest.param(each, id=each.name) for each in OTHERS)]
"""Environments that lend their packages: the one of this process, and those that .ci/pythons.sh has made."""


def site_packages(environment: Path) -> Path:
    (found,) = environment.glob("lib/python3.*/site-packages")
    return found


def required(wheel: Path, lender: Path) -> dict[str, Distribution]:
    """The distributions a wheel asks for without extras, and all that these ask for, as far as the lender has them."""
    there = {
        canonicalize_name(each.metadata["Name"]): each for each in distributions(path=[str(site_packages(lender))])
    }
    version = site_packages(lender).parent.name.removeprefix("python")

    def asked(lines: list[str], extras: set[str]) -> Iterator[Requirement]:
        for line in lines:
            each = Requirement(line)
            named = [{"python_version": version, "extra": extra} for extra in ("", *extras)]
            if each.marker is None or any(each.marker.evaluate({**names}) for names in named):
                yield each

    with zipfile.ZipFile(wheel) as held:
        (name,) = (name for name in held.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(held.read(name).decode())
    todo = list(asked(metadata.get_all("Requires-Dist") or [], set()))
    found: dict[str, Distribution] = {}
    seen: set[str] = set()
    while todo:
        each = todo.pop()
        name = canonicalize_name(each.name)
        if f"{name}[{sorted(each.extras)}]" in seen or name not in there:
            continue
        seen.add(f"{name}[{sorted(each.extras)}]")
        found[name] = there[name]
        todo += asked(there[name].requires or [], each.extras)
    return found


def lend(lent: dict[str, Distribution], lender: Path, environment: Path) -> None:
    """Links the files of distributions into an environment's site-packages."""
    target = site_packages(environment)
    for each in lent.values():
        tops = {Path(str(file)).parts[0] for file in each.files or []} - {"..", "__pycache__"}
        for top in tops:
            if not (target / top).exists():
                (target / top).symlink_to(site_packages(lender) / top)


def console_blocks(page: Path) -> list[tuple[str, list[str]]]:
    """Each command of a page's ```console blocks, with the lines it is shown to print."""
    steps: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
    return steps


def as_pattern(shown: list[str]) -> str:
    """What is printed, as an expression: `...` is any lines; run ids and seconds differ."""
    text = re.escape("".join(f"{line}\n" for line in shown)).replace(re.escape("...") + "\\\n", r"(?s:.*)")
    text = re.sub(r"\d{8}T\d{6}\\-[0-9a-f]{6}", r"\\d{8}T\\d{6}-[0-9a-f]{6}", text)
    return re.sub(r"\d+\\\.\d\\ s", r"\\d+\\.\\d s", text)


@pytest.mark.slow
@pytest.mark.parametrize("lender", LENDERS)
def test_the_wheel_works_in_a_clean_environment(lender: Path, dist: Path, tmp_path: Path) -> None:
    wheel = next(dist.glob("leadmart-*.whl"))
    (tmp_path / wheel.name).write_bytes(wheel.read_bytes())
    lent = required(wheel, lender)
    assert not {"leadmart", "pytest", "ruff", "mypy", "hypothesis"} & lent.keys()
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PIP_"))}
    bare |= {
        "PATH": f"{lender / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "COLUMNS": "100",
    }

    def done(command: str, cwd: Path = tmp_path) -> str:
        told = subprocess.run(command, shell=True, cwd=cwd, env=bare, capture_output=True, text=True)
        assert told.returncode == 0, f"$ {command}\n{told.stdout}{told.stderr}"
        assert "Traceback" not in told.stderr, told.stderr
        return told.stdout

    environment = tmp_path / "leadmart-env"
    for command, shown in console_blocks(PAGE):
        out = done(command)
        assert re.fullmatch(as_pattern(shown), out), f"$ {command}\n{out}"
        if "-m venv" in command:
            lend(lent, lender, environment)

    python, leadmart = environment / "bin" / "python", environment / "bin" / "leadmart"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = done(f"{python} -c 'import leadmart, leadmart.scoring.pipeline as p; print(leadmart.__file__, p.__file__)'")
    assert all(Path(file).is_relative_to(site_packages(environment)) for file in place.split())
    assert (site_packages(environment) / "leadmart").resolve().is_relative_to(environment.resolve())
    assert done(f"{python} -m pip check", elsewhere) == "No broken requirements found.\n"
    lead = done(f"{leadmart} show scores --limit 1 --json --project {tmp_path / 'tryout'}", elsewhere)
    (identity,) = re.findall(r'"lead_id": "(\w+)"', lead)
    assert done(f"{leadmart} explain {identity} --project {tmp_path / 'tryout'}", elsewhere).startswith(
        f"lead {identity} at 2026-03-02T00:00:00: "
    )
    listed = done(f"{python} -m pip list --format=freeze", elsewhere).split()
    installed = {canonicalize_name(line.partition("==")[0]) for line in listed}
    assert installed - {"pip", "setuptools"} == {"leadmart", *lent} - {"setuptools"}
