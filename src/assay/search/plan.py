"""How hard a search tries: the presets, and what `params.yaml` says beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from assay.sections import CandidateName, TaskType, TrainParams


@dataclass(frozen=True)
class SearchPlan:
    """What a search does.

    Attributes
    ----------
    candidates : tuple of str
        Scored as delivered, in this order.
    tune_top : int
        How many of the best that have a search space are tuned.
    trials : int
        For each of them.
    ensemble : {"none", "blend"}
    budget_seconds : float or None
        No trial starts later than this after tuning began.
    """

    candidates: tuple[CandidateName, ...]
    tune_top: int
    trials: int
    ensemble: str
    budget_seconds: float | None = None


# Linear models beat boosted trees on many small tables, so every preset has one.
_PRESETS: Mapping[str, SearchPlan] = {
    "fast": SearchPlan(("dummy", "logistic", "lightgbm"), 1, 10, "none"),
    "balanced": SearchPlan(("dummy", "logistic", "lightgbm", "random_forest"), 2, 20, "none"),
    "thorough": SearchPlan(
        ("dummy", "logistic", "lightgbm", "random_forest", "extra_trees"), 3, 60, "blend"
    ),
}


# Candidates of the extra `boosters`, which `thorough` has where they are installed.
_BOOSTERS: tuple[CandidateName, ...] = ("xgboost", "catboost")


def search_plan(params: TrainParams, task: TaskType) -> SearchPlan:
    """Return the preset's plan with every key that `params.yaml` sets in place of its own."""
    preset = _PRESETS[params.preset]
    names = list(preset.candidates)
    if params.preset == "thorough":
        # XGBoost knows no class weights.
        unfit = {"xgboost"} if params.class_weight == "balanced" else set()
        names += [name for name in _BOOSTERS if find_spec(name) and name not in unfit]
    candidates = params.candidates or [
        "ridge" if name == "logistic" and task == "regression" else name for name in names
    ]
    return SearchPlan(
        tuple(candidates),
        preset.tune_top if params.tune_top is None else params.tune_top,
        preset.trials if params.trials is None else params.trials,
        params.ensemble or preset.ensemble,
        params.budget_seconds,
    )
