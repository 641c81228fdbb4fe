"""What estimates: the one shape that boosted trees and a logistic regression share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from leadmart.scoring.models.matrix import ModelColumn

Floats = NDArray[np.float64]
Value = float | int | str | bool | None
Direction = Literal["up", "down"]
Monotone = Mapping[str, Direction]
"""Columns whose rise is declared to lift the probability, or to lower it (G4)."""


class Estimator(Protocol):
    """A fitted estimator: a value that reads the matrix of `to_matrix`, and whose text gives the same one again.

    A row's results depend on no other row: a hot run and a full one give the same bits.
    """

    @property
    def name(self) -> str:
        """What it is, in a word: `lightgbm`, `logistic`."""

    def document(self) -> dict[str, Any]:
        """One key with all of it, as JSON can hold it; the key tells which estimator reads it."""

    def probability(self, matrix: Floats) -> Floats:
        """(rows,) probabilities, before any calibration."""

    def margin(self, matrix: Floats) -> Floats:
        """(rows,) log odds of `probability`."""

    def contributions(self, matrix: Floats) -> tuple[Floats, Floats]:
        """(rows, columns) shares of the log odds, and (rows,) bias; a row's sum is its `margin` within 1e-6 (X1)."""

    def shares(self, columns: int) -> Floats:
        """(columns,) what part of the estimator each column is, adding up to 1; zeros where it reads none."""


@dataclass(frozen=True)
class Fitted:
    """An estimator before calibration: the columns it reads, its parameters, the rounds of boosting (0 where there are
    none), and how it came about, in words.
    """

    estimator: Estimator
    columns: tuple[ModelColumn, ...]
    rounds: int
    params: tuple[tuple[str, Value], ...]
    how: str = ""
