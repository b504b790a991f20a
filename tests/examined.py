"""What `interpret` is given, made of a tiny case: any part of it may be replaced."""

from typing import Any

import pandas as pd
from cases import Case

from assay.evidence import Evidence, Predicted
from assay.predictor import Predictor
from assay.uncertainty.bootstrap import Bootstrap

PLAN = Bootstrap(200, 0.95, 0)


def evidence_of(
    case: Case,
    predictor: Predictor,
    *,
    holdout: pd.DataFrame | None = None,
    y_true: Any = None,
    y_predicted: Any = None,
    out_of_fold: Predicted | None = None,
    plan: Bootstrap = PLAN,
    **interpret: Any,
) -> Evidence:
    """Return evidence about a predictor: of the case's holdout, unless other rows are given.

    Without out-of-fold predictions, the predictor's own of the training rows stand for them.
    """
    rows = case.holdout if holdout is None else holdout
    features, target = case.schema.feature_names, case.schema.target
    if out_of_fold is None:
        out_of_fold = Predicted(case.train, case.y_true, predictor.predict(case.features))
    return Evidence(
        predictor,
        case.schema,
        Predicted(
            rows,
            rows[target].to_numpy() if y_true is None else y_true,
            predictor.predict(rows[features]) if y_predicted is None else y_predicted,
        ),
        out_of_fold,
        case.train,
        case.params.interpret.model_copy(update=interpret),
        case.params.task,
        plan,
    )
