"""The choice of the model by the backtest: the simplest within one standard error of the best, or the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from leadmart.scoring.learning.backtest import Backtest
from leadmart.scoring.learning.candidates import FREE, MODELS
from leadmart.scoring.models.estimator import Monotone

# G4: declared directions that cost this much of the mean ROC-AUC in the backtest are dropped.
DEAR_DIRECTIONS = 0.005
# Standard errors by which a model has to beat the constant: one chance in twenty, one-sided, for one that knows
# nothing. With one error such a model was kept in one of ten made-up worlds without a signal, with this in none; in the
# companies that do have one, every choice by the backtest stands.
SURE = 1.645
# With fewer judged leads that have the outcome, which model comes out best is chance.
ENOUGH = 50
_FIGURES = ("log_loss", "roc_auc", "roc_auc_within")


@dataclass(frozen=True)
class Choice:
    """What the backtest says. `name` is the model to fit, None where the rules are kept; `monotone` the directions it
    is fitted with. `document` is the section `candidates` of the report.
    """

    name: str | None
    why: str
    monotone: Monotone
    document: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]


def choose(found: Backtest, tier: Literal["hybrid", "ml"], monotone: Monotone) -> Choice:
    """The simplest model whose mean log-loss is within one standard error of the best one's, among those that beat the
    constant rate by more than 1.645 (T7).

    The rules are kept where no model does, and where the rules score is better than the chosen by more than one. The
    standard error is that of the paired differences. Without any fold, or with fewer than 50 judged leads that have the
    outcome, the size decides: a logistic regression below 500 leads of an outcome, trees from there on (G1). So few
    cannot choose; they keep the rules only where that model is worse than the constant by more than one error.
    """
    by_size = "lightgbm" if tier == "ml" else "logistic"
    name: str | None
    if not found.trials:
        why = f"{by_size}: nothing could be compared before the test block, so the number of leads decides"
        held = (f"directions of {', '.join(monotone)} are held; what they cost could not be measured",)
        return Choice(by_size, why, monotone, (), (*found.notes, why, *(held if monotone else ())))
    found, bound, notes = _with_directions(found, monotone)
    models = [name for name in MODELS if name in found.trials]
    able = [name for name in models if _beats(found, name, "constant", SURE)]
    if found.positive_leads < ENOUGH and by_size in models:
        few = f"the backtest judged {found.positive_leads} leads with the outcome, fewer than {ENOUGH}"
        name, why = by_size, f"{by_size}: {few}, too few to choose by, so the number of leads decides"
        if _beats(found, "constant", by_size):
            name, why = None, f"the rules are kept: {few}, and even so {_compared(found, by_size, 'constant')}"
    elif not able:
        name = None
        best = min(models, key=lambda each: _loss(found, each)) if models else ""
        why = f"the rules are kept: {_compared(found, best, 'constant')}; a model has to be better by {SURE} of them"
    else:
        best = min(able, key=lambda each: _loss(found, each))
        name = next(each for each in able if each == best or _is_near(found, each, best))
        why = f"{name}: " + (
            "the lowest log-loss of the backtest" if name == best else
            f"{_compared(found, name, best)}: within one, so the simpler"
        )  # fmt: skip
        if "rules" in found.trials and _beats(found, "rules", name):
            why = f"the rules are kept: {_compared(found, 'rules', name)}, so they are better by more than one"
            name = None
    best_of_all = min(models, key=lambda each: _loss(found, each)) if models else "constant"
    document = tuple(_row(found, each, best_of_all, name, why) for each in found.trials)
    return Choice(name, why, bound.get(name or "", {}), document, (*found.notes, *notes, why))


def candidates_text(document: Mapping[str, Any]) -> list[str]:
    """The candidates as a small table; no line where nothing was compared."""
    rows = document.get("candidates") or []
    if not rows:
        return []
    folds = rows[0]["folds"]
    spans = ", ".join(f"{fold['first'][:10]} to {fold['last'][:10]}" for fold in folds)
    lines = [
        f"  backtest on {len(folds)} {'stretch' if len(folds) == 1 else 'stretches'} before the test: {spans}",
        "                 log-loss   worst   roc_auc   worst   within a month",
    ]
    for row in rows:
        mean, least = row["mean"], row["least"]
        figures = [mean["log_loss"], least["log_loss"], mean["roc_auc"], least["roc_auc"], mean["roc_auc_within"]]
        a, b, c, d, e = ("none" if value is None else f"{value:.4f}" for value in figures)
        lines.append(f"    {row['name']:<12}{a:>9}{b:>8}{c:>10}{d:>8}{e:>17}{'   chosen' if row['chosen'] else ''}")
    return lines


def _with_directions(found: Backtest, monotone: Monotone) -> tuple[Backtest, dict[str, Monotone], list[str]]:
    """Each model as it will be fitted: with the declared directions, or without where they cost too much; by model,
    the directions it keeps; and what is to be said.
    """
    trials, bound, notes = dict(found.trials), {}, []
    for name in MODELS:
        free = trials.pop(name + FREE, None)
        if free is None or name not in trials:
            continue
        cost = (free.mean("roc_auc") or 0.0) - (trials[name].mean("roc_auc") or 0.0)
        words = f"{name}: the declared directions of {', '.join(monotone)} cost {cost:.4f} of ROC-AUC in the backtest"
        if cost < DEAR_DIRECTIONS:
            bound[name] = monotone
            notes.append(f"{words}: they are held")
        else:
            trials[name] = replace(free, name=name)
            notes.append(f"{words}, {DEAR_DIRECTIONS} or more: they are dropped")
    return replace(found, trials=trials), bound, notes


def _beats(found: Backtest, one: str, other: str, errors: float = 1.0) -> bool:
    gain, error = found.difference(other, one)
    return gain > errors * error


def _is_near(found: Backtest, one: str, best: str) -> bool:
    loss, error = found.difference(one, best)
    return loss <= error


def _loss(found: Backtest, name: str) -> float:
    return found.trials[name].mean("log_loss") or 0.0


def _compared(found: Backtest, one: str, other: str) -> str:
    apart, error = found.difference(one, other)
    return (
        f"log-loss {_loss(found, one):.4f} of {one} against {_loss(found, other):.4f} of {other}, "
        f"{abs(apart):.4f} {'more' if apart > 0 else 'less'} with a standard error of {error:.4f}"
    )


def _row(found: Backtest, name: str, best: str, chosen: str | None, why: str) -> dict[str, Any]:
    trial = found.trials[name]
    is_chosen = name == chosen or (chosen is None and name == "rules")
    return {
        "name": name,
        "words": trial.words,
        "folds": [fold.as_json() for fold in trial.folds],
        "mean": {figure: trial.mean(figure) for figure in _FIGURES},
        "least": {figure: trial.worst(figure) for figure in _FIGURES},
        "pooled": dict(trial.pooled),
        "standard_error": None if name == best else found.difference(name, best)[1],
        "chosen": is_chosen,
        "why": why if is_chosen else "",
    }
