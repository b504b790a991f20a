"""What a search is asked, what it answers, and the protocol between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from assay.metrics.core import Metric, TargetArray
from assay.predictor import Recipe
from assay.preprocessing import on_target
from assay.search.candidates import Candidate
from assay.sections import TaskParams
from assay.splits.folds import Folds, IntArray


@dataclass(frozen=True)
class SearchProblem:
    """The training set and the terms of the search; nothing of the holdout.

    Attributes
    ----------
    task : TaskParams
        Its type, its seed, and how its target is transformed.
    features : DataFrame, shape (n, p)
        Training rows in model form.
    y_true : ndarray, shape (n,)
        Codes of classes, or numbers.
    folds : Folds
        Every candidate is scored on these.
    preprocessor : ColumnTransformer
        Unfitted; fitted anew inside each fold.
    sampler : imbalanced-learn sampler, optional
        Changes the rows that models are fitted on, inside each fold.
    metric : Metric
        Whose mean over the folds is to be best.
    class_weight : {"none", "balanced"}
        Whether rare classes count more while models are fitted.
    n_jobs : int
        Threads; what they are given to is the engine's.
    confidence : float
        Of every interval, in (0, 1).
    groups : ndarray of int, shape (n,), optional
        The group of each row; None without `data.group_column`.
    """

    task: TaskParams
    features: pd.DataFrame
    y_true: TargetArray
    folds: Folds
    preprocessor: Any
    sampler: Any
    metric: Metric
    class_weight: str
    n_jobs: int
    confidence: float
    groups: IntArray | None = None

    def model(self, candidate: Candidate, params: Mapping[str, Any], n_jobs: int = 1) -> Any:
        """Return a candidate's unfitted estimator with these hyper-parameters, for this problem.

        Raises
        ------
        ValueError
            If it cannot do the task, or knows no class weights where they are asked for.
        """
        estimator = candidate.build(self.task.type, self.task.seed, n_jobs).set_params(**params)
        if self.class_weight == "balanced":
            if candidate.balanced is None:
                raise ValueError(f"{candidate.name} knows no class weights")
            estimator.set_params(**candidate.balanced)
        return on_target(estimator, self.task)

    def recipe(self, estimator: Any) -> Recipe:
        """Return how a pipeline with this estimator is fitted."""
        return Recipe(self.preprocessor, estimator, self.sampler)


@dataclass(frozen=True)
class FoldScores:
    """An unfitted model with its metric on each fold.

    Attributes
    ----------
    candidate : Candidate
    params : dict
        Hyper-parameters that tuning set, or the weights of a blend; empty as delivered.
    metric : str
        Its name.
    scores : tuple of float
        The metric in its own direction (a loss is a loss), fold 1 first.
    """

    candidate: Candidate
    params: Mapping[str, Any]
    metric: str
    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.scores))

    @property
    def std(self) -> float:
        """Sample standard deviation over the folds."""
        return float(np.std(self.scores, ddof=1))

    @property
    def tuned(self) -> bool:
        """Whether hyper-parameters come from tuning; the weights of a blend are none."""
        return bool(self.params and self.candidate.space)

    @property
    def label(self) -> str:
        """The name that tells a tuned model from the same one as delivered."""
        return f"{self.candidate.name} (tuned)" if self.tuned else self.candidate.name

    def __str__(self) -> str:
        return f"{self.metric} {self.mean:.4f}, sd {self.std:.4f} over {len(self.scores)} folds"


@dataclass(frozen=True)
class Trial:
    """One step of tuning.

    Attributes
    ----------
    candidate : str
    number : int
    mean : float
        Mean of the metric over the folds that were scored.
    fold_count : int
        How many those were; fewer than all where the trial was given up.
    params : dict
        The hyper-parameters that were tried.
    """

    candidate: str
    number: int
    mean: float
    fold_count: int
    params: Mapping[str, Any]


class Engine(Protocol):
    """Scores and tunes candidates on given folds. One instance serves one problem."""

    def score(self, candidate: Candidate) -> FoldScores:
        """Cross-validate a candidate as delivered."""
        ...

    def tune(
        self, candidate: Candidate, trials: int, seconds: float | None
    ) -> tuple[FoldScores, list[Trial]]:
        """Search the candidate's space and return the best found, with every trial.

        After so many seconds no further trial starts; None: there is no such limit.
        """
        ...


EngineFactory = Callable[[SearchProblem], Engine]
