"""A full disk: a named error, nothing half listed, and with room again the rows of an undisturbed project.

The disk is a small tmpfs; where mounting is not allowed, files may not grow past a size instead (RLIMIT_FSIZE). Both
are the operating system's own refusals.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.killing import shown, state, take_verdicts
from tests.samples import IS_ALL

KILOBYTE = 1024
NOW = {"LEADMART_NOW": "2026-03-02T01:00:00"}
DISK = 24 * KILOBYTE * KILOBYTE

pytestmark = pytest.mark.slow


class Disk:
    """A folder on which room can be taken away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "leadmart-test", str(folder)]
        may_mount = shutil.which("mount") is not None and os.geteuid() == 0
        self.is_mounted = may_mount and subprocess.run(mount, capture_output=True).returncode == 0

    def run(self, *words: object, room: int | None = None) -> tuple[int, str]:
        """Runs the command with so many kilobytes left, or with all there are: its exit code and stderr."""
        filler = self.folder / "filler"

        def limit() -> None:
            if room is not None and not self.is_mounted:
                resource.setrlimit(resource.RLIMIT_FSIZE, (room * KILOBYTE, room * KILOBYTE))

        if room is not None and self.is_mounted:
            free = shutil.disk_usage(self.folder).free - room * KILOBYTE
            filler.write_bytes(b"\0" * max(free, 0))
        program = str(Path(sys.executable).parent / "leadmart")
        environment = os.environ | NOW
        try:
            done = subprocess.run(
                [program, *map(str, words)], capture_output=True, text=True, env=environment, preexec_fn=limit
            )
        finally:
            filler.unlink(missing_ok=True)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stderr

    def close(self) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "disk")
    yield made
    made.close()


ROOMS = {"load": (0, 40, 250), "run": (0, 200, 900)} if IS_ALL else {"load": (0,), "run": (200, 900)}
"""Kilobytes left: nothing for the log of the store, nothing for the file, nothing for the catalogue."""


def test_with_room_again_the_rows_are_those_of_an_undisturbed_project(
    disk: Disk, town: Path, here: Any, tmp_path: Path
) -> None:
    whole = Path(shutil.copytree(town, tmp_path / "whole"))
    folder = Path(shutil.copytree(town, disk.folder / "project"))
    said: dict[str, tuple[object, ...]] = {"load": ("load", "web_events", folder / "late.csv"), "run": ("run",)}
    expected = {}
    for command, words in said.items():
        assert here(*words, "--project", whole, **NOW).code == 0
        expected[command] = state(whole)
    take_verdicts(folder, whole)
    for command, rooms in ROOMS.items():
        words = said[command]
        seen = shown(folder)
        for room in rooms:
            code, told = disk.run(*words, "--project", folder, room=room)
            assert code == 1, (command, room, told)
            assert "error: there is no room left on the disk" in told, (command, room, told)
            assert shown(folder) == seen
            assert list(folder.glob("warehouse/published/*.new*")) == []
        assert disk.run(*words, "--project", folder)[0] == 0
        assert state(folder) == expected[command]
