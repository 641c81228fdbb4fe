"""Holds the store of a project until its stdin ends."""

import sys
from pathlib import Path

from leadmart.features.project import find_project
from leadmart.features.warehouse import open_for_writing

with open_for_writing(find_project(Path(sys.argv[1])), "backfill") as warehouse:
    warehouse.name_run("20260302T060000-3fa9c1")
    print("held", flush=True)
    sys.stdin.read()
