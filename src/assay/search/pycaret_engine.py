"""The PyCaret engine: its experiment, told everything explicitly. The only module that imports it.

PyCaret writes a log file on import and has defaults that would decide results (its own split, folds,
preprocessing, metric, parallelism). Each is overridden here; `docs/decisions/` says why.
"""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from assay.search.candidates import Candidate
from assay.search.engine import FoldScores, SearchProblem, Trial

# Read when pycaret is first imported.
os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)

_TARGET = "__target__"
_METRIC = "assay_primary"
# PyCaret insists on a test set if the folds are ours. These rows are copies of training rows and
# nothing is read from them.
_STAND_IN_ROWS = 20


class PyCaretEngine:
    """Scores and tunes candidates through a PyCaret classification experiment.

    Parameters
    ----------
    problem : SearchProblem
    """

    def __init__(self, problem: SearchProblem) -> None:
        with _quietly():
            from pycaret.classification import ClassificationExperiment

        self._problem = problem
        self._experiment = ClassificationExperiment()
        data = problem.features.assign(**{_TARGET: problem.y_true})
        stand_in = _one_of_each_class(data).copy()
        stand_in.index = pd.RangeIndex(len(data), len(data) + len(stand_in))
        with _quietly():
            self._experiment.setup(
                data,
                target=_TARGET,
                test_data=stand_in,
                index=True,
                preprocess=False,
                fold_strategy=problem.folds,
                session_id=problem.seed,
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
            self._experiment.pipeline.steps = [("features", problem.preprocessor)]
            self._experiment.add_metric(
                _METRIC,
                _METRIC,
                _metric_function(problem),
                target="pred_proba",
                greater_is_better=problem.metric.greater_is_better,
            )

    def score(self, candidate: Candidate) -> FoldScores:
        """Cross-validate a candidate as delivered."""
        estimator = candidate.build(self._problem.seed, self._problem.n_jobs)
        with _quietly():
            self._experiment.create_model(estimator, round=15, verbose=False, error_score="raise")
            return self._fold_scores(candidate, {})

    def tune(self, candidate: Candidate, trials: int) -> tuple[FoldScores, list[Trial]]:
        """Search the candidate's space by Optuna's TPE, through `tune_model`."""
        estimator = candidate.build(self._problem.seed, self._problem.n_jobs)
        with _quietly():
            _, tuner = self._experiment.tune_model(
                estimator,
                n_iter=trials,
                custom_grid=dict(candidate.space),
                optimize=_METRIC,
                search_library="optuna",
                search_algorithm="tpe",
                # The caller compares; PyCaret would hide a model that tuning made worse.
                choose_better=False,
                return_tuner=True,
                round=15,
                verbose=False,
                tuner_verbose=0,
            )
            tuned = self._fold_scores(candidate, _plain_params(tuner.best_params_))
        sign = 1.0 if self._problem.metric.greater_is_better else -1.0
        history = [
            Trial(
                candidate.name, trial.number, sign * float(trial.value), _plain_params(trial.params)
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


def pycaret_model_bytes(pipeline: Any, feature_names: list[str], target: str) -> bytes:
    """Return a fitted pipeline as PyCaret's own `save_model` writes it.

    `pycaret.classification.load_model` reads it and `predict_model` scores with it. It is a pickle:
    for PyCaret's users; Assay never loads it.
    """
    with _quietly():
        from pycaret.internal.persistence import save_model
        from pycaret.internal.pipeline import Pipeline

        # PyCaret's `predict_model` reads the index of what the transformer gives.
        features = deepcopy(pipeline.named_steps["features"]).set_output(transform="pandas")
        native = Pipeline(
            [("features", features), ("trained_model", pipeline.named_steps["model"])]
        )
        # `fit` would note these; the steps are fitted already.
        native._feature_names_in = [*feature_names, target]
        with tempfile.TemporaryDirectory() as folder:
            save_model(native, str(Path(folder) / "model"), verbose=False)
            return (Path(folder) / "model.pkl").read_bytes()


def _one_of_each_class(data: pd.DataFrame) -> pd.DataFrame:
    """Return a few rows with every class among them."""
    first = data.groupby(_TARGET, sort=True).head(_STAND_IN_ROWS // 2)
    return first.head(_STAND_IN_ROWS)


def _metric_function(problem: SearchProblem) -> Any:
    """Return the metric as PyCaret calls it: on labels and probabilities."""

    def assay_primary(y_true: Any, y_prob: Any, **_: Any) -> float:
        score = np.asarray(y_prob, dtype=float)
        if score.ndim == 2:
            score = score[:, 1]
        return problem.metric.value(np.asarray(y_true), np.ascontiguousarray(score))

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
