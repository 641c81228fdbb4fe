"""Virtual environments of the rivals, one each, made once from the pins in `rivals/`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bench.setting import Setting
from bench.timing import FailedError, run

_PINS = Path(__file__).with_name("rivals")
_NAMED = {"dbt": ("dbt-core", "dbt-duckdb", "duckdb"), "feast": ("feast", "duckdb", "ibis-framework", "pandas")}


class NotInstalledError(Exception):
    """A rival that could not be installed here: it is named as not measured."""


def rival_bin(setting: Setting, name: str) -> Path:
    """The folder of a rival's commands, installed if it was not yet. Raises NotInstalledError with the reason."""
    pins = _PINS / f"{name}.txt"
    folder = setting.data / "venvs" / name
    stamp = folder / "pins.txt"
    if stamp.is_file() and stamp.read_text() == pins.read_text():
        return folder / "bin"
    print(f"installing {name}, once", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        run(sys.executable, "-m", "venv", folder)
        run(folder / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", pins)
    except FailedError as error:
        last = [line for line in str(error).splitlines() if line.strip() and not line.startswith("WARNING")][-1]
        raise NotInstalledError(
            f"{pins.read_text().split()[0]} could not be installed ({last.strip()[:120]})"
        ) from None
    stamp.write_text(pins.read_text())
    return folder / "bin"


def versions(commands: Path, name: str) -> str:
    """What is installed in a rival's environment, in words."""
    code = (
        f"from importlib.metadata import version; print(*(f'{{n}} {{version(n)}}' for n in {_NAMED[name]!r}), sep=', ')"
    )
    return run(commands / "python", "-c", code).strip()
