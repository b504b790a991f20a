"""What a fitted model holds, against small models whose numbers can be counted by hand."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor

from assay.search.candidates import CANDIDATES
from assay.search.complexity import Complexity, complexity_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 3))
Y = {
    "binary": (X[:, 0] > 0).astype(int),
    "multiclass": np.digitize(X[:, 0], [-0.5, 0.5]),
    "regression": X[:, 0] * 5,
}


def fitted(name, task, **params):
    model = CANDIDATES[name].build(task, 0, 1).set_params(**params)
    return complexity_of(model.fit(X, Y[task]))


@pytest.mark.parametrize(
    ("task", "dummy", "linear"), [("binary", 1, 3), ("multiclass", 3, 9), ("regression", 1, 3)]
)
def test_constants_and_coefficients_are_counted(task, dummy, linear):
    assert fitted("dummy", task) == Complexity(dummy, "constants")
    name = "ridge" if task == "regression" else "logistic"
    assert fitted(name, task) == Complexity(linear, "coefficients")


def test_a_coefficient_of_zero_decides_nothing():
    model = Lasso(alpha=1.0).fit(X, Y["regression"])
    assert complexity_of(model) == Complexity(1, "coefficients")
    assert complexity_of(Lasso(alpha=1e3).fit(X, Y["regression"])).count == 0


# With stumps, so that a tree has two leaves.
STUMPS = {
    "lightgbm": {"n_estimators": 5, "num_leaves": 2},
    "hist_gradient_boosting": {"max_iter": 5, "max_leaf_nodes": 2},
    "xgboost": {"n_estimators": 5, "max_depth": 1},
    "catboost": {"iterations": 5, "depth": 1},
    "random_forest": {"n_estimators": 5, "max_depth": 1},
    "extra_trees": {"n_estimators": 5, "max_depth": 1, "max_features": None},
}


@pytest.mark.parametrize("task", list(Y))
@pytest.mark.parametrize("name", list(STUMPS))
def test_the_leaves_of_all_trees_are_counted(name, task):
    # Boosters of other libraries fit a tree for each of three classes; CatBoost and forests have one
    # whose leaves hold three numbers.
    boosted = name in ("lightgbm", "hist_gradient_boosting", "xgboost")
    trees = 5 * (3 if task == "multiclass" and boosted else 1)
    assert fitted(name, task, **STUMPS[name]) == Complexity(2 * trees, "leaves")


def test_deeper_trees_have_more_leaves_than_depth_alone_allows():
    forest = CANDIDATES["random_forest"].build("binary", 0, 1).set_params(n_estimators=3)
    forest.fit(X, Y["binary"])
    leaves = sum((tree.tree_.children_left == -1).sum() for tree in forest.estimators_)
    assert complexity_of(forest).count == leaves > 6


def test_a_transformed_target_hides_nothing():
    inner = Ridge()
    model = TransformedTargetRegressor(inner, func=np.cbrt, inverse_func=lambda z: z**3)
    assert complexity_of(model.fit(X, Y["regression"])) == Complexity(3, "coefficients")


def test_a_blend_holds_what_its_members_hold():
    stumps = CANDIDATES["lightgbm"].build("binary", 0, 1).set_params(**STUMPS["lightgbm"])
    members = [("logistic", LogisticRegression()), ("lightgbm", stumps)]
    blend = VotingClassifier(members, voting="soft").fit(X, Y["binary"])
    assert complexity_of(blend) == Complexity(13, "coefficients and leaves", blended=True)
    two = VotingClassifier([("a", LogisticRegression()), ("b", LogisticRegression(C=9.0))])
    assert complexity_of(clone(two).fit(X, Y["binary"])) == Complexity(
        6, "coefficients", blended=True
    )
    unknown = VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())])
    assert complexity_of(unknown.fit(X, Y["binary"])) is None


def test_what_cannot_be_counted_is_not_guessed():
    assert complexity_of(KNeighborsRegressor().fit(X, Y["regression"])) is None


@pytest.mark.parametrize("model", [DummyClassifier(strategy="prior"), DummyRegressor()])
def test_a_number_has_its_noun(model):
    assert str(complexity_of(model.fit(X, Y["binary"]))) == "1 constant"
    assert str(Complexity(3100, "leaves")) == "3,100 leaves"
    assert str(Complexity(1, "leaves")) == "1 leaf"
