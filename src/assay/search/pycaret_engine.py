"""The PyCaret engine: its experiment, told everything explicitly. The only module that imports it.

PyCaret writes a log file on import and has defaults that would decide results (its own split, folds,
preprocessing, metric, parallelism). Each is overridden here; `docs/decisions/` says why.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from assay.search.candidates import Candidate
from assay.search.engine import FoldScores, SearchProblem, Trial
from assay.sections import TaskType

# Read when pycaret is first imported.
os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)

_TARGET = "__target__"
_METRIC = "assay_primary"
# PyCaret insists on a test set if the folds are ours. These rows are copies of training rows and
# nothing is read from them.
_STAND_IN_ROWS = 20
# Optuna looks at the clock before its first trial too, and none would be no search.
_SHORTEST_SECONDS = 0.1


class PyCaretEngine:
    """Scores and tunes candidates through a PyCaret experiment.

    Parameters
    ----------
    problem : SearchProblem
    """

    def __init__(self, problem: SearchProblem) -> None:
        self._problem = problem
        data = problem.features.assign(**{_TARGET: problem.y_true})
        stand_in = _stand_in_rows(data, problem.task.type).copy()
        stand_in.index = pd.RangeIndex(len(data), len(data) + len(stand_in))
        with _quietly():
            self._experiment = _experiment(problem.task.type)
            self._experiment.setup(
                data,
                target=_TARGET,
                test_data=stand_in,
                index=True,
                preprocess=False,
                fold_strategy=problem.folds,
                session_id=problem.task.seed,
                n_jobs=1,
                memory=False,
                html=False,
                verbose=False,
                system_log=False,
                log_experiment=False,
            )
            # `setup` shrinks numbers to 32 bits and wraps transformers so that columns are renamed
            # and reordered: scores then differ from those of the pipeline that would ship. Give it
            # the data as they are and the transformer itself.
            self._experiment.data = pd.concat([data, stand_in])
            self._experiment.pipeline.steps = [("features", _Features(problem.preprocessor))]
            if problem.sampler is not None:
                self._experiment.pipeline.steps.append(("resample", _Resampling(problem.sampler)))
            self._add_metric()

    def _add_metric(self) -> None:
        problem = self._problem
        further = {} if problem.task.type == "regression" else {"target": "pred_proba"}
        if problem.task.type == "multiclass":
            further["multiclass"] = True  # type: ignore[assignment]
        self._experiment.add_metric(
            _METRIC,
            _METRIC,
            _metric_function(problem),
            greater_is_better=problem.metric.greater_is_better,
            **further,
        )

    def score(self, candidate: Candidate) -> FoldScores:
        """Cross-validate a candidate as delivered."""
        estimator = self._problem.model(candidate, {}, self._problem.n_jobs)
        with _quietly():
            self._experiment.create_model(estimator, round=15, verbose=False, error_score="raise")
            return self._fold_scores(candidate, {})

    def tune(
        self, candidate: Candidate, trials: int, seconds: float | None
    ) -> tuple[FoldScores, list[Trial]]:
        """Search the candidate's space by Optuna's TPE, through `tune_model`."""
        estimator = self._problem.model(candidate, {}, self._problem.n_jobs)
        # A transformed target wraps the estimator whose hyper-parameters these are.
        prefix = "regressor__" if hasattr(estimator, "regressor") else ""
        with _quietly():
            _, tuner = self._experiment.tune_model(
                estimator,
                n_iter=trials,
                custom_grid={prefix + name: values for name, values in candidate.space.items()},
                optimize=_METRIC,
                search_library="optuna",
                search_algorithm="tpe",
                # The caller compares; PyCaret would hide a model that tuning made worse.
                choose_better=False,
                return_tuner=True,
                round=15,
                verbose=False,
                tuner_verbose=0,
                timeout=None if seconds is None else max(seconds, _SHORTEST_SECONDS),
            )
            tuned = self._fold_scores(candidate, _plain_params(tuner.best_params_))
        sign = 1.0 if self._problem.metric.greater_is_better else -1.0
        history = [
            Trial(
                candidate.name,
                trial.number,
                sign * float(trial.value),
                self._problem.folds.fold_count,
                _plain_params(trial.params),
            )
            for trial in tuner.study_.trials
            if trial.value is not None
        ]
        return tuned, history

    def _fold_scores(self, candidate: Candidate, params: dict[str, Any]) -> FoldScores:
        table = self._experiment.pull()
        folds = table.loc[[index for index in table.index if index not in ("Mean", "Std")], _METRIC]
        scores = tuple(float(value) for value in folds)
        return FoldScores(candidate, params, self._problem.metric.name, scores)


class _Features(BaseEstimator):  # type: ignore[misc]
    """The preprocessing as PyCaret's pipeline takes one that knows the target.

    That pipeline calls `fit` and then `transform` with the rows and outcomes of the fit, never
    `fit_transform`. An encoder of the target would give those rows means that hold their own outcomes.
    """

    def __init__(self, preprocessor: Any) -> None:
        self.preprocessor = preprocessor

    def fit(self, X: Any, y: Any) -> "_Features":
        """Fit a clone, and keep what it gives the rows of its own fit for `transform`."""
        self.fitted_ = clone(self.preprocessor)
        self._own = (X, self.fitted_.fit_transform(X, y))
        return self

    def transform(self, X: Any, y: Any = None) -> Any:
        """Return the matrix: of the rows of its fit, with their outcomes, as `fit_transform` does."""
        rows, matrix = self._own
        if y is not None and X is rows:
            # Asked for once; nobody else holds on to them.
            self._own = (None, None)
            return matrix
        return self.fitted_.transform(X)


class _Resampling(BaseEstimator):  # type: ignore[misc]
    """A sampler as PyCaret's pipeline takes one: a transformer of rows that prediction skips."""

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler
        self._train_only = True

    def fit(self, X: Any, y: Any) -> "_Resampling":
        """Do nothing: resampling is done in `transform`."""
        return self

    def transform(self, X: Any, y: Any) -> Any:
        """Return the resampled rows and their outcomes."""
        return clone(self.sampler).fit_resample(X, y)


def _experiment(task: TaskType) -> Any:
    if task == "regression":
        from pycaret.regression import RegressionExperiment

        return RegressionExperiment()
    from pycaret.classification import ClassificationExperiment

    return ClassificationExperiment()


def _stand_in_rows(data: pd.DataFrame, task: TaskType) -> pd.DataFrame:
    """Return a few rows; with every class among them, where there are classes."""
    if task == "regression":
        return data.head(_STAND_IN_ROWS)
    return data.groupby(_TARGET, sort=True).head(_STAND_IN_ROWS // 2)


def _metric_function(problem: SearchProblem) -> Any:
    """Return the metric as PyCaret calls it: on outcomes and probabilities, or numbers."""

    def assay_primary(y_true: Any, predicted: Any, **_: Any) -> float:
        values = np.asarray(predicted, dtype=float)
        if problem.task.type == "binary" and values.ndim == 2:
            values = values[:, 1]
        return problem.metric.value(np.asarray(y_true), np.ascontiguousarray(values))

    return assay_primary


def _plain_params(params: dict[str, Any]) -> dict[str, Any]:
    """Drop PyCaret's step name from hyper-parameters and turn NumPy scalars into Python's."""
    return {
        name.rsplit("__", 1)[-1]: value.item() if hasattr(value, "item") else value
        for name, value in params.items()
    }


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence the warnings that PyCaret's own code raises, which its user cannot mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
