"""`leadmart publish`: a draft becomes the next version of its view, link or gate, and from then on never changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from leadmart.features import catalogue
from leadmart.features.clock import now
from leadmart.features.definition import VERSIONED, Definition, display_path
from leadmart.features.equivalence.pending import ColumnChange, refusal, step_changes
from leadmart.features.equivalence.readers import Readers, shown_name
from leadmart.features.errors import LeadmartError, all_as_one
from leadmart.features.holder import AT_ONCE, Patience
from leadmart.features.materialize import changed_since_published, publish_version, published_versions
from leadmart.features.model_columns import allowed_columns
from leadmart.features.model_inputs import refuse_inputs
from leadmart.features.plan import Selection, select, usable_selection
from leadmart.features.project import Project
from leadmart.features.registry import FOLDERS, Registry
from leadmart.features.session import Session
from leadmart.features.waiting import Step, drafts, next_version, project_naming, version_before
from leadmart.features.warehouse import Warehouse, new_run_id, open_for_writing
from leadmart.scoring.life.kept import champion
from leadmart.scoring.record import record_command
from leadmart.scoring.release.readers import readers_of_project
from leadmart.scoring.release.valid import moved_since, moved_words


@dataclass(frozen=True)
class Published:
    """A version that is published now, or was before (`is_new` FALSE). `following` is what is to be done next."""

    ref: str
    file: str
    before: str | None
    changes: tuple[ColumnChange, ...]
    following: tuple[str, ...]
    is_new: bool = True

    def as_json(self) -> dict[str, Any]:
        """The document of `publish --json`."""
        return {
            "published": self.ref,
            "file": self.file,
            "status": "published" if self.is_new else "published before",
            "before": self.before,
            "changes": [change.as_json() for change in self.changes],
            "next": list(self.following),
        }

    def words(self) -> str:
        if not self.is_new:
            return f"{self.ref} is published already, and there is no draft: nothing to do"
        lines = [f"{self.ref} is published: {self.file}"]
        lines += [f"  {change.kind:<8} {change.column}: {change.why}" for change in self.changes]
        return "\n".join([*lines, *(f"next: {words}" for words in self.following)])


def publish(
    project: Project, name: str, *, anyway: bool = False, run_id: str | None = None, patience: Patience = AT_ONCE
) -> Published:
    """Proves a draft, moves it to `v<N+1>.sql` and records it; without a draft, records the newest version's file.

    The file is moved before it is recorded: killed between the two, the same call again finds a version that is not
    recorded and records it. leadmart.toml stays as it is, since a version in use decides who is scored by what.

    Raises LeadmartError `unknown_definition`, `ambiguous_name`, `nothing_to_publish`; `nothing_changed` where no column
    means anything else than in the version before (with `anyway` only where not a word differs); `column_in_use` for a
    removed column that somebody cannot do without; and what `check` has against the text.
    """
    started, started_at, run_id = time.perf_counter(), now(), run_id or new_run_id()
    with open_for_writing(project, "publish", patience) as warehouse:
        registry = Registry(project)  # not before: the draft may be edited while another process is waited for
        warehouse.name_run(run_id)
        session = Session(warehouse, registry)
        draft = _draft(registry, name)
        definition = next_version(registry, draft) if draft else _newest(registry, name)
        before = version_before(registry, definition)
        if draft is None and (done := _done(warehouse, registry, definition, before)):
            catalogue.publish(warehouse, registry, usable_selection(warehouse, registry))
            return done
        follower = registry.with_others([definition])
        from leadmart.features.proof.lint import check_all

        if problems := check_all([definition], follower):
            raise all_as_one(problems)
        selection = select(registry, session.present, prove=False)
        readers = readers_of_project(warehouse, registry, selection)
        changes = _changes(registry, readers, before, definition, anyway=anyway)
        if lost := [change for change in changes if change.lost]:
            raise refusal(lost, definition.place(line=1))
        later = _in_use(follower, session, definition)
        following = _following(session, follower, readers, before, definition, later)
        target = definition.path
        if draft is not None:
            target = definition.path.with_name(f"v{definition.version}.sql")
            definition.path.rename(target)
        with warehouse.transaction():
            publish_version(warehouse, registry, definition, run_id)
            seconds = round(time.perf_counter() - started, 3)
            record_command(warehouse, "publish", run_id, None, started_at, seconds)
        after = Registry(project)
        catalogue.publish(warehouse, after, usable_selection(warehouse, after))
    return Published(definition.ref, display_path(target), before.ref if before else None, tuple(changes), following)


def _draft(registry: Registry, name: str) -> Definition | None:
    """The draft that a person means by `name`, `name@draft` or `features/name`; None where there is none."""
    folder, _, bare = name.rpartition("/")
    kind = FOLDERS.get(folder, folder)
    hits = [d for d in drafts(registry) if bare.removesuffix("@draft") == d.name and kind in ("", d.kind)]
    if len(hits) > 1:
        folders = {kind: folder for folder, kind in FOLDERS.items()}
        raise LeadmartError(
            f"{bare} is a draft of several kinds",
            code="ambiguous_name",
            hint=f"say which: {' or '.join(f'{folders[d.kind]}/{d.name}' for d in hits)}",
        )
    if not hits and name.endswith("@draft"):
        raise LeadmartError(
            f"there is no draft of {bare.removesuffix('@draft')}",
            code="unknown_definition",
            hint="a draft is a file draft.sql beside v1.sql, below sql/features/<name>/",
        )
    return hits[0] if hits else None


def _newest(registry: Registry, name: str) -> Definition:
    """The version that a person means where there is no draft. Raises LeadmartError `nothing_to_publish`."""
    found = registry.find(name)
    if found.kind not in VERSIONED:
        raise LeadmartError(
            f"a {found.kind} has no versions: {found.ref} counts as it stands",
            code="nothing_to_publish",
            hint="versions have views, links and gates; `leadmart plan` says what an edit of the others reaches",
        )
    return found


def _done(
    warehouse: Warehouse, registry: Registry, definition: Definition, before: Definition | None
) -> Published | None:
    """What to say of a version that is published already; None for one that is not.

    Raises LeadmartError `published_changed`, and `nothing_to_publish` for a packaged version.
    """
    if (definition.kind, definition.name, definition.version) in published_versions(warehouse):
        if changed := changed_since_published(warehouse, registry, [definition]):
            raise all_as_one(changed)
        place = display_path(definition.path)
        return Published(definition.ref, place, before.ref if before else None, (), (), is_new=False)
    if definition.packaged:
        raise LeadmartError(
            f"{definition.ref} is packaged, and the first run that uses it publishes it",
            code="nothing_to_publish",
            hint=f"`leadmart eject {definition.ref}` copies it; write the change to draft.sql beside it",
        )
    return None


def _changes(
    registry: Registry, readers: Readers, before: Definition | None, after: Definition, *, anyway: bool
) -> list[ColumnChange]:
    """What a version changes of the one before it. Raises LeadmartError `nothing_changed`."""
    if before is None:
        return []
    found = step_changes(registry, readers, Step(after.ref, before, after))
    is_same_text = registry.token_hash(before) == registry.with_others([after]).token_hash(after)
    if is_same_text or not (found or anyway):
        what = "only layout and comments differ" if is_same_text else "its text differs, its values do not"
        raise LeadmartError(
            f"every column of {after.path.name} is the same as in {before.ref}: {what}",
            code="nothing_changed",
            place=after.place(line=1),
            hint=f"comments and layout may be changed in {before.ref} itself, and no slice is computed anew"
            if is_same_text
            else f"`leadmart publish {after.name} --anyway` publishes it; its slices are all computed anew",
        )
    return found


def _in_use(registry: Registry, session: Session, definition: Definition) -> tuple[Registry, Selection] | None:
    """The project as if leadmart.toml named the version in the place of an earlier one; None where it names none.

    Raises LeadmartError for what a run would refuse then.
    """
    named = project_naming(registry.project, definition)
    if named == registry.project:
        return None
    other = registry.with_others([definition])
    other.project = named
    selection = select(other, session.present, prove=False)
    refuse_inputs(selection.views, other, allowed_columns(other, selection.views))
    return other, selection


def _following(
    session: Session,
    registry: Registry,
    readers: Readers,
    before: Definition | None,
    after: Definition,
    later: tuple[Registry, Selection] | None,
) -> tuple[str, ...]:
    """What a person does next, one sentence a step."""
    section = {"feature": "[features] views", "gate": "[scoring] gates"}.get(after.kind)
    if before is None:
        return (f"name {after.ref} in {section} of leadmart.toml",) if section else ()
    found = []
    settings = registry.project.settings
    named = [*settings.features.views, *settings.scoring.gates]
    if section and (old := next((ref for ref in named if ref.partition("@")[0] == after.name), None)):
        found.append(f"leadmart.toml names {old} in {section}: write {after.ref} there, and `leadmart plan`")
    elif section:
        found.append(f"leadmart.toml does not name {after.name}: name {after.ref} in {section} to use it")
    found += [
        f"{shown_name(each)} reads {before.ref} and goes on so: give it a draft that reads {after.relation}"
        for each in readers.definitions
        if before.relation in {str(read) for read in each.reads}
    ]
    shown = champion(session.warehouse)
    if shown and later:
        moved = moved_since(session.warehouse, *later, session.present, shown.model_version)
        if moved == {}:
            found.append(f"the champion {shown.model_version} stays valid: what it reads means the same")
        else:
            why = f" ({'; '.join(moved_words(moved))})" if moved else ""
            found.append(f"then `leadmart train`: the champion {shown.model_version} learned other values{why}")
    return tuple(found)
