"""The rows that the model predicts worst, with what it leaned on."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.evidence import Evidence, Predicted
from assay.interpretation.reasons import strongest_reasons
from assay.interpretation.shap_values import trained_explainer
from assay.metrics.catalogue import ROW_LOSS, row_loss
from assay.predictions import prediction_columns
from assay.schema import Schema

# Reasons beside each row.
_REASONS = 3


def worst_cases(evidence: Evidence) -> pd.DataFrame:
    """Return the holdout rows that the model predicts worst, the worst first.

    At most `worst_case_count` of them: the columns that name a row, prediction and loss, what went
    wrong as a sentence, what the reasons are for (of several classes the predicted one, after
    calibration), the reasons of the prediction (see `strongest_reasons`), and the other columns.
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
    columns["what_went_wrong"] = [
        f"{told}: {_misled(reasons.iloc[row], sign)}"
        for row, (told, sign) in enumerate(_errors(worst, schema))
    ]
    columns["reasons_for"] = _explained(schema, codes, len(worst))
    first = [name for name in schema.carried_columns if name in worst.rows.columns]
    others = [name for name in worst.rows.columns if name not in first]
    return pd.concat([worst.rows[first], columns, reasons, worst.rows[others]], axis=1)


def _errors(worst: Predicted, schema: Schema) -> list[tuple[str, float]]:
    """Tell each row's error, and whether what the reasons are for is too high (1) or too low (-1)."""
    y_true, predicted, target = worst.y_true, worst.y_predicted, schema.target
    if schema.task == "regression":
        return [
            (
                f"{target} is {actual:.6g}, predicted {told:.6g}, {abs(told - actual):.4g} too "
                f"{'much' if told > actual else 'little'}",
                1.0 if told > actual else -1.0,
            )
            for actual, told in zip(y_true, predicted, strict=True)
        ]
    if schema.task == "binary":
        return [
            (
                f"{target} is {schema.labels[code]}, scored {score:.3g} for {schema.labels[1]}",
                -1.0 if code == 1 else 1.0,
            )
            for code, score in zip(y_true, predicted, strict=True)
        ]
    found = []
    for code, shares in zip(y_true, predicted, strict=True):
        top = int(shares.argmax())
        told = f"{target} is {schema.labels[code]}, which has {shares[code]:.3g}"
        if top != code:
            told += f"; predicted {schema.labels[top]} with {shares[top]:.3g}"
        found.append((told, 1.0 if top != code else -1.0))
    return found


def _misled(reasons: "pd.Series[Any]", sign: float) -> str:
    """Tell which of a row's reasons point to the error."""
    told = []
    for rank in range(1, _REASONS + 1):
        name, value, effect = (reasons[f"reason_{rank}{s}"] for s in ("", "_value", "_effect"))
        if pd.notna(name) and effect * sign > 0:
            of_value = "is missing" if pd.isna(value) else f"= {_short(value)}"
            told.append(f"{name} {of_value} ({effect:+.2g})")
    if told:
        return f"misled by {', '.join(told)}"
    return "its strongest reasons point the right way, but not far enough"


def _short(value: str) -> str:
    """Leave out digits of a number that tell a reader nothing."""
    try:
        return f"{float(value):.4g}" if len(value) > 8 else value
    except ValueError:
        return value


def _explained(schema: Schema, codes: npt.NDArray[np.int64] | None, rows: int) -> list[str]:
    """Say what the reasons of each row raise or lower."""
    if schema.task == "regression":
        return [schema.target] * rows
    chosen = [1] * rows if codes is None else codes
    return [f"{schema.target} = {schema.labels[code]}" for code in chosen]
