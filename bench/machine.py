"""What the figures were measured on: cores, memory, disk, system, versions. No paths and no names of machines."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
_LIBRARIES = ("duckdb", "polars", "pyarrow", "lightgbm", "great-expectations", "sqlglot", "numpy")
_CODE = ("features", "expectations", "scoring", "commands", "sql", "cli.py", "__init__.py", "__main__.py")


def machine(folder: Path) -> dict[str, str]:
    """A machine's description for people; `folder` is where the data of the measurements stand."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "disk": _disk(folder),
        "system": f"{_system()}, Linux {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "libraries": ", ".join(f"{name} {_version(name)}" for name in _LIBRARIES),
    }


def load_words() -> str:
    """How busy the machine is as a measurement begins."""
    one = os.getloadavg()[0]
    words = "other work on the machine" if one > 0.5 * (os.cpu_count() or 1) else "quiet"
    return f"{words} (load {one:.1f})"


def code_version() -> str:
    """Ten hex digits of the package's own files: what was measured, whatever else was committed since."""
    hashed = hashlib.sha256()
    for name in _CODE:
        path = REPOSITORY / name
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" not in file.parts:
                hashed.update(file.relative_to(REPOSITORY).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return hashed.hexdigest()[:10]


def commit() -> str:
    """The repository's commit in short; empty where there is none."""
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return platform.system()


def _disk(folder: Path) -> str:
    """The file system's kind, and whether its disk turns; a virtual disk says of itself what its host tells it."""
    here = max(
        (line.split() for line in Path("/proc/mounts").read_text().splitlines()),
        key=lambda words: len(words[1]) if folder.resolve().is_relative_to(words[1]) else -1,
    )
    device = Path(here[0]).name
    turning = Path(f"/sys/block/{device}/queue/rotational")
    if not turning.is_file():
        turning = Path(f"/sys/block/{device.rstrip('0123456789')}/queue/rotational")
    kind = {"0": "solid state", "1": "turning disk"}.get(turning.read_text().strip() if turning.is_file() else "", "")
    virtual = "virtual" if device.startswith(("vd", "xvd")) else ""
    # what a virtual disk says of itself is seldom true of what is beneath it
    return " ".join(filter(None, (here[2], "on a", virtual, f"disk ({kind})" if kind and not virtual else "disk")))
