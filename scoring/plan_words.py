"""The plan as people read it: on stdout, and as a comment for a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leadmart.features.costs import costs_words, time_words
from leadmart.features.words import size_text
from leadmart.scoring.impact.words import impact_markdown, impact_text, table

Document = Mapping[str, Any]

_TRAINED = " after `leadmart train`"


def plan_text(document: Document, told: Sequence[str], refused: str | None = None) -> str:
    """What a run would compute, what it is to cost, and which sources it would find empty; then what else is to be
    told, and the impact where it was asked for. `refused` says why nothing can be scored before `train`; it goes first.
    """
    lines = [f"as_of {_moment(moment)}" for moment in document["as_of"]]
    lines += [f"  {refused}"] if refused else []
    lines += [f"  compute {each['view']}" for each in document["slices"]] or ["  every slice is filled"]
    lines += [f"  score   {_moment(moment)}{_TRAINED * bool(refused)}" for moment in document["scores"]]
    if document["costs"]["known"]:
        lines.append(f"  {costs_words(document['costs'])}")
    lines += [f"  {words}" for words in [*_notices(document), *told, *_backfills(document)]]
    return "\n".join([*lines, *impact_text(document.get("impact"))])


def plan_markdown(document: Document, told: Sequence[str], refused: str | None = None) -> str:
    """The plan in GitHub's Markdown: changes column by column, slices and costs by view, impact where asked for."""
    lines = [f"### leadmart plan at {', '.join(map(_moment, document['as_of']))}", ""]
    lines += [f"{_capital(refused)}.", ""] if refused else []
    lines += ["**Changes**", ""]
    changes = [
        (each["view"], each["column"], each["class"], each["why"], ", ".join(each["breaks"]) or "nothing")
        for each in document["changes"]
    ]
    lines += table(("view", "column", "change", "why", "breaks"), changes) or ["No definition is about to change."]
    lines += ["", "**Work**", ""]
    lines += table(("view", "slices", "rows", "size", "time"), _by_view(document)) or ["Every slice is filled."]
    if document["costs"]["known"]:
        lines += ["", f"{_capital(costs_words(document['costs']))}."]
    if document["scores"]:
        lines += ["", f"Scores are due at {', '.join(map(_moment, document['scores']))}{_TRAINED * bool(refused)}."]
    if listed := [*_notices(document), *told, *_backfills(document)]:
        lines += ["", "**To know**", "", *(f"  - {w.strip()}" if w.startswith(" ") else f"- {w}" for w in listed)]
    return "\n".join([*lines, *impact_markdown(document.get("impact"))])


def _notices(document: Document) -> list[str]:
    found = [str(each["words"]) for each in document["missing"]]
    return found + [f"waived in {e['view']}: {e['code']}, because {e['reason']}" for e in document["waived"]]


def _backfills(document: Document) -> list[str]:
    return [
        f"{each['view']} for the past, as far as it is filled: {costs_words(each)}" for each in document["backfills"]
    ]


def _by_view(document: Document) -> Iterable[tuple[str, ...]]:
    """One row a view: slices, and what they are to cost together; empty where a slice of it is of unknown cost."""
    views = dict.fromkeys(each["view"] for each in document["slices"])
    for view in views:
        own = [each for each in document["slices"] if each["view"] == view]
        sums = {
            n: None if any(e[n] is None for e in own) else sum(e[n] for e in own) for n in ("rows", "bytes", "seconds")
        }
        known = sums["rows"] is not None
        rows, size, time = (
            (f"{sums['rows']:,}", size_text(sums["bytes"] or 0), time_words(sums["seconds"] or 0))
            if known
            else ("", "", "")
        )
        yield view, f"{len(own):,}", rows, size, time


def _moment(moment: str) -> str:
    return moment.replace("T", " ")[:16]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
