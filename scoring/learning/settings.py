"""What training is asked for: the outcome to learn, and what the project's settings say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from leadmart.scoring.learning.dataset import SplitSettings
from leadmart.scoring.models.estimator import Monotone


@dataclass(frozen=True)
class Label:
    """The outcome learned: its name, the version of its definition, and the horizon."""

    name: str
    version: str
    horizon: timedelta


@dataclass(frozen=True)
class TrainSettings:
    """What `[train]` says. `cut_off` is the newest completed load; `not_before` the first landmark of the training
    window. `waived_leak` and `waived`, by column, are reasons why suspects do not stop training. `monotone` declares
    directions, by column. `clocks` and `clock_notes` go into the report: what is unknown, what is assumed,
    and the sections of the training frame.
    """

    cut_off: datetime
    ingest_lag: timedelta = timedelta(days=1)
    not_before: datetime | None = None
    split: SplitSettings = field(default_factory=SplitSettings)
    seed: int = 1
    threads: int = 1
    replicates: int = 500
    waived_leak: str = ""
    waived: Mapping[str, str] = field(default_factory=dict)
    monotone: Monotone = field(default_factory=dict)
    clocks: Mapping[str, object] = field(default_factory=dict)
    clock_notes: tuple[str, ...] = ()
