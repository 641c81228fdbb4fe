"""`erase`: a person taken out of raw, staged sources, features, scores and reasons, at once and for good."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from leadmart.features.clock import now, sql_literal
from leadmart.features.erasure.ending import finish, publish_anew
from leadmart.features.erasure.guard import hash_sql, salt_of, were_erased
from leadmart.features.erasure.learned import models_that_learned
from leadmart.features.erasure.marks import entity_key
from leadmart.features.erasure.rewriting import note_gone, rewrite, switch
from leadmart.features.erasure.search import Found, Hits, search
from leadmart.features.erasure.slice_inputs import follow, identities, removed_rows
from leadmart.features.erasure.traces import blot_out, remove_rows, score_rows
from leadmart.features.errors import LeadmartError
from leadmart.features.holder import AT_ONCE, Patience
from leadmart.features.intact import refuse_altered_files
from leadmart.features.project import Project
from leadmart.features.registry import Registry
from leadmart.features.warehouse import Warehouse, open_for_writing
from leadmart.features.words import are

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Erased:
    """What an erasure removed, or would: rows by place, models that learned from them, what it could not reach."""

    is_dry: bool
    found: Found
    stored_rows: int
    models: tuple[str, ...]
    unknown: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of `erase --json`."""
        return {
            "dry_run": self.is_dry,
            "leads": list(self.found.keys),
            "unknown": list(self.unknown),
            "sharing": list(self.found.sharing),
            "raw": [_hits(each) for each in self.found.raw],
            "made": [_hits(each) for each in self.found.made],
            "store_rows": self.stored_rows,
            "not_ours": [_hits(each) for each in self.found.not_ours],
            "left": list(self.found.left),
            "retrain": list(self.models),
        }


def erase(
    project: Project,
    keys: Sequence[str],
    *,
    whole_person: bool = False,
    dry_run: bool = False,
    reason: str | None = None,
    patience: Patience = AT_ONCE,
    progress: Progress = lambda *_: None,
) -> Erased:
    """Takes leads out of everything below the warehouse, and keeps their keys hashed so that no file brings them back.

    Files are rewritten beside the old ones and switched to in one transaction; then the catalogue, the old files and
    the store's own bytes follow. Killed before the switch nothing has happened, killed after it the next command that
    writes ends it. `whole_person` takes other leads with one of their addresses too. A dry run changes nothing that
    counts; keys that were erased before change nothing. Raises LeadmartError `unknown_lead` where no key given is
    anywhere, `reason_names_them`, and `file_altered` or `file_missing` where the warehouse is not what it says.
    """
    with open_for_writing(project, "erase", patience) as warehouse:
        registry = Registry(project)
        refuse_altered_files(warehouse)
        progress("looking for their rows", 0, 0)
        found = search(warehouse, registry, keys, whole_person=whole_person)
        unknown = tuple(key for key in keys if key not in found.known)
        if unknown == tuple(keys) and not (found.raw or found.made or found.not_ours):
            if were_erased(warehouse, keys):
                publish_anew(warehouse)
                return Erased(dry_run, found, 0, (), ())
            raise LeadmartError(
                f"nothing of {', '.join(keys)} is in the warehouse",
                code="unknown_lead",
                hint="give keys as `leadmart explain` takes them",
            )
        _refuse_reason(warehouse, reason)
        key = entity_key(registry)
        done = Erased(dry_run, found, score_rows(warehouse, key), models_that_learned(warehouse), unknown)
        if not dry_run:
            _switch(warehouse, registry, key, done, reason, progress)
            finish(warehouse, lambda words: progress(words, 0, 0))
        return done


def _switch(
    warehouse: Warehouse, registry: Registry, key: str, done: Erased, reason: str | None, progress: Progress
) -> None:
    sources = sorted({d.name for d in registry.all("source")})
    recorded = sorted({s for (s,) in warehouse.rows("SELECT DISTINCT source FROM store.meta.slice_inputs")})
    behind = [name for name in recorded if name in sources]
    before = identities(warehouse, registry, behind)
    removed = removed_rows(warehouse, registry, _with_joining(registry, done.found.sources))
    salt, erasure = salt_of(warehouse), f"e_{secrets.token_hex(6)}"
    rewritten = rewrite(warehouse, progress)
    progress("switching", 0, 0)
    with warehouse.transaction():
        switch(warehouse, rewritten)
        _forget_staged(warehouse, _with_joining(registry, done.found.sources))
        remove_rows(warehouse, key)
        blot_out(warehouse)
        warehouse.execute(
            f"INSERT OR IGNORE INTO store.meta.erased SELECT n.kind, {hash_sql(salt, 'n.value')}, ? "
            "FROM erasing.names AS n WHERE n.kind IN ('key', 'contact', 'address')",
            [erasure],
        )
        counts = {**done.as_json(), "leads": len(done.found.keys), "unknown": len(done.unknown)}
        told = {name: value for name, value in counts.items() if name not in ("dry_run", "sharing", "left")}
        warehouse.execute(
            f"INSERT INTO store.meta.erasures VALUES (?, ?, ?, {sql_literal(now())}, NULL)",
            [erasure, reason, json.dumps(told)],
        )
        follow(warehouse, removed, before, identities(warehouse, registry, behind))
    warehouse.execute("DROP SCHEMA erasing CASCADE")


def _with_joining(registry: Registry, names: Sequence[str]) -> list[str]:
    """Sources and those that join them, through others too."""
    found = set(names)
    while more := {d.name for d in registry.all("source") if set(d.joined) & found} - found:
        found |= more
    return sorted(found)


def _forget_staged(warehouse: Warehouse, sources: Sequence[str]) -> None:
    """Unlists kept sources that have their rows, and files that no source reads any more; the next run stages anew."""
    for source in sources:
        for table in ("staged", "staged_days"):
            warehouse.execute(f"DELETE FROM store.meta.{table} WHERE source = ?", [source])
    for (file,) in warehouse.rows(
        "SELECT file FROM store.meta.staged_files WHERE source IN (SELECT UNNEST(?::VARCHAR[])) "
        "OR unlisted_at IS NOT NULL ORDER BY file",
        [list(sources)],
    ):
        warehouse.execute("DELETE FROM store.meta.staged_files WHERE file = ?", [file])
        note_gone(warehouse, file)
    above = warehouse.project.warehouse
    for path in sorted((above / "aside" / "staged").rglob("*.parquet")):
        note_gone(warehouse, path.relative_to(above).as_posix())


def _refuse_reason(warehouse: Warehouse, reason: str | None) -> None:
    named = warehouse.rows(
        "SELECT 1 FROM erasing.names AS n WHERE n.kind IN ('key', 'address') AND LENGTH(n.value) > 2 "
        "AND CONTAINS(LOWER(?), LOWER(n.value))",
        [reason or ""],
    )
    if named:
        raise LeadmartError(
            "the reason names who is to be erased, and it is kept",
            code="reason_names_them",
            hint="say why without saying who: `--reason 'asked on 3 March, ticket 4711'`",
        )


def _hits(each: Hits) -> dict[str, Any]:
    return {"where": each.where, "rows": each.rows, "files": each.files}


def erased_text(done: Erased) -> str:
    """What went by place, what stays and why, and the models to train anew."""
    found = done.found
    if not (found.raw or found.made or found.not_ours or done.stored_rows):
        return "nothing of them is in the warehouse: they were erased before"
    verb = "would be" if done.is_dry else "was" if len(found.keys) == 1 else "were"
    lines = [f"{are(len(found.keys), 'lead', 'leads')} {verb} erased"]
    for each in (*found.raw, *found.made):
        lines.append(f"  {each.where:<34}{_rows(each.rows)} in {are(each.files, 'file', 'files')}")
    lines.append(f"  {'the store':<34}{_rows(done.stored_rows)}")
    lines += [f"not found: {key}" for key in done.unknown]
    lines += [
        f"{each.where} is read in place and is not leadmart's to change: "
        f"{are(each.rows, 'row of theirs stands', 'rows of theirs stand')} in it; "
        "from now on staging leaves them out"
        for each in found.not_ours
    ]
    if found.sharing:
        lines.append(
            f"{', '.join(found.sharing)} {'has' if len(found.sharing) == 1 else 'have'} the same address; "
            "`--person` takes them too, and until then rows that know only the address stay"
        )
    lines += [f"left: {words}" for words in found.left]
    if done.models:
        lines.append(f"retrain: {', '.join(done.models)} learned from them")
    return "\n".join(lines)


def _rows(number: int) -> str:
    return f"{number:>8,} {'row' if number == 1 else 'rows'}"
