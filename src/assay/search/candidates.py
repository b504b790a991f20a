"""The models that a search may try: how each is built, and over which values it is tuned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from assay.sections import TaskType

# `(seed, n_jobs) -> unfitted estimator`, deterministic for a seed, whatever `n_jobs` is.
Build = Callable[[int, int], Any]


@dataclass(frozen=True)
class Candidate:
    """A model with its search space.

    Attributes
    ----------
    name : str
        Its name in `train.candidates`.
    classifier, regressor : callable or None
        How it is built for classes and for numbers; None where it cannot do them.
    space : dict
        Optuna's distribution of each tuned hyper-parameter; empty if nothing is tuned.
    balanced : dict or None
        The parameters that make rare classes count more; None if it has none.
    """

    name: str
    classifier: Build | None
    regressor: Build | None
    space: Mapping[str, BaseDistribution] = field(default_factory=dict)
    balanced: Mapping[str, Any] | None = field(default_factory=lambda: {"class_weight": "balanced"})

    def build(self, task: TaskType, seed: int, n_jobs: int) -> Any:
        """Return the unfitted estimator for a task.

        Raises
        ------
        ValueError
            If the candidate cannot do the task.
        """
        build = self.regressor if task == "regression" else self.classifier
        if build is None:
            raise ValueError(f"{self.name} cannot do {task}")
        return build(seed, n_jobs)


def _dummy_classifier(seed: int, n_jobs: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _dummy_regressor(seed: int, n_jobs: int) -> Any:
    from sklearn.dummy import DummyRegressor

    return DummyRegressor(strategy="mean")


def _logistic(seed: int, n_jobs: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=2000, random_state=seed)


def _ridge(seed: int, n_jobs: int) -> Any:
    from sklearn.linear_model import Ridge

    return Ridge(random_state=seed)


def _lightgbm_settings(seed: int, n_jobs: int) -> dict[str, Any]:
    return {
        # Smaller and more regular trees than LightGBM's own defaults, which were worse on 12 of 14
        # tables of 600 to 6,000 rows (docs/decisions/0007-two-engines.md).
        "n_estimators": 200,
        "learning_rate": 0.05,
        "num_leaves": 12,
        "colsample_bytree": 0.6,
        "reg_lambda": 1.0,
        "random_state": seed,
        "n_jobs": n_jobs,
        "verbosity": -1,
        # Without these two, the bits depend on the number of threads and on a timing.
        "deterministic": True,
        "force_row_wise": True,
    }


def _lightgbm_classifier(seed: int, n_jobs: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(**_lightgbm_settings(seed, n_jobs))


def _lightgbm_regressor(seed: int, n_jobs: int) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(**_lightgbm_settings(seed, n_jobs))


# Forests add up their trees' votes in the order in which threads finish, so that two threads do not
# give the same last digits twice: one thread.
def _forest(kind: str) -> Build:
    def build(seed: int, n_jobs: int) -> Any:
        from sklearn import ensemble

        return getattr(ensemble, kind)(min_samples_leaf=5, random_state=seed, n_jobs=1)

    return build


def _hist_gradient_boosting(kind: str) -> Build:
    def build(seed: int, n_jobs: int) -> Any:
        from sklearn import ensemble

        return getattr(ensemble, kind)(
            max_iter=200,
            learning_rate=0.05,
            max_leaf_nodes=12,
            l2_regularization=1.0,
            # It would set aside rows by a rule of its own.
            early_stopping=False,
            random_state=seed,
        )

    return build


def _xgboost(kind: str) -> Build:
    def build(seed: int, n_jobs: int) -> Any:
        import xgboost

        return getattr(xgboost, kind)(
            n_estimators=200,
            learning_rate=0.05,
            max_depth=4,
            colsample_bytree=0.6,
            random_state=seed,
            n_jobs=n_jobs,
            tree_method="hist",
            verbosity=0,
        )

    return build


def _catboost(kind: str) -> Build:
    def build(seed: int, n_jobs: int) -> Any:
        import catboost

        return getattr(catboost, kind)(
            iterations=300,
            learning_rate=0.05,
            depth=6,
            random_state=seed,
            thread_count=1,
            verbose=0,
            allow_writing_files=False,
        )

    return build


CANDIDATES: Mapping[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        # A prior is the same whatever a class counts.
        Candidate("dummy", _dummy_classifier, _dummy_regressor, balanced={}),
        Candidate("logistic", _logistic, None, {"C": FloatDistribution(1e-4, 1e2, log=True)}),
        Candidate("ridge", None, _ridge, {"alpha": FloatDistribution(1e-3, 1e4, log=True)}),
        Candidate(
            "lightgbm",
            _lightgbm_classifier,
            _lightgbm_regressor,
            {
                "n_estimators": IntDistribution(50, 400),
                "learning_rate": FloatDistribution(0.01, 0.2, log=True),
                "num_leaves": IntDistribution(4, 64, log=True),
                "min_child_samples": IntDistribution(10, 200, log=True),
                "colsample_bytree": FloatDistribution(0.3, 1.0),
                "reg_lambda": FloatDistribution(1e-3, 30.0, log=True),
            },
        ),
        # Forests gain least from tuning and cost most (Probst, Boulesteix and Bischl 2019,
        # "Tunability"): they compete as delivered.
        Candidate(
            "random_forest", _forest("RandomForestClassifier"), _forest("RandomForestRegressor")
        ),
        Candidate("extra_trees", _forest("ExtraTreesClassifier"), _forest("ExtraTreesRegressor")),
        Candidate(
            "hist_gradient_boosting",
            _hist_gradient_boosting("HistGradientBoostingClassifier"),
            _hist_gradient_boosting("HistGradientBoostingRegressor"),
            {
                "max_iter": IntDistribution(50, 400),
                "learning_rate": FloatDistribution(0.01, 0.2, log=True),
                "max_leaf_nodes": IntDistribution(4, 64, log=True),
                "min_samples_leaf": IntDistribution(10, 200, log=True),
                "l2_regularization": FloatDistribution(1e-3, 30.0, log=True),
            },
        ),
        Candidate(
            "xgboost",
            _xgboost("XGBClassifier"),
            _xgboost("XGBRegressor"),
            {
                "n_estimators": IntDistribution(50, 400),
                "learning_rate": FloatDistribution(0.01, 0.2, log=True),
                "max_depth": IntDistribution(2, 8),
                "min_child_weight": FloatDistribution(1.0, 100.0, log=True),
                "colsample_bytree": FloatDistribution(0.3, 1.0),
                "reg_lambda": FloatDistribution(1e-3, 30.0, log=True),
            },
            balanced=None,
        ),
        Candidate(
            "catboost",
            _catboost("CatBoostClassifier"),
            _catboost("CatBoostRegressor"),
            {
                "iterations": IntDistribution(50, 500),
                "learning_rate": FloatDistribution(0.01, 0.2, log=True),
                "depth": IntDistribution(3, 8),
                "l2_leaf_reg": FloatDistribution(1.0, 30.0, log=True),
            },
            balanced={"auto_class_weights": "Balanced"},
        ),
    )
}
