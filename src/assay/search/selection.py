"""From candidates to the one that ships: score all, tune the best, choose by their fold scores."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import DataError
from assay.metrics.catalogue import undefined_remedy
from assay.metrics.core import FloatArray
from assay.predictor import fold_scores, out_of_fold_predictions
from assay.search.board import (
    Standing,
    leaderboard_table,
    params_text,
    simplest_within_noise,
    standings,
)
from assay.search.candidates import CANDIDATES, Candidate
from assay.search.engine import Engine, EngineFactory, FoldScores, SearchProblem, Trial
from assay.search.ensemble import Blend, blend, blended_estimator, choose_blend
from assay.search.plan import SearchPlan, search_plan
from assay.sections import TrainParams

# The engine's fold scores and ours may differ by rounding, not by more.
_AGREEMENT = {"rel_tol": 1e-9, "abs_tol": 1e-6}
# Models that a blend may draw from.
_BLEND_FROM = 4


@dataclass(frozen=True)
class SearchResult:
    """What a search chose, and everything that it looked at.

    Attributes
    ----------
    chosen : FoldScores
        As `train.select` says: the best mean, or the simplest model within noise of it.
    tuned : bool
        Whether its hyper-parameters come from tuning.
    estimator : estimator
        The chosen one, unfitted, single-threaded.
    out_of_fold : ndarray, shape (n,) or (n, k)
        Its raw predictions; NaN for rows that no fold validates.
    board : tuple of Standing
        Every model that has scores, the best first.
    leaderboard : DataFrame
        The same as a table, with the models that failed.
    tuning : DataFrame
        One row per trial: model, trial, mean, folds, hyper-parameters.
    blend : Blend or None
        The blend that was tried, whether it was chosen or not; None if none was.
    """

    chosen: FoldScores
    tuned: bool
    estimator: Any
    out_of_fold: FloatArray
    board: tuple[Standing, ...]
    leaderboard: pd.DataFrame
    tuning: pd.DataFrame
    blend: Blend | None


def engine_factory(name: str) -> EngineFactory:
    """Return the engine of `train.engine`; its library is imported only here."""
    if name == "pycaret":
        from assay.search.pycaret_engine import PyCaretEngine

        return PyCaretEngine
    if name == "sklearn":
        from assay.search.sklearn_engine import SklearnEngine

        return SklearnEngine
    raise ValueError(f"unknown engine {name!r}")


def search_best(
    problem: SearchProblem, params: TrainParams, report: Callable[[str], None]
) -> SearchResult:
    """Find the pipeline with the best mean fold score.

    Candidates are scored as delivered; the best `tune_top` of those that have a search space are
    tuned; delivered and tuned compete together, and with them their blend if the plan has one. The
    one that is taken has the best mean, or is the simplest within noise of it (`train.select`). Its
    out-of-fold predictions are then made without the engine, and must reproduce the fold scores that
    it was taken by.

    Parameters
    ----------
    problem : SearchProblem
    params : TrainParams
        The section `train`.
    report : callable
        Takes one line of progress.

    Raises
    ------
    DataError
        If every candidate fails, or the metric is not defined on every fold.
    """
    plan = search_plan(params, problem.task.type)
    _refuse_thin_classes(problem, params)
    engine = engine_factory(params.engine)(problem)
    delivered, failures = _score_all(engine, plan.candidates, report)
    if not delivered:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise DataError(f"train.candidates: every candidate failed ({reasons}).")
    refuse_undefined(problem, delivered[0].scores)
    direction = -1 if problem.metric.greater_is_better else 1
    delivered.sort(key=lambda result: direction * result.mean)
    tuned, trials = _tune_best(engine, delivered, plan, failures, report)
    ranked = sorted([*delivered, *tuned], key=lambda result: direction * result.mean)
    contenders = [(scores, problem.model(scores.candidate, scores.params)) for scores in ranked]
    out_of_fold = _out_of_fold(problem, contenders[0][1])
    _confirm(ranked[0], out_of_fold, problem)
    blended = None
    if plan.ensemble == "blend":
        blended, kept = _try_blend(problem, ranked, out_of_fold, report)
        if kept:
            scores, estimator, out_of_fold = kept
            contenders = [(scores, estimator), *contenders]
    board = standings(problem, contenders)
    chosen = board[0] if params.select == "best" else simplest_within_noise(board)
    if chosen is not board[0]:
        out_of_fold = _out_of_fold(problem, chosen.estimator)
        _confirm(chosen.scores, out_of_fold, problem)
    return SearchResult(
        chosen.scores,
        chosen.scores.tuned,
        chosen.estimator,
        out_of_fold,
        board,
        leaderboard_table(board, chosen, failures, problem.metric.name),
        _tuning_table(trials),
        blended,
    )


def _refuse_thin_classes(problem: SearchProblem, params: TrainParams) -> None:
    """Stop if SMOTE would have too few rows of a class to draw between."""
    if params.resampling != "smote":
        return
    needed = problem.sampler.k_neighbors + 1
    for number, (fitted, _) in enumerate(problem.folds.split(), start=1):
        fewest = int(np.unique(problem.y_true[fitted], return_counts=True)[1].min())
        if fewest < needed:
            raise DataError(
                f"train.resampling smote needs {needed} rows of each class in the training part of "
                f"every fold, and fold {number} has {fewest} of the rarest. Use random_under or none, "
                "fewer folds, or merge that class with another."
            )


def _out_of_fold(problem: SearchProblem, estimator: Any) -> FloatArray:
    fit = problem.recipe(estimator).fit
    return out_of_fold_predictions(fit, problem.features, problem.y_true, problem.folds)


def _try_blend(
    problem: SearchProblem,
    ranked: Sequence[FoldScores],
    best_out_of_fold: FloatArray,
    report: Callable[[str], None],
) -> tuple[Blend | None, tuple[FoldScores, Any, FloatArray] | None]:
    """Return the blend of the best result of each candidate, and what it gives if it pays."""
    members: dict[str, FoldScores] = {}
    for result in ranked:
        if result.candidate.name != "dummy":
            members.setdefault(result.candidate.name, result)
    members = dict(list(members.items())[:_BLEND_FROM])
    if len(members) < 2 or ranked[0].candidate.name == "dummy":
        report("blend: there are no two models to blend that beat the dummy")
        return None, None
    models = {name: problem.model(r.candidate, r.params) for name, r in members.items()}
    best = next(iter(members))
    predictions = {best: best_out_of_fold} | {
        name: _out_of_fold(problem, model) for name, model in models.items() if name != best
    }
    found = choose_blend(predictions, best, problem.y_true, problem.folds, problem.metric)
    verdict = "kept" if found.pays else "not kept"
    report(
        f"blend of {', '.join(found.weights)}: gain over {best} {found.gain:.5f}, standard error "
        f"{found.gain_error:.5f}: {verdict}"
    )
    if not found.pays:
        return found, None
    blended = blend(predictions, found.weights)
    scores = fold_scores(problem.metric, problem.y_true, blended, problem.folds)
    chosen = FoldScores(
        Candidate("blend", None, None), dict(found.weights), problem.metric.name, tuple(scores)
    )
    estimator = blended_estimator(problem.task.type, models, found)
    _confirm(chosen, _out_of_fold(problem, estimator), problem)
    return found, (chosen, estimator, blended)


def refuse_undefined(problem: SearchProblem, scores: Sequence[float]) -> None:
    """Stop if the metric that chooses is not defined on some fold.

    Raises
    ------
    DataError
        With the folds on which it is not.
    """
    folds = [number for number, score in enumerate(scores, start=1) if np.isnan(score)]
    if folds:
        raise DataError(
            f"task.primary_metric: {problem.metric.name} is not defined on fold "
            f"{', '.join(map(str, folds))}, {undefined_remedy(problem.task.type)}"
        )


def _score_all(
    engine: Engine, names: Sequence[str], report: Callable[[str], None]
) -> tuple[list[FoldScores], dict[str, str]]:
    results, failures = [], {}
    for number, name in enumerate(names, start=1):
        report(f"[{number}/{len(names)}] {name}: cross-validating")
        try:
            result = engine.score(CANDIDATES[name])
        except Exception as error:  # a library's failure is listed, and the others go on
            failures[name] = _reason(error)
            report(f"[{number}/{len(names)}] {name}: failed, {failures[name]}")
            continue
        report(f"[{number}/{len(names)}] {name}: {result}")
        results.append(result)
    return results, failures


def _tune_best(
    engine: Engine,
    delivered: Sequence[FoldScores],
    plan: SearchPlan,
    failures: dict[str, str],
    report: Callable[[str], None],
) -> tuple[list[FoldScores], list[Trial]]:
    tuned, trials = [], []
    tunable = [result.candidate for result in delivered if result.candidate.space][: plan.tune_top]
    deadline = None if plan.budget_seconds is None else time.monotonic() + plan.budget_seconds
    for number, candidate in enumerate(tunable):
        report(f"tuning {candidate.name}: {plan.trials} trials")
        seconds = None
        if deadline is not None:
            seconds = max(deadline - time.monotonic(), 0) / (len(tunable) - number)
        try:
            result, history = engine.tune(candidate, plan.trials, seconds)
        except Exception as error:  # as above: the untuned model still stands
            failures[f"{candidate.name} (tuned)"] = _reason(error)
            report(f"tuning {candidate.name}: failed, {_reason(error)}")
            continue
        report(f"tuning {candidate.name}: {result}")
        tuned.append(result)
        trials.extend(history)
    return tuned, trials


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {text[:200]}"


def _confirm(chosen: FoldScores, out_of_fold: FloatArray, problem: SearchProblem) -> None:
    """Compare the engine's fold scores with those of our own out-of-fold scores."""
    for fold, reported in enumerate(chosen.scores, start=1):
        rows = problem.folds.fold == fold
        ours = problem.metric.value(problem.y_true[rows], out_of_fold[rows])
        if not isclose(ours, reported, **_AGREEMENT):
            raise AssertionError(
                f"the engine reports {reported} for {chosen.candidate.name} on fold {fold}, "
                f"its pipeline scores {ours}: the engine did not do what it was told"
            )


def _tuning_table(trials: Sequence[Trial]) -> pd.DataFrame:
    rows = [
        {
            "model": trial.candidate,
            "trial": trial.number,
            "mean": trial.mean,
            "fold_count": trial.fold_count,
            "params": params_text(trial.params),
        }
        for trial in trials
    ]
    return pd.DataFrame(rows, columns=["model", "trial", "mean", "fold_count", "params"])
