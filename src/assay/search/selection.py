"""From candidates to the one that ships: score all, tune the best, choose by mean fold score."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.errors import DataError
from assay.metrics import FloatArray
from assay.params import TrainParams
from assay.predictor import assemble_pipeline, out_of_fold_scores
from assay.search.candidates import CANDIDATES
from assay.search.engine import Engine, EngineFactory, FoldScores, SearchProblem, Trial

# The engine's fold scores and ours may differ by rounding, not by more.
_AGREEMENT = 1e-6


@dataclass(frozen=True)
class SearchResult:
    """What a search chose, and everything that it looked at.

    Attributes
    ----------
    chosen : FoldScores
        Best mean fold score.
    tuned : bool
        Whether its hyper-parameters come from tuning.
    pipeline : Pipeline
        Preprocessing and chosen estimator, unfitted, single-threaded.
    out_of_fold : ndarray, shape (n,)
        Raw scores of the chosen pipeline; NaN for rows that no fold validates.
    leaderboard : DataFrame
        One row per model: rank, model, tuned, mean, std, each fold, hyper-parameters, failure.
    tuning : DataFrame
        One row per trial: model, trial, mean, hyper-parameters.
    """

    chosen: FoldScores
    tuned: bool
    pipeline: Any
    out_of_fold: FloatArray
    leaderboard: pd.DataFrame
    tuning: pd.DataFrame


def engine_factory(name: str) -> EngineFactory:
    """Return the engine of `train.engine`; its library is imported only here."""
    if name == "pycaret":
        from assay.search.pycaret_engine import PyCaretEngine

        return PyCaretEngine
    raise ValueError(f"unknown engine {name!r}")


def search_best(
    problem: SearchProblem, params: TrainParams, report: Callable[[str], None]
) -> SearchResult:
    """Find the pipeline with the best mean fold score.

    Candidates are scored as delivered; the best `tune_top` of those that have a search space are
    tuned; delivered and tuned compete together. The winner's out-of-fold scores are then made
    without the engine, and must reproduce the fold scores that it won by.

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
        If every candidate fails.
    """
    engine = engine_factory(params.engine)(problem)
    delivered, failures = _score_all(engine, params.candidates, report)
    if not delivered:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise DataError(f"train.candidates: every candidate failed ({reasons}).")
    direction = -1 if problem.metric.greater_is_better else 1
    delivered.sort(key=lambda result: direction * result.mean)
    tuned, trials = _tune_best(engine, delivered, params, failures, report)
    ranked = sorted([*delivered, *tuned], key=lambda result: direction * result.mean)
    chosen = ranked[0]
    pipeline = assemble_pipeline(problem.preprocessor, chosen.estimator(problem.seed))
    out_of_fold = out_of_fold_scores(pipeline, problem.features, problem.y_true, problem.folds)
    _confirm(chosen, out_of_fold, problem)
    return SearchResult(
        chosen,
        bool(chosen.params),
        pipeline,
        out_of_fold,
        _leaderboard(ranked, failures, problem),
        _tuning_table(trials),
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
    params: TrainParams,
    failures: dict[str, str],
    report: Callable[[str], None],
) -> tuple[list[FoldScores], list[Trial]]:
    tuned, trials = [], []
    tunable = [result.candidate for result in delivered if result.candidate.space]
    for candidate in tunable[: params.tune_top]:
        report(f"tuning {candidate.name}: {params.trials} trials")
        try:
            result, history = engine.tune(candidate, params.trials)
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
        if abs(ours - reported) > _AGREEMENT:
            raise AssertionError(
                f"the engine reports {reported} for {chosen.candidate.name} on fold {fold}, "
                f"its pipeline scores {ours}: the engine did not do what it was told"
            )


def _leaderboard(
    ranked: Sequence[FoldScores], failures: dict[str, str], problem: SearchProblem
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for rank, result in enumerate(ranked, start=1):
        folds = {f"fold_{k}": score for k, score in enumerate(result.scores, start=1)}
        rows.append(
            {
                "rank": rank,
                "model": result.candidate.name,
                "tuned": bool(result.params),
                "metric": problem.metric.name,
                "mean": result.mean,
                "std": result.std,
                **folds,
                "params": _params_text(result.params),
                "failure": "",
            }
        )
    for name, reason in failures.items():
        rows.append(
            {"model": name, "tuned": False, "metric": problem.metric.name, "failure": reason}
        )
    table = pd.DataFrame(rows)
    return table.assign(rank=table["rank"].astype("Int64"))


def _tuning_table(trials: Sequence[Trial]) -> pd.DataFrame:
    rows = [
        {
            "model": trial.candidate,
            "trial": trial.number,
            "mean": trial.mean,
            "params": _params_text(trial.params),
        }
        for trial in trials
    ]
    return pd.DataFrame(rows, columns=["model", "trial", "mean", "params"])


def _params_text(params: Any) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(params.items()))
