"""The random rows of test_inline.py, for views that are computed over many moments in one pass."""

from __future__ import annotations

from tests.features import test_inline as inline

randomly_staged = inline.randomly_staged
