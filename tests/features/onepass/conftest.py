"""The random rows of test_inline.py, for views that are computed over many moments in one pass."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any


def _load(name: str) -> Any:
    file = Path(__file__).parent.parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"leadmart_tests_onepass_{name}", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


inline = _load("test_inline")
randomly_staged = inline.randomly_staged
