"""From a search to the candidate: the fitted pipeline, its calibrator, its out-of-fold scores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.calibration import CalibrationChoice, choose_calibrator
from assay.params import CalibrateParams, TrainParams
from assay.predictor import Predictor, fold_metrics
from assay.schema import ROW
from assay.search.engine import SearchProblem
from assay.search.selection import SearchResult, search_best


@dataclass(frozen=True)
class TrainedCandidate:
    """What `train` hands on.

    Attributes
    ----------
    predictor : Predictor
        Fitted on all training rows.
    out_of_fold : DataFrame
        Row, fold, `y_true`, `raw_score` and the calibrated `y_score` of every validated row.
    search : SearchResult
    metrics : dict
        The scalars of `metrics/train.json`.
    """

    predictor: Predictor
    out_of_fold: pd.DataFrame
    search: SearchResult
    metrics: dict[str, Any]


def train_candidate(
    problem: SearchProblem,
    train: pd.DataFrame,
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
    params, calibrate : TrainParams, CalibrateParams
    ece_bins : int
        Bins of the calibration error.
    report : callable
        Takes one line of progress.
    """
    search = search_best(problem, params, report)
    judged = problem.folds.validated
    raw = search.out_of_fold[judged]
    choice = choose_calibrator(
        problem.y_true[judged],
        raw,
        problem.folds.fold[judged],
        problem.folds.ordered,
        calibrate.methods,
    )
    found = "no calibrator" if choice.method == "none" else f"the {choice.method} calibrator"
    report(f"calibration: {found} lowers the cross-fitted log loss")
    out_of_fold = pd.DataFrame(
        {
            ROW: train[ROW].to_numpy()[judged],
            "fold": problem.folds.fold[judged],
            "y_true": problem.y_true[judged],
            "raw_score": raw,
            # A monotone map with a few numbers: thresholds on it are thresholds on the raw score.
            "y_score": choice.calibrator.apply(raw),
        }
    )
    pipeline = search.pipeline.fit(problem.features, problem.y_true)
    return TrainedCandidate(
        Predictor(pipeline, choice.calibrator),
        out_of_fold,
        search,
        _metrics(problem, search, choice, ece_bins),
    )


def _metrics(
    problem: SearchProblem, search: SearchResult, choice: CalibrationChoice, ece_bins: int
) -> dict[str, Any]:
    failed = search.leaderboard["failure"] != ""
    return {
        "applicable": True,
        "chosen_model": search.chosen.candidate.name,
        "tuned": search.tuned,
        "model_count": int((~failed).sum()),
        "failure_count": int(failed.sum()),
        "trial_count": len(search.tuning),
        "out_of_fold": fold_metrics(problem.y_true, search.out_of_fold, problem.folds, ece_bins),
        "calibration": {
            "method": choice.method,
            **{f"cross_fitted_log_loss_{name}": loss for name, loss in choice.log_loss.items()},
        },
    }
