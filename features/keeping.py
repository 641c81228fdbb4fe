"""Tables of leadmart.toml about what leaves the warehouse and what stays: the outbox, marts, retention."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
_SPAN = re.compile(r"^\s*(\d+)\s*(hour|day|week)s?\s*$")


class Section(BaseModel):
    """A table of leadmart.toml: unknown keys are refused, values are never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OutboxSection(Section):
    """Whether changes of tier are written down for other systems, and after how many failures one is given up."""

    enabled: bool = False
    attempts: int = Field(default=10, ge=1)


class MartsSection(Section):
    """Which marts the catalogue holds: `"all"`, or their names."""

    build: tuple[Name, ...] = ()

    @field_validator("build", mode="before")
    @classmethod
    def _one_name_is_a_list(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


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


def span(text: str) -> timedelta | None:
    """A setting of [retention] as time; None for `forever`."""
    found = _SPAN.match(text)
    return timedelta(**{found[2] + "s": int(found[1])}) if found else None
