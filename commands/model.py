"""A model's life: `train`, `models`, `compare`, `promote`, `rollback`, `score`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from leadmart.commands.console import (
    AsOf,
    Json,
    ProjectDir,
    Wait,
    emit,
    moment_of,
    patience_of,
    progress_bar,
    project_at,
    walk,
)
from leadmart.commands.log import LogFormat

Report = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Also write the model's card, one HTML page that sales can read."),
]


def train(
    recalibrate: Annotated[
        bool,
        typer.Option(
            "--recalibrate", help="Only move the champion's chances to the base rate of the latest matured month."
        ),
    ] = False,
    no_promote: Annotated[
        bool, typer.Option("--no-promote", help="Keep the model as challenger, whatever the rules of promotion say.")
    ] = False,
    report: Report = None,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Learn from past landmarks and their outcomes.

    Too few outcomes keep the rules. The first model becomes champion, a later one where it passes the rules of
    promotion. While it learns, others may run; to keep its model it waits for them up to an hour.
    """
    from leadmart.scoring.card.write import refuse_unwritable, write_card
    from leadmart.scoring.report import training_text
    from leadmart.scoring.train import train as learn

    found = project_at(project)
    if report:
        refuse_unwritable(report)
    with progress_bar(of_run=True) as bar:
        trained = learn(
            found,
            bar.say,
            run_id=bar.run_id,
            patience=patience_of(wait),
            intercept_only=recalibrate,
            may_promote=not no_promote,
        )
    document = trained.as_json()
    if report:
        write_card(found, document, report)
    emit(document, as_json, training_text(trained))


def models(report: Report = None, project: ProjectDir = None, as_json: Json = False) -> None:
    """Every trained model with its figures; a card is the champion's."""
    from leadmart.features.warehouse import open_for_reading
    from leadmart.scoring.card.write import refuse_unwritable, write_champions_card
    from leadmart.scoring.life.kept import models as kept
    from leadmart.scoring.report import models_text

    if report:
        refuse_unwritable(report)
    at = project_at(project)
    with open_for_reading(at) as warehouse:
        found = kept(warehouse)
    if report:
        write_champions_card(at, found, report)
    emit(found, as_json, models_text(found))


def score(
    as_of: AsOf = None,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Score what is filled at an as_of, without computing features."""
    from leadmart.scoring.pipeline import SCORE

    moment = moment_of(as_of)
    walk(project, "score", [moment] if moment else None, SCORE, wait, as_json)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A kept model's version, or `rules`.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another one.")],
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Lay two models beside each other on unseen rows.

    The rows are the same for both, and newer than both tests; without any it says when there will be some. Every look
    is recorded.
    """
    from leadmart.scoring.life.verbs import compare as laid_beside
    from leadmart.scoring.life.words import comparison_text

    with progress_bar(of_run=True) as bar:
        found = laid_beside(project_at(project), a, b, bar.say, run_id=bar.run_id, patience=patience_of(wait))
    emit(found, as_json, comparison_text(found))


def promote(
    model: Annotated[str, typer.Argument(metavar="M", help="A kept model's version: `leadmart models` lists them.")],
    waive: Annotated[
        str | None, typer.Option("--waive", metavar="REASON", help="Promote it whatever the rules say; it is recorded.")
    ] = None,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Make a kept model the champion, if the rules let it.

    A refusal says which rule and by how much, and changes nothing. Scores follow at the next run.
    """
    from leadmart.scoring.life.verbs import promote as move
    from leadmart.scoring.life.words import move_text

    if waive is not None and not waive.strip():
        raise typer.BadParameter("a reason has words", param_hint="--waive")
    with progress_bar(of_run=True) as bar:
        done = move(project_at(project), model, waive, bar.say, run_id=bar.run_id, patience=patience_of(wait))
    emit(done, as_json, move_text(done))


def rollback(
    project: ProjectDir = None, wait: Wait = None, as_json: Json = False, log_format: LogFormat = None
) -> None:
    """Make the champion before the champion again.

    Nothing is learned and nothing deleted. Scores follow at the next run.
    """
    from leadmart.scoring.life.verbs import rollback as move_back
    from leadmart.scoring.life.words import move_text

    with progress_bar(of_run=True) as bar:
        done = move_back(project_at(project), run_id=bar.run_id, patience=patience_of(wait))
    emit(done, as_json, move_text(done))


def tune(
    leads_per_week: Annotated[
        int | None,
        typer.Option("--leads-per-week", metavar="N", min=1, help="What sales works; default: [scoring.capacity]."),
    ] = None,
    response_days: Annotated[
        float | None,
        typer.Option("--response-days", metavar="D", min=0, help="The longest that a lead may wait for sales."),
    ] = None,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Say where hot and warm should begin.

    From own matured conversions against what sales can work: precision, recall and load at each score. Writes nothing;
    with too few conversions it keeps what is set.
    """
    from leadmart.scoring.tune import tune as advise
    from leadmart.scoring.tune import tune_text

    with progress_bar(of_run=True) as bar:
        found = advise(
            project_at(project),
            leads_per_week,
            response_days,
            bar.say,
            run_id=bar.run_id,
            patience=patience_of(wait),
        )
    emit(found, as_json, tune_text(found))
