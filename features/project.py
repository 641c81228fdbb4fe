"""A project: the folder that holds `leadmart.toml`, and the settings in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from leadmart.features.errors import LeadmartError, Place
from leadmart.features.toml import read_toml

SETTINGS_FILE = "leadmart.toml"

Ref = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*@v[1-9][0-9]*$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Column = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]*\.)?[a-z][a-z0-9_]*$")]

SourcePath = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*$")]
"""`segment/form_submissions`: one connector's part in a source."""

_NAME_OR_NONE = r"^([a-z][a-z0-9_]*)?$"
_EVERY = re.compile(r"^\s*(\d+)\s*(minute|hour|day)s?\s*$")
_AT = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")
_SPAN = re.compile(r"^\s*(\d+)\s*(hour|day|week)s?\s*$")


class Section(BaseModel):
    """A table of leadmart.toml: unknown keys are refused, values are never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectSection(Section):
    name: str = "leadmart"


class ClockSection(Section):
    """The cadence: an as_of falls on `at`, and every `every` from there on."""

    every: str = "1 day"
    at: str = "00:00"

    @field_validator("every")
    @classmethod
    def _every_is_an_interval(cls, value: str) -> str:
        found = _EVERY.match(value)
        if not found or int(found[1]) == 0 or len(found[1]) > 6:
            raise ValueError("write a number and minutes, hours or days, such as '1 day' or '6 hours'")
        if timedelta(days=1) % _interval(value) and _interval(value) % timedelta(days=1):
            raise ValueError("the cadence must divide a day, or be whole days")
        return value

    @field_validator("at")
    @classmethod
    def _at_is_a_time(cls, value: str) -> str:
        if not _AT.match(value):
            raise ValueError("write a time of day such as '00:00' (UTC)")
        return value

    @property
    def interval(self) -> timedelta:
        return _interval(self.every)

    @property
    def offset(self) -> timedelta:
        hour, minute = self.at.split(":")
        return timedelta(hours=int(hour), minutes=int(minute))


class RawSection(Section):
    """Where raw tables are read in place, beside those that `leadmart load` brought in."""

    duckdb: str | None = None
    # "schema" is a method of pydantic's BaseModel, so the attribute has another name
    duckdb_schema: str = Field(default="main", alias="schema")
    parquet: str | None = None


class SnapshotSection(Section):
    """A raw table that is updated in place: its key, and how a change of a row is told."""

    key: tuple[str, ...] = Field(min_length=1)
    strategy: str = Field(default="check", pattern="^(check|timestamp)$")
    updated_at: str | None = None
    columns: tuple[str, ...] | None = None

    @field_validator("key", mode="before")
    @classmethod
    def _one_column_is_a_key(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _strategy_has_what_it_needs(self) -> SnapshotSection:
        if (self.strategy == "timestamp") != (self.updated_at is not None):
            raise ValueError(
                'strategy = "timestamp" and updated_at = "<column>" go together; "check" compares the values themselves'
            )
        return self


class SourcesSection(Section):
    connectors: tuple[Name, ...] = ("plain",)
    have: tuple[Name, ...] | None = None
    without: tuple[SourcePath, ...] = ()


class FeaturesSection(Section):
    views: tuple[Ref, ...] = ()
    spine: Name = "open_leads"

    @field_validator("views")
    @classmethod
    def _no_view_twice(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [ref.partition("@")[0] for ref in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is listed twice; a project reads one version of a view")
        return value


class TiersSection(Section):
    hot: float = Field(default=80.0, ge=0, le=100)
    warm: float = Field(default=50.0, ge=0, le=100)
    by: Literal["composite", "rank"] = "composite"
    hot_share: float = Field(default=0.1, gt=0, lt=1)
    warm_share: float = Field(default=0.2, ge=0, lt=1)

    @model_validator(mode="after")
    def _warm_below_hot(self) -> TiersSection:
        if self.warm >= self.hot:
            raise ValueError("warm must be below hot")
        if self.hot_share + self.warm_share > 1:
            raise ValueError("hot_share and warm_share together are more than all leads")
        return self


class BoostSection(Section):
    column: Name = "days_since_last_visit"
    max: float = Field(default=10.0, ge=0, le=10)
    half_life_days: float = Field(default=7.0, gt=0)


class BlendSection(Section):
    max_weight: float = Field(default=1.0, ge=0, le=1)


class CapacitySection(Section):
    leads_per_week: int = Field(default=100, ge=1)


class ScoringSection(Section):
    gates: tuple[Ref, ...] = ()
    scorecard: Name = "scorecard"
    reasons: Name = "reasons"
    reasons_for: str = Field(default="notable", pattern="^(notable|all)$")
    shadow: bool = True
    overrides: bool = False
    fit: str = Field(default="", pattern=_NAME_OR_NONE)
    playbook: str = Field(default="", pattern=_NAME_OR_NONE)
    talking_points: str = Field(default="", pattern=_NAME_OR_NONE)
    unspoken: tuple[Name, ...] = ()
    tiers: TiersSection = TiersSection()
    boost: BoostSection = BoostSection()
    blend: BlendSection = BlendSection()
    capacity: CapacitySection = CapacitySection()


class TrainSection(Section):
    label: Name = "opportunity"
    spine: Name = "training_landmarks"
    # which columns reach the model, as `column` or `view.column`; left out: all of [features] views
    columns: tuple[Column, ...] | None = Field(default=None, min_length=1)
    months: int = Field(default=24, ge=1, le=120)
    most_landmarks: int = Field(default=1_000_000, ge=1000)
    person: Name = "email"
    group_by: Literal["lead", "account"] = "lead"
    ingest_lag_days: int = Field(default=1, ge=0, le=365)
    seed: int = Field(default=1, ge=0)
    test_days: int = Field(default=60, ge=1, le=730)
    calibration_days: int = Field(default=45, ge=0, le=730)
    validation_days: int = Field(default=45, ge=0, le=730)
    train_until: date | None = None
    test_start: date | None = None
    test_end: date | None = None
    # which way a column's rise may move the probability
    monotone: dict[str, Literal["up", "down"]] = Field(default_factory=dict)
    # why a test ROC-AUC above .95, or a suspected column, is no leak
    waive_leak: str = ""
    waive: dict[str, Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _dates_go_together(self) -> TrainSection:
        given = [d is not None for d in (self.train_until, self.test_start, self.test_end)]
        if any(given) and not all(given):
            raise ValueError("train_until, test_start and test_end are given together or not at all")
        if not (self.train_until and self.test_start and self.test_end):
            return self
        if not self.train_until < self.test_start <= self.test_end:
            raise ValueError("train_until must be before test_start, and test_start not after test_end")
        return self


class ReportSection(Section):
    """What `train` reports of beside the figures; nothing here changes a model or a score."""

    segments: tuple[Name, ...] | None = None
    audit: tuple[Ref, ...] = ()
    holdout: str = Field(default="", pattern=_NAME_OR_NONE)
    precision_target: float = Field(default=0.3, gt=0, lt=1)


class RoutingSection(Section):
    """Whether leads of some tiers are given to representatives, by which rules, and who these are."""

    enabled: bool = False
    rules: Name = "routing"
    reps: Name = "reps"
    tiers: tuple[Literal["hot", "warm", "cold"], ...] = ("hot",)


class OutboxSection(Section):
    """Whether changes of tier are written down for other systems, and after how many failures one is given up."""

    enabled: bool = False
    brief: bool = False
    attempts: int = Field(default=10, ge=1)


class MartsSection(Section):
    """Which marts the catalogue holds: `"all"`, or their names."""

    build: tuple[Name, ...] = ()

    @field_validator("build", mode="before")
    @classmethod
    def _one_name_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


class EngineSection(Section):
    memory_limit: str = Field(default="4GB", pattern=r"^\d+(\.\d+)?\s*(MB|GB|MiB|GiB)$")
    threads: int | None = Field(default=None, ge=1)


class RetentionSection(Section):
    """How long `prune` leaves what, each `forever` or a number of hours, days or weeks; `span` reads one of them."""

    slices: str = "30 days"
    weekly: str = "forever"
    old_versions: str = "30 days"
    superseded: str = "30 days"
    scores: str = "forever"
    grace: str = "1 day"

    @field_validator("*")
    @classmethod
    def _is_a_span(cls, value: str) -> str:
        if value.strip() != "forever" and not _SPAN.match(value):
            raise ValueError("write 'forever', or a number and hours, days or weeks, such as '30 days'")
        return value

    @field_validator("slices")
    @classmethod
    def _not_nothing(cls, value: str) -> str:
        if span(value) == timedelta():
            raise ValueError("keep the slices of one day at least")
        return value


class Settings(Section):
    """All of leadmart.toml; every key has a default, so an empty file is a valid project."""

    project: ProjectSection = ProjectSection()
    clock: ClockSection = ClockSection()
    raw: RawSection = RawSection()
    snapshot: dict[str, SnapshotSection] = {}
    sources: SourcesSection = SourcesSection()
    features: FeaturesSection = FeaturesSection()
    scoring: ScoringSection = ScoringSection()
    train: TrainSection = TrainSection()
    report: ReportSection = ReportSection()
    routing: RoutingSection = RoutingSection()
    outbox: OutboxSection = OutboxSection()
    marts: MartsSection = MartsSection()
    engine: EngineSection = EngineSection()
    retention: RetentionSection = RetentionSection()


@dataclass(frozen=True)
class Project:
    """A project's folder and settings; every path the project owns is named here."""

    root: Path
    settings: Settings

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def store(self) -> Path:
        """The small DuckDB file with meta and scores."""
        return self.warehouse / "leadmart.duckdb"

    @property
    def catalogue(self) -> Path:
        """The DuckDB file analysts open."""
        return self.warehouse / "published" / "leadmart.duckdb"

    @property
    def demo_truth(self) -> Path:
        """The made-up world's known hazards; only a demo project has the file, and no definition can read it."""
        return self.warehouse / "demo" / "truth.parquet"

    @property
    def is_demo(self) -> bool:
        return self.demo_truth.is_file()

    def place_of(self, value: str) -> Place:
        """Where leadmart.toml says `value` in quotes; the file alone where it does not."""
        path = self.root / SETTINGS_FILE
        lines = path.read_text(encoding="utf-8-sig").splitlines() if path.is_file() else []
        for number, line in enumerate(lines, 1):
            found = re.search(f"([\"']){re.escape(value)}\\1", line.partition("#")[0])
            if found:
                return Place(str(path), number, found.start() + 1, line, len(found[0]))
        return Place(str(path))


def find_project(start: Path | None = None) -> Project:
    """The project whose `leadmart.toml` stands in `start` or the nearest folder above it.

    Raises LeadmartError `no_project` where there is none, `bad_folder`, and what `read_settings` raises.
    """
    folder = (start or Path.cwd()).resolve()
    refuse_folder(folder)
    for candidate in (folder, *folder.parents):
        if (candidate / SETTINGS_FILE).is_file():
            return Project(candidate, read_settings(candidate / SETTINGS_FILE))
    raise LeadmartError(
        f"no {SETTINGS_FILE} in {folder} or above it",
        code="no_project",
        hint="go to a project's folder, pass --project DIR, or make one with `leadmart init FOLDER`",
    )


def refuse_folder(folder: Path) -> None:
    """Raises LeadmartError `bad_folder` for a path that DuckDB takes for another one."""
    text = str(folder.resolve())
    try:
        text.encode()
    except UnicodeEncodeError:
        why = "its path is not in UTF-8"
    else:
        why = "DuckDB reads ? and \\ in a path as something else" if "?" in text or "\\" in text else ""
    if why:
        raise LeadmartError(
            f"{text!r} cannot be a project's folder: {why}", code="bad_folder", hint="give it another name"
        )


def read_settings(path: Path) -> Settings:
    """The settings in `path`. Raises LeadmartError `bad_settings` with the line of every key that is wrong."""
    return read_toml(path, Settings)


def span(text: str) -> timedelta | None:
    """A setting of [retention] as time; None for `forever`."""
    found = _SPAN.match(text)
    return timedelta(**{found[2] + "s": int(found[1])}) if found else None


def _interval(text: str) -> timedelta:
    found = _EVERY.match(text)
    assert found, text
    return timedelta(**{found[2] + "s": int(found[1])})
