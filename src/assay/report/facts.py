"""What the pages of a run are made of: model card, summary, HTML report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.schema import Schema

# What the pages read of `reports/tables/` and of `plots/data/`.
TABLES = (
    *("leaderboard", "learning_curve", "oof_importance", "tuning"),
    *("per_class", "baseline_gains", "calibration"),
    *("thresholds", "operating_points", "cost_sensitivity", "value"),
    *("fairness", "parity", "proxies"),
    *("importance", "importance_groups", "agreement", "directions", "interactions"),
    *("partial_dependence", "local_explanations"),
    *("slices", "found_slices", "worst_cases"),
    *("robustness", "periods", "support", "drift", "missing_errors"),
    *("data_feedback", "data_feedback_rows"),
)
CURVES = (
    *("learning_curve", "roc", "precision_recall", "calibration", "residuals", "qq"),
    *("threshold", "cost", "gain", "value", "confusion", "rejection", "coverage"),
    *("importance", "shap"),
)


@dataclass(frozen=True)
class ReportFacts:
    """Everything that the pages tell; they compute nothing that a metrics file or a table has.

    Attributes
    ----------
    run : dict
        The content of `run_meta.json`.
    schema : Schema
    metrics : dict
        The metrics files by stage, the history of the holdout among them.
    decision : dict
        The content of `models/decision.json`.
    tables : dict of str to DataFrame
        Those of `reports/tables/`, by the names of `TABLES`.
    curves : dict of str to DataFrame
        Those of `plots/data/`, by the names of `CURVES`; empty where the task has none.
    pictures : dict of str to bytes
        The PNG files of `plots/`, by stage and name, such as `interpret/shap_beeswarm`.
    findings : sequence of dict
        What was found in the table, the split and the model, as JSON has it.
    """

    run: Mapping[str, Any]
    schema: Schema
    metrics: Mapping[str, Mapping[str, Any]]
    decision: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    curves: Mapping[str, pd.DataFrame]
    pictures: Mapping[str, bytes]
    findings: Sequence[Mapping[str, Any]]
