"""What the owner of the table should mend first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.evidence import Evidence
from assay.feedback.about_features import about_features, whole_table
from assay.feedback.about_targets import about_targets
from assay.feedback.drifting import feature_drift
from assay.feedback.finding import Found, in_order, items_table, rows_table
from assay.feedback.gaps import missing_errors


@dataclass(frozen=True)
class Feedback:
    """Faults of the table, by what to mend first.

    Attributes
    ----------
    items : DataFrame
        With `assay.feedback.finding.COLUMNS`.
    rows : DataFrame
        The rows that items name.
    drift : DataFrame
        See `feature_drift`.
    missing : DataFrame
        See `missing_errors`.
    looked_at : int
        Out-of-fold rows whose targets were looked at.
    """

    items: pd.DataFrame
    rows: pd.DataFrame
    drift: pd.DataFrame
    missing: pd.DataFrame
    looked_at: int


def find_data_faults(evidence: Evidence, holdout: pd.DataFrame | None = None) -> Feedback:
    """Look for faults of the table: in its targets, its values, its categories, and what moved.

    Everything is searched on training rows and their out-of-fold predictions. The holdout tells drift,
    and whether errors of missing values are seen again. Categories are counted, and named, in both.

    Parameters
    ----------
    evidence : Evidence
    holdout : DataFrame, optional
        The whole holdout, where `evidence` has a sample of it.
    """
    whole = whole_table(evidence, evidence.holdout.rows if holdout is None else holdout)
    drift, missing = feature_drift(evidence), missing_errors(evidence)
    found = in_order(list(_found(evidence, whole, drift, missing)))
    return Feedback(
        items_table(found),
        rows_table(found, evidence.schema),
        drift,
        missing.drop(columns="names"),
        len(evidence.out_of_fold),
    )


def _found(
    evidence: Evidence, whole: pd.DataFrame, drift: pd.DataFrame, missing: pd.DataFrame
) -> Iterator[Found]:
    yield from about_targets(evidence)
    yield from about_features(evidence, whole, drift, missing)


def feedback_json(found: Feedback) -> dict[str, Any]:
    """Return the counts of a metrics file, and what stands first."""
    items = found.items
    told: dict[str, Any] = {
        "applicable": True,
        "item_count": len(items),
        "looked_at_count": found.looked_at,
    }
    for certainty in ("error", "fact", "hint"):
        told[f"{certainty}_count"] = int((items["certainty"] == certainty).sum())
    for kind in ("wrong_label", "wrong_number"):
        told[f"{kind}_row_count"] = int(items.loc[items["kind"] == kind, "rows"].sum())
    told["drifting_feature_count"] = int(found.drift["drifts"].sum())
    if len(items):
        first = items.iloc[0]
        told["first"] = str(first["finding"])
        told["first_item"] = {
            **{name: str(first[name]) for name in ("kind", "certainty", "feature")},
            "row_count": int(first["rows"]),
        }
    return told
