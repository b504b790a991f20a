"""Tables of given features and outcome, split, with evidence about a model that was fitted on them."""

from typing import Any

import numpy as np
import pandas as pd
from cases import Case, make_case
from examined import evidence_of
from lightgbm import LGBMClassifier, LGBMRegressor

from assay.calibration.maps import Identity
from assay.evidence import Evidence
from assay.predictor import Predictor, Recipe
from assay.uncertainty.bootstrap import Bootstrap

# Small trees, as a search finds them on a thousand rows.
SMALL = {
    "n_estimators": 40, "num_leaves": 6, "learning_rate": 0.1, "min_child_samples": 30,
    "n_jobs": 1, "verbose": -1,
}  # fmt: skip


def signal_case(
    features: dict[str, Any], outcome: Any, task: str = "regression", **data: Any
) -> Case:
    """Return a table of these columns, its rows independent unless a group column is named."""
    rows = len(outcome)
    table = pd.DataFrame(
        {
            "row_key": [f"k{number:05d}" for number in range(rows)],
            "moment": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="h"),
            **features,
            "outcome": outcome,
        }
    )
    roles = {"group_column": None, "passthrough_columns": [], "exclude_columns": {}} | data
    return make_case(task, table, data=roles)


def fitted_on(case: Case, model: Any = None) -> Predictor:
    if model is None:
        kind = LGBMRegressor if case.schema.task == "regression" else LGBMClassifier
        model = kind(**SMALL)
    return Predictor(Recipe(case.preprocessor, model).fit(case.features, case.y_true), Identity())


def evidence_on(case: Case, model: Any = None, **interpret: Any) -> Evidence:
    plan = Bootstrap(interpret.pop("resamples", 100), 0.95, 0)
    return evidence_of(case, fitted_on(case, model), plan=plan, **interpret)
