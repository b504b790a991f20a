"""What each feature adds to one model's output: SHAP values, by kind of model.

They are exact for boosted trees, forests, linear models and constants, and for the mean of such models
where it is taken of what their values add up to. Any other model is asked through its predictions. The
values of a row do not depend on the rows around it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from assay.errors import ArtifactError
from assay.metrics.core import FloatArray
from assay.predictor import raw_predictions

Codes = np.ndarray[Any, np.dtype[np.int64]]
# What each feature adds to each output (n, p, k), and what is there before any does (k,). Of two
# classes, the positive one is the only output.
Added = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Columns:
    """The columns that a model reads.

    Attributes
    ----------
    features : tuple of str
        The features behind them.
    source : ndarray of int, shape (c,)
        For each column, the position of its feature.
    background : ndarray, shape (b, c)
        Rows that stand for "the feature is unknown". Trees do without.
    """

    features: tuple[str, ...]
    source: Codes
    background: FloatArray

    def summed(self, values: FloatArray) -> FloatArray:
        """Add up the columns of each feature, (n, c, k) to (n, p, k)."""
        total = np.zeros((len(values), len(self.features), values.shape[2]))
        for column, feature in enumerate(self.source):
            total[:, feature] += values[:, column]
        return total

    def required_background(self, model: Any) -> FloatArray:
        """Return the background of a model that cannot be explained without."""
        if not len(self.background):
            raise ArtifactError(
                f"the reasons of {type(model).__name__} need training rows to compare with, and there "
                "are none. Package the run anew, or do without reasons."
            )
        return self.background


class Explainer:
    """SHAP values of a fitted model.

    Attributes
    ----------
    method : str
        How they are found.
    on_margin : bool
        Whether a classifier's values add up to what its probabilities are made from (log-odds of two
        classes, scores of more) instead of to probabilities. Those of numbers add up to numbers.
    row_seconds : float
        About how long a row takes one core, from what the model is: no clock is asked, so that as many
        rows are explained everywhere. 0 where it does not count.
    """

    method: str
    on_margin = True

    def __init__(self, model: Any, columns: Columns) -> None:
        self.row_seconds = 0.0
        self.model = model
        self.columns = columns

    def added(self, matrix: FloatArray) -> Added:
        """Return what each feature adds to the outputs of each row, and their base."""
        values, base = self._by_column(matrix)
        return self.columns.summed(values), base

    def output(self, matrix: FloatArray) -> FloatArray:
        """Return what base and values must add up to, (n, k)."""
        whole = self._margin(matrix) if self._of_margin else raw_predictions(self.model, matrix)
        return np.reshape(np.asarray(whole, dtype=float), (len(matrix), -1))

    @property
    def _of_margin(self) -> bool:
        return self.on_margin and is_classifier(self.model)

    def _by_column(self, matrix: FloatArray) -> Added:
        raise NotImplementedError

    def _margin(self, matrix: FloatArray) -> Any:
        return self.model.decision_function(matrix)


class _LightGBM(Explainer):
    method = "TreeSHAP (LightGBM)"

    def _by_column(self, matrix: FloatArray) -> Added:
        # For each output its columns, the last of which is the base.
        raw = np.asarray(self.model.predict(matrix, pred_contrib=True), dtype=float)
        return _without_base(raw.reshape(len(matrix), -1, matrix.shape[1] + 1))

    def _margin(self, matrix: FloatArray) -> Any:
        return self.model.predict(matrix, raw_score=True)


class _XGBoost(Explainer):
    """XGBoost's own TreeSHAP, which counts in 32 bits: good to about 6 digits.

    The package shap 0.49 cannot read models of XGBoost 3.
    """

    method = "TreeSHAP (XGBoost)"

    def _by_column(self, matrix: FloatArray) -> Added:
        raw = self._booster_says(matrix, pred_contribs=True)
        return _without_base(raw.astype(float))

    def _margin(self, matrix: FloatArray) -> Any:
        return self._booster_says(matrix, output_margin=True)

    def _booster_says(self, matrix: FloatArray, **what: bool) -> Any:
        import xgboost

        rows = xgboost.DMatrix(matrix, nthread=self.model.n_jobs)
        return self.model.get_booster().predict(rows, strict_shape=True, **what)


class _CatBoost(Explainer):
    method = "TreeSHAP (CatBoost)"

    def _by_column(self, matrix: FloatArray) -> Added:
        import catboost

        raw = self.model.get_feature_importance(
            catboost.Pool(matrix), type="ShapValues", thread_count=1
        )
        return _without_base(np.reshape(raw, (len(matrix), -1, matrix.shape[1] + 1)))

    def _margin(self, matrix: FloatArray) -> Any:
        return self.model.predict(matrix, prediction_type="RawFormulaVal")


def _without_base(raw: FloatArray) -> Added:
    """Split (n, k, c + 1), whose last column is the base of every row."""
    return raw[:, :, :-1].transpose(0, 2, 1), raw[0, :, -1]


class _ShapTrees(Explainer):
    """Trees without a TreeSHAP of their own."""

    method = "TreeSHAP (shap)"

    def __init__(self, model: Any, columns: Columns) -> None:
        super().__init__(model, columns)
        self._trees = _shap(model).TreeExplainer(model)
        trees = self._trees.model
        leaves = float(np.sum((np.asarray(trees.num_nodes) + 1) / 2))
        # Measured on forests of 1 to 10 outputs: nanoseconds for each leaf and level.
        each = 10 + 2 * np.shape(trees.values)[-1]
        self.row_seconds = 1e-9 * each * leaves * max(1, int(trees.max_depth))

    def _by_column(self, matrix: FloatArray) -> Added:
        values = self._trees.shap_values(matrix, check_additivity=False)
        values = np.reshape(values, (*matrix.shape, -1))
        return values, np.reshape(self._trees.expected_value, -1)


class _Forest(_ShapTrees):
    # Its trees vote with probabilities.
    on_margin = False

    def _by_column(self, matrix: FloatArray) -> Added:
        values, base = super()._by_column(matrix)
        return (values[:, :, 1:], base[1:]) if len(base) == 2 else (values, base)


def _shap(model: Any) -> Any:
    try:
        import shap
    except ModuleNotFoundError as error:
        if error.name != "shap":
            raise
        raise ArtifactError(
            f"the reasons of {type(model).__name__} need the package shap, which is not installed. "
            "Install what env/requirements-scoring-extras.txt in the run folder lists, or do without "
            "reasons."
        ) from None
    return shap


class _Linear(Explainer):
    """The closed form of a linear model: weight times distance from the mean of the background."""

    method = "linear SHAP"

    def __init__(self, model: Any, columns: Columns) -> None:
        super().__init__(model, columns)
        self._center = columns.required_background(model).mean(axis=0)

    def _by_column(self, matrix: FloatArray) -> Added:
        weights = np.atleast_2d(self.model.coef_)
        base = np.atleast_1d(self.model.intercept_) + weights @ self._center
        return (matrix - self._center)[:, :, None] * weights.T, base


class _Constant(Explainer):
    method = "constant"
    on_margin = False

    def added(self, matrix: FloatArray) -> Added:
        base = self.output(np.zeros((1, len(self.columns.source))))[0]
        return np.zeros((len(matrix), len(self.columns.features), len(base))), base


class _Mean(Explainer):
    """A blend of models whose values add up to what it averages: SHAP values average likewise."""

    on_margin = False

    def __init__(self, model: Any, columns: Columns) -> None:
        super().__init__(model, columns)
        self._members = [explainer_of(member, columns) for member in model.estimators_]
        self.row_seconds = sum(member.row_seconds for member in self._members)
        methods = dict.fromkeys(member.method for member in self._members)
        self.method = f"mean of {' and '.join(methods)}"

    def added(self, matrix: FloatArray) -> Added:
        parts = [member.added(matrix) for member in self._members]
        shares = np.asarray(self.model.weights) / np.sum(self.model.weights)
        # In order: a sum over an axis adds in another one where a table is small.
        values, base = np.zeros_like(parts[0][0]), np.zeros_like(parts[0][1])
        for share, (member_values, member_base) in zip(shares, parts, strict=True):
            values += share * member_values
            base += share * member_base
        return values, base


# Orders of the features, each of which is also walked backwards.
_ORDERS = 2
# Rows that a model predicts at once.
_ROWS_AT_ONCE = 10_000


class _Permutation(Explainer):
    """Any model: the mean gain when a feature becomes known, over some orders of the features.

    What is unknown has the values of the background, whose predictions are averaged. All columns of a
    feature become known together. Every row has the same orders, so that its values are its own.
    Strumbelj and Kononenko 2014; walked backwards too (Mitchell et al. 2022), they are exact wherever no
    more than two features interact.
    """

    method = "permutation SHAP"
    on_margin = False

    def __init__(self, model: Any, columns: Columns) -> None:
        super().__init__(model, columns)
        # Thousands of predictions.
        self.row_seconds = 0.1
        self._background = columns.required_background(model)
        self._base = self.output(self._background).mean(axis=0)
        count = len(columns.features)
        # Drawn over sorted names: the order of a table's columns must not decide.
        by_name = np.argsort(np.array(columns.features, dtype=object), kind="stable")
        rng = np.random.default_rng(0)
        forward = np.array([by_name[rng.permutation(count)] for _ in range(_ORDERS)])
        self._orders = np.concatenate([forward, forward[:, ::-1]])
        # known[o, s]: the features that are known after s steps of order o.
        places = np.argsort(self._orders, axis=1)
        known = places[:, None, :] < np.arange(count + 1)[:, None]
        self._coalitions, found = np.unique(known.reshape(-1, count), axis=0, return_inverse=True)
        self._steps = found.reshape(known.shape[:2])

    def added(self, matrix: FloatArray) -> Added:
        values = np.zeros((len(matrix), len(self.columns.features), len(self._base)))
        for number, row in enumerate(matrix):
            expected = self._expected(row)
            gains = expected[self._steps[:, 1:]] - expected[self._steps[:, :-1]]
            for order, gain in zip(self._orders, gains, strict=True):
                values[number, order] += gain
        return values / len(self._orders), self._base

    def _expected(self, row: FloatArray) -> FloatArray:
        """Return the mean prediction (coalitions, k) where only a coalition's features are known."""
        rows = len(self._background)
        size = max(1, _ROWS_AT_ONCE // rows)
        means = []
        for start in range(0, len(self._coalitions), size):
            known = self._coalitions[start : start + size][:, self.columns.source]
            mixed = np.where(known[:, None, :], row, self._background)
            predicted = self.output(mixed.reshape(-1, len(row)))
            means.append(predicted.reshape(len(known), rows, -1).mean(axis=1))
        return np.concatenate(means)


_KINDS: dict[str, type[Explainer]] = {
    "LGBMClassifier": _LightGBM,
    "LGBMRegressor": _LightGBM,
    "XGBClassifier": _XGBoost,
    "XGBRegressor": _XGBoost,
    "CatBoostClassifier": _CatBoost,
    "CatBoostRegressor": _CatBoost,
    "RandomForestClassifier": _Forest,
    "RandomForestRegressor": _Forest,
    "ExtraTreesClassifier": _Forest,
    "ExtraTreesRegressor": _Forest,
    "HistGradientBoostingClassifier": _ShapTrees,
    "HistGradientBoostingRegressor": _ShapTrees,
    "LogisticRegression": _Linear,
    "Ridge": _Linear,
    "DummyClassifier": _Constant,
    "DummyRegressor": _Constant,
}


def kind_of(model: Any) -> type[Explainer]:
    """Return what explains a fitted model."""
    name = type(model).__name__
    if name in {"VotingClassifier", "VotingRegressor"}:
        # Probabilities are averaged, so that log-odds of the members say nothing of their mean's.
        members = [kind_of(member) for member in model.estimators_]
        margins = is_classifier(model) and any(kind.on_margin for kind in members)
        return _Permutation if margins or _Permutation in members else _Mean
    return _KINDS.get(name, _Permutation)


def explainer_of(model: Any, columns: Columns) -> Explainer:
    """Return the explainer of a fitted model.

    Raises
    ------
    ArtifactError
        If it needs a background and there is none, or the package shap and that is not installed.
    """
    return kind_of(model)(model, columns)
