"""Fitted pipelines of every candidate, small, for the tests of explanations."""

from functools import cache
from typing import Any

import pandas as pd
from cases import Case, make_case, positive_table

from assay.predictor import Recipe
from assay.search.candidates import CANDIDATES
from assay.search.ensemble import Blend, blended_estimator

FEW = {
    "lightgbm": {"n_estimators": 20},
    "xgboost": {"n_estimators": 20},
    "catboost": {"iterations": 20},
    "hist_gradient_boosting": {"max_iter": 20},
    "random_forest": {"n_estimators": 20},
    "extra_trees": {"n_estimators": 20},
}
TASKS = ("binary", "multiclass", "regression", "log1p")


def candidates_of(task: str) -> list[str]:
    """Return the names of the candidates that can do a task."""
    numbers = task in {"regression", "log1p"}
    return [c.name for c in CANDIDATES.values() if (c.regressor if numbers else c.classifier)]


@cache
def case_of(name: str) -> Case:
    if name == "log1p":
        return make_case("regression", positive_table(), task={"target_transform": "log1p"})
    return make_case(name)


def model_of(case: Case, name: str) -> Any:
    return case.problem().model(CANDIDATES[name], FEW.get(name, {}))


def fitted(case: Case, model: Any) -> Any:
    return Recipe(case.preprocessor, model).fit(case.features, case.y_true)


@cache
def pipeline_of(task: str, *names: str) -> Any:
    """Return a fitted candidate, or a blend of some with unequal weights."""
    case = case_of(task)
    if len(names) == 1:
        return fitted(case, model_of(case, names[0]))
    models = {name: model_of(case, name) for name in names}
    weights = dict.fromkeys(names, 0.25) | {names[0]: 1.25 - 0.25 * len(names)}
    return fitted(case, blended_estimator(case.schema.task, models, Blend(weights, 1.0, 0.0)))


def new_rows(case: Case) -> pd.DataFrame:
    """Return rows to score, some with missing values and some with unknown categories."""
    rows = case.holdout[case.schema.feature_names].head(70).reset_index(drop=True)
    rows.loc[[0, 3], "signal"] = float("nan")
    rows.loc[[1, 3], "kind"] = float("nan")
    rows.loc[[2, 4], "kind"] = "unheard of"
    return rows


def background_of(case: Case) -> pd.DataFrame:
    return case.features.head(30)
