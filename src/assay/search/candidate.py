"""From a search to the candidate: the fitted pipeline, its calibrator, its out-of-fold predictions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.calibration.choice import CalibrationChoice, choose_calibrator, clip, clipped_metric
from assay.metrics.catalogue import primary_metric
from assay.predictions import prediction_columns
from assay.predictor import Predictor, fold_metrics
from assay.preprocessing import build_preprocessor, build_sampler
from assay.schema import ROW, Schema
from assay.search.board import selection_json
from assay.search.engine import SearchProblem
from assay.search.plan import SearchPlan, search_plan
from assay.search.selection import SearchResult, search_best
from assay.search.words import selection_words
from assay.sections import CalibrateParams, PreprocessParams, TaskParams, TrainParams
from assay.splits.folds import Folds


@dataclass(frozen=True)
class TrainedCandidate:
    """What `train` hands on.

    Attributes
    ----------
    predictor : Predictor
        Fitted on all training rows.
    out_of_fold : DataFrame
        Row, fold, `y_true`, the raw and the calibrated predictions of every validated row.
    search : SearchResult
    metrics : dict
        The scalars of `metrics/train.json`.
    """

    predictor: Predictor
    out_of_fold: pd.DataFrame
    search: SearchResult
    metrics: dict[str, Any]


def pose_problem(
    train: pd.DataFrame,
    schema: Schema,
    folds: Folds,
    task: TaskParams,
    preprocess: PreprocessParams,
    params: TrainParams,
    confidence: float,
) -> SearchProblem:
    """Return what a search is asked.

    Parameters
    ----------
    train : DataFrame
        Training rows with target and features in model form.
    schema : Schema
    folds : Folds
    task, preprocess, params : TaskParams, PreprocessParams, TrainParams
    confidence : float
        Of every interval, in (0, 1).
    """
    groups = train[schema.group_column] if schema.group_column else None
    return SearchProblem(
        task=task,
        features=train[schema.feature_names],
        y_true=train[schema.target].to_numpy(),
        folds=folds,
        preprocessor=build_preprocessor(schema, preprocess, task, train),
        sampler=build_sampler(params.resampling, task.seed),
        metric=clipped_metric(primary_metric(task.type, task.primary_metric), task),
        class_weight=params.class_weight,
        n_jobs=params.n_jobs,
        confidence=confidence,
        groups=None if groups is None else pd.factorize(groups)[0],
    )


def train_candidate(
    problem: SearchProblem,
    train: pd.DataFrame,
    schema: Schema,
    params: TrainParams,
    calibrate: CalibrateParams,
    ece_bins: int,
    report: Callable[[str], None],
) -> TrainedCandidate:
    """Search for the best pipeline, choose its calibrator, and fit it on all training rows.

    Parameters
    ----------
    problem : SearchProblem
    train : DataFrame
        The training rows behind the problem, for their row keys.
    schema : Schema
    params, calibrate : TrainParams, CalibrateParams
    ece_bins : int
        Bins of the calibration error.
    report : callable
        Takes one line of progress.
    """
    search = search_best(problem, params, report)
    selection = selection_json(search.board, search.chosen, params.select, problem.metric.name)
    report(f"choice: {selection_words(selection)}")
    judged = problem.folds.validated
    raw = search.out_of_fold[judged]
    choice = choose_calibrator(
        problem.task,
        problem.y_true[judged],
        raw,
        problem.folds.fold[judged],
        problem.folds.ordered,
        calibrate.methods,
    )
    if choice.log_loss:
        found = "no calibrator" if choice.method == "none" else f"the {choice.method} calibrator"
        report(
            f"calibration: {found} lowers the cross-fitted log loss by more than its standard error"
        )
    keys = pd.DataFrame(
        {
            ROW: train[ROW].to_numpy()[judged],
            "fold": problem.folds.fold[judged],
            "y_true": problem.y_true[judged],
        }
    )
    # Of two classes the map is monotone: a threshold on what it gives is one on the raw score. Of more
    # it has a map for each class, on whose own rows a confidence would look better than it is.
    multiclass = problem.task.type == "multiclass"
    calibrated = choice.cross_fitted if multiclass else choice.calibrator.apply(raw)
    out_of_fold = pd.concat(
        [
            keys,
            prediction_columns(raw, schema, "raw_"),
            prediction_columns(calibrated, schema),
        ],
        axis=1,
    )
    pipeline = problem.recipe(search.estimator).fit(problem.features, problem.y_true)
    return TrainedCandidate(
        Predictor(pipeline, choice.calibrator),
        out_of_fold,
        search,
        _metrics(problem, search, selection, choice, params, ece_bins),
    )


def _metrics(
    problem: SearchProblem,
    search: SearchResult,
    selection: dict[str, Any],
    choice: CalibrationChoice,
    params: TrainParams,
    ece_bins: int,
) -> dict[str, Any]:
    failed = search.leaderboard["failure"] != ""
    task = problem.task.type
    # Probabilities are judged as the model gives them; numbers are clipped wherever they are used.
    predicted = clip(search.out_of_fold, problem.task)
    return {
        "applicable": True,
        "engine": params.engine,
        "preset": params.preset,
        "plan": _plan_json(search_plan(params, task)),
        "chosen_model": search.chosen.candidate.name,
        "tuned": search.tuned,
        "selection": selection,
        "model_count": int((~failed).sum()),
        "failure_count": int(failed.sum()),
        "trial_count": len(search.tuning),
        "reproducible": params.budget_seconds is None,
        "out_of_fold": fold_metrics(task, problem.y_true, predicted, problem.folds, ece_bins),
        "calibration": choice.to_json(),
        "blend": _blend_json(search),
    }


def _plan_json(plan: SearchPlan) -> dict[str, Any]:
    """Return what the preset and the params beside it come to."""
    return {
        "candidates": ", ".join(plan.candidates),
        "tune_top": plan.tune_top,
        "trials": plan.trials,
        "ensemble": plan.ensemble,
    }


def _blend_json(search: SearchResult) -> dict[str, Any]:
    if search.blend is None:
        return {"applicable": False}
    return {
        "applicable": True,
        "kept": search.blend.pays,
        "gain": search.blend.gain,
        "gain_error": search.blend.gain_error,
        "weights": dict(search.blend.weights),
    }
