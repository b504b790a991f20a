"""What a search is asked, what it answers, and the protocol between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from assay.metrics import LabelArray, ScoredMetric
from assay.search.candidates import Candidate
from assay.splits.folds import Folds


@dataclass(frozen=True)
class SearchProblem:
    """The training set and the terms of the search; nothing of the holdout.

    Attributes
    ----------
    features : DataFrame, shape (n, p)
        Training rows in model form.
    y_true : ndarray of {0, 1}, shape (n,)
    folds : Folds
        Every candidate is scored on these.
    preprocessor : ColumnTransformer
        Unfitted; fitted anew inside each fold.
    metric : ScoredMetric
        Whose mean over the folds is to be best.
    seed : int
    n_jobs : int
        Threads inside one model fit.
    """

    features: pd.DataFrame
    y_true: LabelArray
    folds: Folds
    preprocessor: Any
    metric: ScoredMetric
    seed: int
    n_jobs: int


@dataclass(frozen=True)
class FoldScores:
    """An unfitted model with its metric on each fold.

    Attributes
    ----------
    candidate : Candidate
    params : dict
        Hyper-parameters that tuning set; empty as delivered.
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

    def __str__(self) -> str:
        return f"{self.metric} {self.mean:.4f}, sd {self.std:.4f} over {len(self.scores)} folds"

    def estimator(self, seed: int, n_jobs: int = 1) -> Any:
        """Return the unfitted estimator with these hyper-parameters."""
        return self.candidate.build(seed, n_jobs).set_params(**self.params)


@dataclass(frozen=True)
class Trial:
    """One step of tuning: the hyper-parameters that were tried and their mean score."""

    candidate: str
    number: int
    mean: float
    params: Mapping[str, Any]


class Engine(Protocol):
    """Scores and tunes candidates on given folds. One instance serves one problem."""

    def score(self, candidate: Candidate) -> FoldScores:
        """Cross-validate a candidate as delivered."""
        ...

    def tune(self, candidate: Candidate, trials: int) -> tuple[FoldScores, list[Trial]]:
        """Search the candidate's space and return the best found, with every trial."""
        ...


EngineFactory = Callable[[SearchProblem], Engine]
