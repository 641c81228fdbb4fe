"""The repository root is the import package. These tests hold what that arrangement would otherwise let slip."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PYPROJECT["tool"]["setuptools"]["packages"]
PACKAGE_DATA: dict[str, list[str]] = PYPROJECT["tool"]["setuptools"]["package-data"]

TOP_LEVEL = {
    *("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"),
    *("pyproject.toml", "requirements.lock", "Makefile", ".ci", ".gitignore"),
    *("__init__.py", "__main__.py", "cli.py", "commands", "py.typed", "sql", "features", "expectations", "scoring"),
    *("tests", "docs", "bench", "examples"),
}
LONGEST_MODULE = 410

# In two pieces each, so that this file does not find itself.
MACHINE_WORDS = [
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/ho" + "me/",
    "/op" + "t/py",
    "pyp" + "i.org",
    "python" + "hosted",
    "registry." + "npmjs",
    "deb." + "debian.org",
    "--index" + "-url",
    "--extra" + "-index-url",
    "--find" + "-links",
    "--trusted" + "-host",
]


def tracked_files() -> list[Path]:
    """Every file git knows that is also there, relative to the repository."""
    told = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return [Path(name) for name in told.stdout.split("\0") if name and (REPOSITORY / name).is_file()]


def folder_of(package: str) -> Path:
    return REPOSITORY.joinpath(*package.split(".")[1:])


def package_modules() -> list[str]:
    """The import names of the modules in the listed packages; `__main__` acts when it is imported and is left out."""
    names = []
    for package in PACKAGES:
        stems = sorted({path.stem for path in folder_of(package).glob("*.py")} - {"__main__"})
        names += [package if stem == "__init__" else f"{package}.{stem}" for stem in stems]
    return names


def packaged_files() -> set[Path]:
    """The files that the package-data patterns match, relative to the repository."""
    return {
        path.relative_to(REPOSITORY)
        for package, patterns in PACKAGE_DATA.items()
        for pattern in patterns
        for path in folder_of(package).glob(pattern)
        if path.is_file()
    }


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_the_packages_listed_are_the_folders_with_an_init() -> None:
    folders = {
        ".".join(["leadmart", *path.parent.parts])
        for path in tracked_files()
        if path.name == "__init__.py" and path.parts[0] not in {"tests", "bench", "docs", "examples"}
    }
    assert sorted(PACKAGES) == sorted(folders)


def test_each_room_holds_modules_and_no_folder_of_them_is_left_out() -> None:
    rooms = {folder_of(package).relative_to(REPOSITORY) for package in PACKAGES}
    elsewhere = {"tests", "bench", "docs", "examples"}
    stray = [p for p in tracked_files() if p.suffix == ".py" and p.parts[0] not in elsewhere and p.parent not in rooms]
    assert stray == []


def test_every_module_has_one_import_name(tmp_path: Path) -> None:
    code = f"""
import importlib, sys
from importlib.util import find_spec
from pathlib import Path
for name in {package_modules()!r}:
    importlib.import_module(name)
names = {{}}
for name, module in list(sys.modules.items()):
    path = getattr(module, "__file__", None)
    if path and name != "__main__" and Path(path).resolve().is_relative_to({str(REPOSITORY)!r}) and ".venv" not in path:
        names.setdefault(str(Path(path).resolve()), []).append(name)
print("\\n".join(f"{{path}}: {{found}}" for path, found in names.items() if len(found) > 1))
print("\\n".join(name for name in ("features", "expectations", "scoring", "cli") if find_spec(name)))
"""
    told = run_python(code, tmp_path)
    assert told.returncode == 0, told.stderr
    assert told.stdout.split() == []


def test_no_test_run_imports_the_package_under_a_second_name() -> None:
    """pytest itself must not have imported the root's __init__.py, or a room, under another name."""
    names: dict[str, set[str]] = {}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if path and Path(path).is_relative_to(REPOSITORY) and not Path(path).is_relative_to(REPOSITORY / ".venv"):
            names.setdefault(path, set()).add(name)
    package = {path for path in names if Path(path).relative_to(REPOSITORY).parts[0] not in {"tests", "bench"}}
    assert {path: found for path, found in names.items() if path in package and len(found) > 1} == {}
    assert {name for path in package for name in names[path] if not name.startswith("leadmart")} == set()


def test_imports_name_the_package_in_full() -> None:
    rooms = {package.split(".")[1] for package in PACKAGES if "." in package} | {"cli"}
    wrong = []
    for path in tracked_files():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                roots = {"." * node.level or str(node.module).split(".")[0]}
            else:
                continue
            if any(root in rooms or root.startswith(".") for root in roots):
                wrong.append(f"{path}:{node.lineno}")
    assert wrong == []


def test_the_top_level_is_the_agreed_one() -> None:
    assert sorted({path.parts[0] for path in tracked_files()} - TOP_LEVEL) == []


def test_no_file_names_a_machine_or_a_registry() -> None:
    word = re.compile("|".join(map(re.escape, MACHINE_WORDS)))
    found = []
    for path in tracked_files():
        text = (REPOSITORY / path).read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path}:{n}: {line[:100]}" for n, line in enumerate(text.splitlines(), 1) if word.search(line)]
    # The script that makes the lock names the options that leave addresses out of it.
    assert [line for line in found if not line.startswith(".ci/lock.sh:") or "--no-emit" not in line] == []


def test_every_locked_package_is_pinned_and_hashed() -> None:
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert entries
    pinned = re.compile(r"[A-Za-z0-9._-]+==\S+( ;.*?)?\s+--hash=sha256:[0-9a-f]{64}")
    assert [entry[:60] for entry in entries if not pinned.match(entry)] == []


def test_every_dependency_is_in_the_lock() -> None:
    project = PYPROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[^A-Za-z0-9._-]", entry)[0].lower().replace("_", "-") for entry in wanted}
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    locked = {name.lower().replace("_", "-") for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}
    assert names - locked == set()


def test_no_module_is_too_long_to_read() -> None:
    lengths = {
        str(path): len((REPOSITORY / path).read_text(encoding="utf-8").splitlines())
        for path in tracked_files()
        if path.suffix == ".py"
    }
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_package_data_covers_every_file_that_is_no_module() -> None:
    """Definitions, suites and whatever else stands in a room: a file left out would be missing only once installed."""
    rooms = {"sql", *(package.split(".")[1] for package in PACKAGES if "." in package)}
    needed = {path for path in tracked_files() if path.parts[0] in rooms and path.suffix != ".py"}
    assert sorted(map(str, (needed | {Path("py.typed")}) - packaged_files())) == []


def test_the_wheel_holds_the_package_and_nothing_else(dist: Path) -> None:
    with zipfile.ZipFile(next(dist.glob("leadmart-*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == {f"leadmart/{path.as_posix()}" for path in shipped_files()}


def test_the_sdist_holds_what_the_wheel_is_made_of_and_nothing_else(dist: Path) -> None:
    with tarfile.open(next(dist.glob("leadmart-*.tar.gz"))) as sdist:
        held = {Path(*Path(each.name).parts[1:]) for each in sdist.getmembers() if each.isfile()}
    made = {path for path in held if path.parts[0] == "leadmart.egg-info" or path.name in {"PKG-INFO", "setup.cfg"}}
    named = {Path("pyproject.toml"), Path(PYPROJECT["project"]["readme"]), Path("LICENSE")}
    assert held - made == shipped_files() | named


def shipped_files() -> set[Path]:
    """The modules of the packages and the data beside them, as far as git knows them."""
    rooms = {folder_of(package).relative_to(REPOSITORY) for package in PACKAGES}
    modules = {path for path in tracked_files() if path.suffix == ".py" and path.parent in rooms}
    return modules | packaged_files().intersection(tracked_files())
