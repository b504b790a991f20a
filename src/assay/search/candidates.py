"""The models that a search may try: how each is built, and over which values it is tuned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution


@dataclass(frozen=True)
class Candidate:
    """A model with its search space.

    Attributes
    ----------
    name : str
        Its name in `train.candidates`.
    build : callable
        `(seed, n_jobs) -> unfitted estimator`, deterministic for a seed, whatever `n_jobs` is.
    space : dict
        Optuna's distribution of each tuned hyper-parameter; empty if nothing is tuned.
    """

    name: str
    build: Callable[[int, int], Any]
    space: Mapping[str, BaseDistribution]


def _dummy(seed: int, n_jobs: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def _logistic(seed: int, n_jobs: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=2000, random_state=seed)


def _lightgbm(seed: int, n_jobs: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        random_state=seed,
        n_jobs=n_jobs,
        verbosity=-1,
        # Without these two, the bits depend on the number of threads and on a timing.
        deterministic=True,
        force_row_wise=True,
    )


# Forests add up their trees' votes in the order in which threads finish, so that two threads do not
# give the same last digits twice: one thread.
def _random_forest(seed: int, n_jobs: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(min_samples_leaf=5, random_state=seed, n_jobs=1)


def _extra_trees(seed: int, n_jobs: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(min_samples_leaf=5, random_state=seed, n_jobs=1)


CANDIDATES: Mapping[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate("dummy", _dummy, {}),
        Candidate("logistic", _logistic, {"C": FloatDistribution(1e-4, 1e2, log=True)}),
        Candidate(
            "lightgbm",
            _lightgbm,
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
        Candidate("random_forest", _random_forest, {}),
        Candidate("extra_trees", _extra_trees, {}),
    )
}
