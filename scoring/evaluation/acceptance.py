"""Is a calibration accepted: its distances on the test block against what a perfect model shows there by chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Outcomes = NDArray[np.int8]

BINS = 15
# Each test rejects a perfect model in this share of cases at most (C6).
SIZE = 0.05
_CELLS = 1_000_000  # of one chunk of drawn outcomes
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class NullTest:
    """A distance between p and what happened. `null_low` to `null_high` is where a perfect model's value lies in 95 %
    of cases; `rejected` where `value` lies outside. All are None where the test is undefined, and `reason` says why.
    """

    name: str
    value: float | None
    null_low: float | None = None
    null_high: float | None = None
    rejected: bool | None = None
    reason: str = ""

    def as_json(self) -> dict[str, object]:
        """The test's fields; `reason` where it is undefined."""
        document: dict[str, object] = {
            "name": self.name,
            "value": self.value,
            "null_low": self.null_low,
            "null_high": self.null_high,
            "rejected": self.rejected,
        }
        return document | ({"reason": self.reason} if self.reason else {})


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows of neighbouring p: what was said, what happened (with a 95 % interval, leads as clusters), and between
    which shares a perfect model's would lie in 95 % of cases.
    """

    rows: int
    mean_p: float
    observed: float
    low: float
    high: float
    null_low: float
    null_high: float

    def as_json(self) -> dict[str, float | int]:
        """The bin's fields."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Acceptance:
    """The three tests of C6 and the bins of the reliability chart."""

    tests: tuple[NullTest, ...]
    bins: tuple[ReliabilityBin, ...] = ()

    @property
    def rejected(self) -> tuple[str, ...]:
        """The names of the tests that reject; none where there was nothing to judge."""
        return tuple(test.name for test in self.tests if test.rejected)


def accept(y: Outcomes, p: Floats, leads: Ints, *, seed: int = 1, replicates: int = 1000) -> Acceptance:
    """`ece` (15 bins of equal mass), `spiegelhalter` (Z) and `ratio` (mean p over the base rate) of p against y, each
    against its own parametric bootstrap: outcomes drawn as if p were true, the test's value above the 95th percentile
    of theirs (of |Z|, and of the ratio's distance from 1 in logarithms) is rejected.

    A lead's landmarks share one fate, so its rows are drawn together: one uniform u a lead, positive where u < p. Of
    all joint draws in which each row has its own p this one ties them most, hence a perfect model is rejected in no
    more than 5 % of cases, whatever ties them in truth; with one row a lead in 5 %. `leads` numbers each row's lead.
    The order of the rows changes nothing.
    """
    if len(y) == 0 or not y.any():
        why = "there are no rows" if len(y) == 0 else "no row is positive"
        return Acceptance(tuple(NullTest(name, None, reason=why) for name in ("ece", "spiegelhalter", "ratio")))
    order = np.lexsort((y, leads, p))
    rows = _Rows(y[order], p[order], leads[order])
    shares, z, drawn_shares, drawn_z = rows.measured(seed, replicates)
    mean_p, base = float(rows.p.mean()), float(rows.y.mean())
    ece, drawn_ece = rows.ece(shares), rows.ece(drawn_shares)
    drawn_base = (drawn_shares * rows.counts).sum(axis=1) / len(y)
    with np.errstate(divide="ignore"):
        drawn_distance = np.abs(np.log(mean_p / drawn_base))
    edge_ece, edge_z, edge_ratio = (_edge(values) for values in (drawn_ece, np.abs(drawn_z), drawn_distance))
    ratio = mean_p / base
    tests = (
        NullTest("ece", float(ece[0]), 0.0, edge_ece, bool(ece[0] > edge_ece)),
        NullTest("spiegelhalter", float(z[0]), -edge_z, edge_z, bool(abs(z[0]) > edge_z))
        if np.isfinite(z[0])
        else NullTest("spiegelhalter", None, reason="every p is 0, 1 or one half"),
        NullTest(
            "ratio", ratio, float(np.exp(-edge_ratio)), float(np.exp(edge_ratio)), bool(abs(np.log(ratio)) > edge_ratio)
        ),
    )
    return Acceptance(tests, rows.bins(shares[0], drawn_shares))


class _Rows:
    """The rows of the block, sorted by p and cut into bins of equal mass; rows of one p stay together, so that no
    order among them matters.
    """

    def __init__(self, y: Outcomes, p: Floats, leads: Ints) -> None:
        self.y, self.p = y.astype(np.float64), p
        _, self._code = np.unique(leads, return_inverse=True)
        self._leads = int(self._code.max()) + 1
        first = np.searchsorted(p, p, "left")
        last = np.searchsorted(p, p, "right") - 1
        bin_of = (first + last) * BINS // (2 * len(p))
        self._starts = np.nonzero(np.diff(bin_of, prepend=-1))[0]
        self.counts = np.diff(np.append(self._starts, len(p))).astype(np.float64)
        self._said = np.add.reduceat(p, self._starts) / self.counts
        self._spread = float(np.sqrt(((1 - 2 * p) ** 2 * p * (1 - p)).sum()))

    def measured(self, seed: int, replicates: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Shares of positives by bin and Spiegelhalter's Z: of the block itself (1, ...), and of draws from p."""
        shares, z = self._figures(self.y[None, :])
        drawn = [self._figures(outcomes) for outcomes in self._draws(seed, replicates)]
        return shares, z, np.concatenate([d[0] for d in drawn]), np.concatenate([d[1] for d in drawn])

    def ece(self, shares: Floats) -> Floats:
        """Mean distance of what happened from what was said, rows weighing alike, for each row of `shares`."""
        distance: Floats = (np.abs(shares - self._said) * self.counts).sum(axis=1) / len(self.p)
        return distance

    def bins(self, shares: Floats, drawn: Floats) -> tuple[ReliabilityBin, ...]:
        """The reliability chart's bins."""
        null_low, null_high = np.percentile(drawn, [2.5, 97.5], axis=0)
        found = []
        for number, (start, count) in enumerate(zip(self._starts, self.counts.astype(int), strict=True)):
            rows = slice(int(start), int(start) + int(count))
            low, high = _wilson(self.y[rows], self._code[rows])
            found.append(
                ReliabilityBin(
                    int(count),
                    float(self._said[number]),
                    float(shares[number]),
                    low,
                    high,
                    float(null_low[number]),
                    float(null_high[number]),
                )
            )
        return tuple(found)

    def _draws(self, seed: int, replicates: int) -> Iterator[Floats]:
        draw = np.random.Generator(np.random.PCG64(seed))
        step = max(1, _CELLS // len(self.p))
        for start in range(0, replicates, step):
            fate = draw.random((min(step, replicates - start), self._leads))
            yield (fate[:, self._code] < self.p).astype(np.float64)

    def _figures(self, outcomes: Floats) -> tuple[Floats, Floats]:
        shares = np.add.reduceat(outcomes, self._starts, axis=1) / self.counts
        with np.errstate(divide="ignore", invalid="ignore"):
            z = ((outcomes - self.p) * (1 - 2 * self.p)).sum(axis=1) / self._spread
        return shares, z


def _edge(drawn: Floats) -> float:
    return float(np.quantile(drawn, 1 - SIZE, method="higher"))


def _wilson(y: Floats, code: Ints) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, of as many independent rows as would have its standard error by leads."""
    share = float(y.mean())
    _, lead = np.unique(code, return_inverse=True)
    leads = int(lead.max()) + 1
    variance = float((np.bincount(lead, weights=y - share) ** 2).sum()) / len(y) ** 2
    n = share * (1 - share) / variance if variance > 0 else float(leads)
    middle = (share + _Z95**2 / (2 * n)) / (1 + _Z95**2 / n)
    half = _Z95 / (1 + _Z95**2 / n) * float(np.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n**2)))
    return max(0.0, middle - half), min(1.0, middle + half)
