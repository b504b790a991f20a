"""The rows that the model predicts worst, with what it leaned on."""

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.interpretation.reasons import strongest_reasons
from assay.interpretation.shap_values import trained_explainer
from assay.metrics.catalogue import ROW_LOSS, row_loss
from assay.predictions import prediction_columns

# Reasons beside each row.
_REASONS = 3


def worst_cases(evidence: Evidence) -> pd.DataFrame:
    """Return the holdout rows that the model predicts worst, the worst first.

    At most `worst_case_count` of them: the columns that name a row, prediction and loss, the reasons of
    the prediction (see `strongest_reasons`), and the other columns.
    """
    schema, holdout = evidence.schema, evidence.holdout
    loss = row_loss(schema.task, holdout.y_true, holdout.y_predicted)
    order = np.argsort(-loss, kind="stable")[: evidence.params.worst_case_count]
    worst = holdout.at(order)
    columns = prediction_columns(worst.y_predicted, schema)
    columns[ROW_LOSS[schema.task]] = loss[order]
    codes = worst.y_predicted.argmax(axis=1) if schema.task == "multiclass" else None
    reasons = strongest_reasons(
        trained_explainer(evidence), worst.rows[schema.feature_names], _REASONS, codes
    )
    first = [name for name in schema.carried_columns if name in worst.rows.columns]
    others = [name for name in worst.rows.columns if name not in first]
    return pd.concat([worst.rows[first], columns, reasons, worst.rows[others]], axis=1)
