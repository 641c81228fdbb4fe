"""The benchmark's modules stand outside the package; its tests import them as `bench`."""

from __future__ import annotations

import sys
from pathlib import Path

# behind everything else, so that nothing of the repository's root is found before what is installed
sys.path.append(str(Path(__file__).resolve().parents[2]))
