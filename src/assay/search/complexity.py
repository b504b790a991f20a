"""How much a fitted model holds: the numbers that decide what it predicts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# What is counted in a model, and how one of it is called.
_SINGULAR = {"coefficients": "coefficient", "leaves": "leaf", "constants": "constant"}


@dataclass(frozen=True)
class Complexity:
    """The number of fitted numbers that decide, and what they are.

    Attributes
    ----------
    count : int
    unit : str
        "coefficients", "leaves", "constants", or several of them for a blend.
    blended : bool
        Whether several models are averaged.
    """

    count: int
    unit: str
    blended: bool = False

    @property
    def order(self) -> tuple[int, int]:
        """What a simpler model has less of: its family first, and the count within it.

        Constants are simpler than linear models, these than trees, and trees than a blend: 200 leaves
        are not simpler than 300 coefficients, each of which says what one feature does.
        """
        family = {"constants": 0, "coefficients": 1}.get(self.unit, 2)
        return (3 if self.blended else family, self.count)

    def __str__(self) -> str:
        unit = _SINGULAR.get(self.unit, self.unit) if self.count == 1 else self.unit
        return f"{self.count:,} {unit}"


def complexity_of(model: Any) -> Complexity | None:
    """Return the complexity of a fitted estimator; None for a kind that is not known.

    Of a linear model the coefficients other than 0 count (a set of them for each class, where there are
    more than two), of trees the leaves of all of them (boosting has trees for each class), of a blend
    all that its members hold, of a constant prediction its numbers: one, or as many as there are
    classes where these are more than two. Intercepts, and the thresholds that lead to a leaf, do not.

    Parameters
    ----------
    model : estimator
        Fitted; one of `train.candidates`, on a transformed target or not, or a blend.
    """
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import VotingClassifier, VotingRegressor

    if isinstance(model, VotingClassifier | VotingRegressor):
        return _together([complexity_of(member) for member in model.estimators_])
    if hasattr(model, "regressor_"):
        return complexity_of(model.regressor_)
    if type(model).__module__ == "sklearn.dummy":
        classes = len(model.classes_) if isinstance(model, DummyClassifier) else 0
        return Complexity(classes if classes > 2 else 1, "constants")
    leaves = _leaves(model)
    if leaves is not None:
        return Complexity(leaves, "leaves")
    if hasattr(model, "coef_"):
        return Complexity(int(np.count_nonzero(model.coef_)), "coefficients")
    return None


def _together(members: list[Complexity | None]) -> Complexity | None:
    known = [member for member in members if member is not None]
    if len(known) < len(members):
        return None
    units = dict.fromkeys(unit for member in known for unit in member.unit.split(" and "))
    return Complexity(sum(member.count for member in known), " and ".join(units), blended=True)


def _leaves(model: Any) -> int | None:
    """Return the leaves of all trees of a model; None if it has no trees."""
    count = _OF_LIBRARIES.get(type(model).__module__.partition(".")[0], _sklearn_leaves)
    return count(model)


def _lightgbm_leaves(model: Any) -> int:
    lines = model.booster_.model_to_string().splitlines()
    return sum(int(line.partition("=")[2]) for line in lines if line.startswith("num_leaves="))


def _xgboost_leaves(model: Any) -> int:
    return sum(tree.count("leaf=") for tree in model.get_booster().get_dump())


def _catboost_leaves(model: Any) -> int:
    return int(np.sum(model.get_tree_leaf_counts()))


def _sklearn_leaves(model: Any) -> int | None:
    if hasattr(model, "_predictors"):
        return sum(int(tree.get_n_leaf_nodes()) for trees in model._predictors for tree in trees)
    trees = [model] if hasattr(model, "tree_") else np.ravel(getattr(model, "estimators_", []))
    if not len(trees) or not all(hasattr(tree, "tree_") for tree in trees):
        return None
    return sum(int(tree.get_n_leaves()) for tree in trees)


_OF_LIBRARIES: Mapping[str, Callable[[Any], int | None]] = {
    "lightgbm": _lightgbm_leaves,
    "xgboost": _xgboost_leaves,
    "catboost": _catboost_leaves,
}
