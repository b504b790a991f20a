"""Which columns a fitted model reads at all: of all others, no value changes any prediction."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Used = np.ndarray[Any, np.dtype[np.bool_]]


def used_columns(model: Any, count: int) -> Used:
    """Return, for each of so many columns, whether a fitted model may read it.

    False is a proof: no tree splits on the column, or its weight is 0. Of a model whose parts are not
    known, every column counts as read.

    Parameters
    ----------
    model : estimator
        Fitted on a matrix.
    count : int
        The matrix's columns.
    """
    used = np.zeros(count, dtype=bool)
    members = [getattr(model, "regressor_", None), *_members(model)]
    if any(member is not None for member in members):
        for member in members:
            if member is not None:
                used |= used_columns(member, count)
        return used
    reads = _READS.get(type(model).__name__)
    if reads is None:
        return ~used
    used[reads(model)] = True
    return used


def _members(model: Any) -> list[Any]:
    voting = type(model).__name__ in {"VotingClassifier", "VotingRegressor"}
    return list(model.estimators_) if voting else []


def _lightgbm(model: Any) -> Any:
    return np.flatnonzero(model.booster_.feature_importance("split"))


def _xgboost(model: Any) -> Any:
    # Names are f0, f1, ...; columns without a split are not among them.
    return [int(name[1:]) for name in model.get_booster().get_score(importance_type="weight")]


def _forest(model: Any) -> Any:
    return np.unique(np.concatenate([_split_on(tree.tree_.feature) for tree in model.estimators_]))


def _split_on(feature: Any) -> Any:
    # A leaf's is below 0.
    return feature[feature >= 0]


def _hist_gradient_boosting(model: Any) -> Any:
    nodes = [tree.nodes for trees in model._predictors for tree in trees]
    return np.unique(np.concatenate([n["feature_idx"][n["is_leaf"] == 0] for n in nodes]))


def _linear(model: Any) -> Any:
    return np.flatnonzero(np.any(np.atleast_2d(model.coef_) != 0, axis=0))


def _none(model: Any) -> Any:
    return []


_READS: Mapping[str, Callable[[Any], Any]] = {
    "LGBMClassifier": _lightgbm,
    "LGBMRegressor": _lightgbm,
    "XGBClassifier": _xgboost,
    "XGBRegressor": _xgboost,
    "RandomForestClassifier": _forest,
    "RandomForestRegressor": _forest,
    "ExtraTreesClassifier": _forest,
    "ExtraTreesRegressor": _forest,
    "HistGradientBoostingClassifier": _hist_gradient_boosting,
    "HistGradientBoostingRegressor": _hist_gradient_boosting,
    "LogisticRegression": _linear,
    "Ridge": _linear,
    "DummyClassifier": _none,
    "DummyRegressor": _none,
}
