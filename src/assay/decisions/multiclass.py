"""More than two classes: the most probable one, or none below a confidence. Costs do not apply."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.decisions.options import not_valued
from assay.decisions.rows import REPORTS, TABLES, DecisionReport, Rows, completed
from assay.rejection import RejectionCurve, decide_classes, decided_rates, rejection_curve
from assay.schema import Label, Schema
from assay.sections import ThresholdParams

_CURVE_POINTS = 200


@dataclass(frozen=True)
class ClassesDrawn:
    """The out-of-fold curve of its rows, the chosen confidence, and the decided holdout rows."""

    curve: RejectionCurve
    row_count: int
    min_confidence: float
    confusion: np.ndarray[Any, np.dtype[np.int64]]
    labels: tuple[Label, ...]


def decide_confidence(
    schema: Schema, params: ThresholdParams, out_of_fold: Rows, holdout: Rows
) -> DecisionReport:
    """Choose the confidence out-of-fold, and report it on the holdout; see `decide_task`."""
    chosen = decide_classes(
        out_of_fold.y_true,
        out_of_fold.predicted,
        params.accept_accuracy,
        schema.unit,
        schema.labels,
    )
    curve = rejection_curve(out_of_fold.y_true, out_of_fold.predicted)
    keep = np.unique(np.linspace(0, len(curve.accuracy) - 1, _CURVE_POINTS).round().astype(int))
    points = {name: getattr(curve, name)[keep] for name in TABLES["rejection"]}
    decided = holdout.predicted.max(axis=1) >= chosen.min_confidence
    actual, predicted = holdout.y_true[decided], holdout.predicted.argmax(axis=1)[decided]
    names = np.array([str(label) for label in schema.labels], dtype=object)
    k = len(names)
    confusion = np.bincount(actual.astype(int) * k + predicted, minlength=k * k).reshape(k, k)
    metrics = {
        "applicable": True,
        "strategy": "most_probable_class",
        "min_confidence": chosen.min_confidence,
        "out_of_fold": decided_rates(
            out_of_fold.y_true, out_of_fold.predicted, chosen.min_confidence
        ),
        "holdout": decided_rates(holdout.y_true, holdout.predicted, chosen.min_confidence),
        "holdout_all_decided": decided_rates(holdout.y_true, holdout.predicted, 0.0),
        "value": not_valued("costs are of two classes, or of numbers"),
    }
    tables = {
        "rejection": pd.DataFrame(points),
        "confusion": pd.DataFrame({"actual": names[actual], "predicted": names[predicted]}),
    }
    drawn = ClassesDrawn(
        curve, len(out_of_fold.y_true), chosen.min_confidence, confusion, schema.labels
    )
    return DecisionReport(
        chosen.to_json(),
        metrics,
        chosen.rationale,
        drawn,
        completed(tables, TABLES),
        completed({}, REPORTS),
    )
