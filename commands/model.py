"""A model's life: `train`, `models`, `score`."""

from __future__ import annotations

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
    report_run,
)
from leadmart.commands.log import LogFormat


def train(
    recalibrate: Annotated[
        bool,
        typer.Option(
            "--recalibrate", help="Only move the champion's chances to the base rate of the latest matured month."
        ),
    ] = False,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Learn from past landmarks and their outcomes.

    Too few outcomes keep the rules. While it learns, others may run; to keep its model it waits for them up to an hour.
    """
    from leadmart.scoring.learning.train import train as learn
    from leadmart.scoring.report import training_text

    with progress_bar(of_run=True) as bar:
        trained = learn(
            project_at(project),
            bar.say,
            run_id=bar.run_id,
            patience=patience_of(wait),
            intercept_only=recalibrate,
        )
    emit(trained.as_json(), as_json, training_text(trained))


def models(project: ProjectDir = None, as_json: Json = False) -> None:
    """Every trained model with its figures."""
    from leadmart.features.warehouse import open_for_reading
    from leadmart.scoring.learning.train import models as kept
    from leadmart.scoring.report import models_text

    with open_for_reading(project_at(project)) as warehouse:
        found = kept(warehouse)
    emit(found, as_json, models_text(found))


def score(
    as_of: AsOf = None,
    project: ProjectDir = None,
    wait: Wait = None,
    as_json: Json = False,
    log_format: LogFormat = None,
) -> None:
    """Score what is filled at an as_of, without computing features."""
    from leadmart.scoring.pipeline import SCORE, execute

    moment = moment_of(as_of)
    with progress_bar(of_run=True) as bar:
        done = execute(
            project_at(project),
            "score",
            [moment] if moment else None,
            stages=SCORE,
            progress=bar.count,
            run_id=bar.run_id,
            patience=patience_of(wait),
        )
    report_run(done, as_json)
