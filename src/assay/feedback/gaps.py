"""Whether the model errs more than it knows where a feature is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from assay.evidence import Evidence, Predicted
from assay.expected_loss import loss_difference
from assay.feedback.excess import excess_row_loss
from assay.metrics.catalogue import row_loss
from assay.uncertainty.bootstrap import clusters_of
from assay.uncertainty.many import holm_adjusted
from assay.uncertainty.mean_difference import MeanDifference

COLUMNS = (
    *("features", "rows", "missing_rate", "loss_missing", "loss_known"),
    *("excess", "ci_low", "ci_high", "p_value", "p_adjusted"),
    *("holdout_rows", "holdout_excess", "holdout_p_value", "drives_errors"),
)
_BETWEEN = ", "


@dataclass(frozen=True)
class Side:
    """Rows, what is known of them beyond their predictions, and which are concerned."""

    excess: MeanDifference
    loss_inside: float
    loss_outside: float


def compared_losses(
    evidence: Evidence, rows: Predicted, inside: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> Side | None:
    """Return how much more than expected the model loses on some rows than on the others.

    None where a side is too small (see `loss_difference`).
    """
    task = evidence.task.type
    excess = excess_row_loss(task, rows, evidence.out_of_fold)
    clusters = clusters_of(rows.rows, evidence.schema.group_column)
    plan = replace(evidence.bootstrap, clusters=clusters)
    found = loss_difference(task, rows, excess, inside, plan)
    if found is None:
        return None
    loss = row_loss(task, rows.y_true, rows.y_predicted)
    return Side(
        found,
        float(loss[inside].mean()),
        float(loss[~inside].mean()),
    )


def missing_errors(evidence: Evidence) -> pd.DataFrame:
    """Return, for each feature with missing values, how much more than expected is lost without it.

    Searched on the out-of-fold rows, and looked at again on the holdout. Features that are missing in
    the same rows are one.

    Returns
    -------
    DataFrame
        With `COLUMNS`: the mean loss where the feature is missing and where it is known; `excess`, the
        difference of the losses beyond what the predictions let expect (see `excess_row_loss`), with its
        interval, its p-value and Holm's; `drives_errors` where that is beyond chance and positive. The
        least p-value first.
    """
    train, holdout = evidence.out_of_fold, evidence.holdout
    rows = []
    for names, missing in _patterns(evidence, train).items():
        found = compared_losses(evidence, train, missing)
        if found is None:
            continue
        again = holdout.rows[names[0]].isna().to_numpy()
        confirmed = compared_losses(evidence, holdout, again)
        rows.append(
            {
                "features": _BETWEEN.join(names),
                "names": names,
                "rows": int(missing.sum()),
                "missing_rate": float(missing.mean()),
                "loss_missing": found.loss_inside,
                "loss_known": found.loss_outside,
                "excess": found.excess.value,
                "ci_low": found.excess.ci_low,
                "ci_high": found.excess.ci_high,
                "p_value": found.excess.p_value,
                "holdout_rows": int(again.sum()),
                "holdout_excess": confirmed.excess.value if confirmed else np.nan,
                "holdout_p_value": confirmed.excess.p_value if confirmed else np.nan,
            }
        )
    table = pd.DataFrame(rows, columns=[*COLUMNS, "names"])
    table["p_adjusted"] = holm_adjusted(table["p_value"].to_numpy(dtype=float))
    alpha = 1 - evidence.bootstrap.confidence
    table["drives_errors"] = ((table["p_adjusted"] <= alpha) & (table["excess"] > 0)).astype(bool)
    return table.sort_values(["p_value", "features"], ignore_index=True)


def _patterns(
    evidence: Evidence, rows: Predicted
) -> Mapping[tuple[str, ...], "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    """Return the features with missing values, those of the same rows together."""
    together: dict[bytes, list[str]] = {}
    masks = {}
    for name in evidence.schema.feature_names:
        missing = rows.rows[name].isna().to_numpy()
        if missing.any():
            together.setdefault(missing.tobytes(), []).append(name)
            masks[missing.tobytes()] = missing
    return {tuple(names): masks[key] for key, names in together.items()}
