"""Trains a project, and says when it begins to learn; it goes on when it is told a line."""

import importlib
import sys
from typing import Any

from leadmart import cli

training: Any = importlib.import_module("leadmart.scoring.train")
fit = training.fit


def once_told(*words, **more):
    print("learning", flush=True)
    sys.stdin.readline()
    return fit(*words, **more)


training.fit = once_told
sys.argv = ["leadmart", "train", "--project", sys.argv[1], "--json"]
cli.main()
