"""What predictions of the tiny tables are held against, and batches of them."""

from typing import Any

import numpy as np
from cases import Case, make_case
from watches import scored_rows, watch_of

from assay.conformal import fit_intervals
from assay.costs import NumberCosts
from assay.monitoring.clusters import cluster_codes, cluster_reference
from assay.monitoring.outputs import output_reference
from assay.monitoring.rows import ScoredRows
from assay.monitoring.watch import Watch
from assay.newsvendor import fit_quantile


def decision_of(rows: ScoredRows, task: str) -> dict[str, Any]:
    """Return a decision on rows of a task; numbers have a quantile to act on, too."""
    if task == "binary":
        return {"threshold": 0.5}
    if task == "multiclass":
        return {"min_confidence": 0.6}
    told = fit_intervals(rows.outcome, rows.predicted, 0.9, 3).to_json()
    costs = NumberCosts(np.ones(len(rows)), np.full(len(rows), 3.0))
    told["quantile"] = fit_quantile(rows.outcome, rows.predicted, costs, 3).to_json()
    return told


def watched(
    task: str = "binary", case: Case | None = None, before: int = 4000, **monitor: Any
) -> Watch:
    """Return what batches from `scored_rows` are held against."""
    case = case or make_case(task)
    out_of_fold = scored_rows(watch_of(case), before, 1)
    return held_against(case, out_of_fold, scored_rows(watch_of(case), 1000, 2), **monitor)


def held_against(case: Case, out_of_fold: ScoredRows, holdout: ScoredRows, **monitor: Any) -> Watch:
    """Return what batches are held against, where these rows have been before."""
    schema, task = case.schema, case.params.task
    decision = decision_of(out_of_fold, schema.task)
    codes = cluster_codes(out_of_fold.times, out_of_fold.groups)
    reference = {
        "inputs": {},
        "clusters": cluster_reference(codes, len(out_of_fold)),
        "outputs": output_reference(out_of_fold, holdout, schema, decision, task),
    }
    return watch_of(case, reference, decision, **monitor)
