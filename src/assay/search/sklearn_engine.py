"""The scikit-learn engine: candidates on cached folds, tuned by Optuna. Needs no PyCaret.

Preprocessing and resampling do not depend on a candidate's hyper-parameters, so they are done once per
fold and serve every trial.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone

from assay.metrics.core import FloatArray, TargetArray
from assay.predictor import raw_predictions
from assay.search.candidates import Candidate
from assay.search.engine import FoldScores, SearchProblem, Trial

# Matrices of folds above this are made anew for each use.
_CACHE_BYTES = 2_000_000_000
# A trial is given up if it is worse than the median of earlier ones on as many folds as are scored
# before the rest.
_FOLDS_BEFORE_PRUNING = 2
_TRIALS_BEFORE_PRUNING = 5


@dataclass(frozen=True)
class FoldData:
    """What a fold's models are fitted on and judged by, preprocessed and resampled.

    Attributes
    ----------
    fitted, validated : ndarray, shape (n, columns)
    fitted_target, validated_target : ndarray, shape (n,)
    """

    fitted: FloatArray
    fitted_target: TargetArray
    validated: FloatArray
    validated_target: TargetArray


class SklearnEngine:
    """Scores and tunes candidates with scikit-learn and Optuna.

    With `n_jobs` above 1 that many folds are worked on at a time, each by a model with one thread.

    Parameters
    ----------
    problem : SearchProblem
    """

    def __init__(self, problem: SearchProblem) -> None:
        self._problem = problem
        self._splits = list(problem.folds.split(problem.features))
        self._cache: dict[int, FoldData] = {}

    def score(self, candidate: Candidate) -> FoldScores:
        """Cross-validate a candidate as delivered."""
        return self._result(candidate, {}, self._scores(candidate, {}, range(len(self._splits))))

    def tune(
        self, candidate: Candidate, trials: int, seconds: float | None
    ) -> tuple[FoldScores, list[Trial]]:
        """Search the candidate's space by Optuna's TPE; trials that start badly are given up."""
        import optuna

        # Its lines are for a terminal of its own; the caller reports.
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        metric = self._problem.metric
        study = optuna.create_study(
            direction="maximize" if metric.greater_is_better else "minimize",
            sampler=optuna.samplers.TPESampler(seed=self._problem.task.seed),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_TRIALS_BEFORE_PRUNING),
        )
        history, best = [], None
        started = time.monotonic()
        for _ in range(trials):
            trial = study.ask(dict(candidate.space))
            scores = self._scores_unless_hopeless(candidate, trial)
            complete = len(scores) == len(self._splits)
            state = optuna.trial.TrialState.COMPLETE if complete else None
            mean = float(np.mean(scores))
            study.tell(
                trial,
                mean if complete else None,
                state=state or optuna.trial.TrialState.PRUNED,
            )
            history.append(Trial(candidate.name, trial.number, mean, len(scores), trial.params))
            if complete and (best is None or metric.gain(mean, best.mean) > 0):
                best = self._result(candidate, trial.params, scores)
            if seconds is not None and time.monotonic() - started > seconds:
                break
        if best is None:
            raise AssertionError("the first trial is never given up")
        return best, history

    def _scores_unless_hopeless(self, candidate: Candidate, trial: Any) -> list[float]:
        """Return the metric on every fold, or on the first few where those say that it is enough."""
        first = range(min(_FOLDS_BEFORE_PRUNING, len(self._splits)))
        scores = self._scores(candidate, trial.params, first)
        trial.report(float(np.mean(scores)), 0)
        rest = range(len(first), len(self._splits))
        if rest and trial.should_prune():
            return scores
        return scores + self._scores(candidate, trial.params, rest)

    def _result(
        self, candidate: Candidate, params: Mapping[str, Any], scores: list[float]
    ) -> FoldScores:
        return FoldScores(candidate, dict(params), self._problem.metric.name, tuple(scores))

    def _scores(self, candidate: Candidate, params: Mapping[str, Any], folds: range) -> list[float]:
        """Return the metric on each of the given folds, in their order."""
        for number in folds:
            self._fold(number)
        return list(
            joblib.Parallel(n_jobs=self._problem.n_jobs, prefer="threads")(
                joblib.delayed(self._score_fold)(candidate, params, number) for number in folds
            )
        )

    def _score_fold(self, candidate: Candidate, params: Mapping[str, Any], number: int) -> float:
        data = self._fold(number)
        model = self._problem.model(candidate, params).fit(data.fitted, data.fitted_target)
        predicted = raw_predictions(model, data.validated)
        return self._problem.metric.value(data.validated_target, predicted)

    def _fold(self, number: int) -> FoldData:
        """Return a fold's matrices; small enough, they are made once."""
        if number in self._cache:
            return self._cache[number]
        problem = self._problem
        fitted, validated = self._splits[number]
        preprocessor, y_fitted = clone(problem.preprocessor), problem.y_true[fitted]
        matrix = preprocessor.fit_transform(problem.features.iloc[fitted], y_fitted)
        judged = preprocessor.transform(problem.features.iloc[validated])
        if problem.sampler is not None:
            matrix, y_fitted = clone(problem.sampler).fit_resample(matrix, y_fitted)
        data = FoldData(matrix, y_fitted, judged, problem.y_true[validated])
        held = sum(d.fitted.nbytes + d.validated.nbytes for d in self._cache.values())
        if held + matrix.nbytes + judged.nbytes <= _CACHE_BYTES:
            self._cache[number] = data
        return data
