"""What a model must beat: constants, a regularised linear model, and the rule people use today."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from assay.errors import ParamsError
from assay.metrics import FloatArray, LabelArray
from assay.params import BaselineParams
from assay.predictor import assemble_pipeline


class RuleClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A business rule as a classifier: the positive rate where it holds, and where it does not.

    Parameters
    ----------
    query : str
        A pandas query over features in model form.
    """

    def __init__(self, query: str = "True") -> None:
        self.query = query

    def fit(self, X: pd.DataFrame, y: LabelArray) -> "RuleClassifier":
        """Learn the two rates; a side without rows has the overall rate."""
        holds = self._holds(X)
        y = np.asarray(y)
        self.classes_ = np.array([0, 1])
        self.rate_ = float(y[holds].mean()) if holds.any() else float(y.mean())
        self.other_rate_ = float(y[~holds].mean()) if (~holds).any() else float(y.mean())
        return self

    def predict_proba(self, X: pd.DataFrame) -> FloatArray:
        """Return the two rates' probabilities, shape (n, 2)."""
        positive = np.where(self._holds(X), self.rate_, self.other_rate_)
        return np.column_stack([1 - positive, positive])

    def predict(self, X: pd.DataFrame) -> LabelArray:
        """Return 1 where the rule holds."""
        return self._holds(X).astype(int)

    def _holds(self, X: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
        try:
            result = X.eval(self.query, engine="python")
        except Exception as error:  # pandas raises many kinds for a query that it cannot read
            raise ParamsError(
                f"params.yaml: baseline.rule {self.query!r} cannot be evaluated: {error}. "
                f"It may use features only: {', '.join(map(str, X.columns))}."
            ) from None
        holds = np.asarray(result)
        if holds.dtype != bool or holds.shape != (len(X),):
            raise ParamsError(
                f"params.yaml: baseline.rule {self.query!r} must be true or false for each row, "
                f"got {holds.dtype}. Compare something, as in 'seats > 100'."
            )
        return holds


def build_baselines(
    preprocessor: Any, params: BaselineParams, seed: int
) -> Mapping[str, Pipeline | RuleClassifier]:
    """Return the unfitted baselines by name, the simplest first.

    Parameters
    ----------
    preprocessor : ColumnTransformer
        The preprocessing that candidates have too.
    params : BaselineParams
        The section `baseline`.
    seed : int
        Seed of the linear solver.
    """
    linear = LogisticRegression(C=params.logistic_c, max_iter=2000, random_state=seed)
    baselines: dict[str, Pipeline | RuleClassifier] = {
        "most_frequent": Pipeline([("model", DummyClassifier(strategy="most_frequent"))]),
        "prior": Pipeline([("model", DummyClassifier(strategy="prior"))]),
        "logistic": assemble_pipeline(preprocessor, linear),
    }
    if params.rule:
        baselines["rule"] = RuleClassifier(params.rule)
    return baselines
