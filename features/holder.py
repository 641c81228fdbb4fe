"""Who holds the store, and how long to wait for it: DuckDB's lock is the truth, a small file beside it the words."""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import duckdb

from leadmart.features.clock import now, parse_moment
from leadmart.features.errors import LeadmartError, first_line
from leadmart.features.project import Project

Found = TypeVar("Found")

_LOCKED = re.compile(r"lock is held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")
_SHORTEST, _LONGEST = 0.05, 1.0
"""Seconds between two attempts to get the store, growing from one to the other."""


@dataclass(frozen=True)
class Holder:
    """The process that writes to a store: its command, `""` for a session of Python's, and since when."""

    pid: int
    born: str
    command: str
    run_id: str | None
    since: datetime

    @classmethod
    def here(cls, command: str) -> Holder:
        """This process, from now on."""
        return cls(os.getpid(), _born(os.getpid()), command, None, now())

    @property
    def words(self) -> str:
        """`` `leadmart run` 20260302T060011-3fa9c1, since 2026-03-02 06:00:11 UTC``."""
        what = [f"`leadmart {self.command}`"] if self.command else []
        named = " ".join([*what, *([self.run_id] if self.run_id else [])])
        return ", ".join(part for part in (named, f"since {self.since:%Y-%m-%d %H:%M:%S} UTC") if part)


@dataclass(frozen=True)
class Patience:
    """How long to wait where another process holds what is needed, and whom to tell that one waits."""

    limit: timedelta = timedelta()
    tell: Callable[[str], None] = field(default=lambda _: None)

    def at_least(self, limit: timedelta) -> Patience:
        return replace(self, limit=max(self.limit, limit))


AT_ONCE = Patience()
"""No waiting: who comes second is told so."""


def write_holder(project: Project, holder: Holder) -> None:
    """Says beside the store who holds it; to be called by the process that does."""
    file = _file(project)
    staged = file.with_name(f"{file.name}.{os.getpid()}")
    with suppress(OSError):  # a courtesy: without it others are told the process alone
        staged.write_text(json.dumps(asdict(holder) | {"since": holder.since.isoformat()}), encoding="utf-8")
        os.replace(staged, file)


def forget_holder(project: Project) -> None:
    """Takes the words away; to be called by the process that holds the store, before it lets go."""
    _file(project).unlink(missing_ok=True)


def holder_of(project: Project) -> Holder | None:
    """Who says that it holds the store, if that process is running; a killed one leaves its file, and holds nothing.

    Nothing is locked or waited for, so it may be called while a run is on. Only DuckDB's lock says who really does.
    """
    try:
        found = json.loads(_file(project).read_text(encoding="utf-8"))
        holder = Holder(**found | {"since": parse_moment(found["since"])})
    except (OSError, ValueError, TypeError, KeyError, LeadmartError):
        return None
    return holder if _born(holder.pid) == holder.born and is_running(holder.pid) else None


def waiting_for(
    attempt: Callable[[], Found], refusal: Callable[[duckdb.Error], LeadmartError], patience: Patience
) -> Found:
    """What `attempt` returns, tried again while another process holds the lock it needs, as long as patience lasts.

    Raises the LeadmartError that `refusal` makes of the last attempt's error: at once where it is about no lock.
    """
    deadline = time.monotonic() + patience.limit.total_seconds()
    pause, told = _SHORTEST, False
    while True:
        try:
            return attempt()
        except duckdb.Error as error:
            refused = refusal(error)
            left = deadline - time.monotonic()
            if not is_locked(error) or left <= 0:
                if told:
                    refused.message += f"; waited {duration_words(patience.limit)}"
                raise refused from None
        if not told:
            patience.tell(f"waiting up to {duration_words(patience.limit)}: {refused.message}")
            told = True
        # of several that wait, none keeps step with another
        time.sleep(min(left, pause * random.uniform(0.5, 1.5)))
        pause = min(pause * 1.5, _LONGEST)


def is_locked(error: duckdb.Error) -> bool:
    """Whether DuckDB was refused a file because a process, this one or another, has it open."""
    return "could not set lock" in str(error).lower() or "Unique file handle conflict" in str(error)


def busy(project: Project, error: duckdb.Error) -> LeadmartError:
    """What to say where the store cannot be opened: `warehouse_busy` with who holds it, else `warehouse_unreadable`."""
    store = project.store
    if not is_locked(error):
        return LeadmartError(
            f"{store} cannot be opened: {first_line(error)}",
            code="warehouse_unreadable",
            hint="restore it from a backup, and then `leadmart doctor --fix`",
        )
    meanwhile = "`show`, `explain`, `sql` and `plan` work meanwhile"
    found = _LOCKED.search(str(error))
    pid = int(found["pid"]) if found else None if "set lock" in str(error) else os.getpid()
    holder = holder_of(project)
    if holder and holder.pid == pid != os.getpid():
        return LeadmartError(
            f"process {pid} is writing to {store}: {holder.words}",
            code="warehouse_busy",
            hint=f"`--wait 10m` waits until it ends, `kill {pid}` stops it and nothing published is lost; {meanwhile}",
        )
    return LeadmartError(
        f"{process_of(error)} has {store} open",
        code="warehouse_busy",
        hint=f"whoever only reads opens {project.catalogue} instead, which is never locked; `--wait 10m` waits until "
        f"the store is free; {meanwhile}",
    )


def process_of(error: duckdb.Error) -> str:
    """`process 4711 (/usr/bin/python3.11)`: who has the file that DuckDB was refused."""
    if found := _LOCKED.search(str(error)):
        return f"process {found['pid']} ({found['program']})"
    return "another process" if "set lock" in str(error) else "this process itself"


def duration_words(length: timedelta) -> str:
    """`30s`, `10m`, `2h`, as `--wait` takes them."""
    seconds = round(length.total_seconds())
    for unit, letter in ((3600, "h"), (60, "m")):
        if seconds and seconds % unit == 0:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"


def _file(project: Project) -> Path:
    return project.store.with_name("holder.json")


def _born(pid: int) -> str:
    """When a process began, as the system counts it, so that another one with its number is told apart; "" unknown."""
    with suppress(OSError, IndexError):
        # the name of the program stands in parentheses and may hold anything
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    return ""


def is_running(pid: int) -> bool:
    """Whether there is a process of this number on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
