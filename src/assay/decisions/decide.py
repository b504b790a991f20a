"""From predictions to what is done: one decision per task, chosen out-of-fold, applied to new rows.

Two classes have a threshold, more classes the most probable one with a reject option, numbers an interval.
"""

from assay.decisions.binary import decide_threshold
from assay.decisions.multiclass import decide_confidence
from assay.decisions.regression import decide_intervals
from assay.decisions.rows import DecisionReport, Resampling, Rows
from assay.schema import Schema
from assay.sections import TaskParams, ThresholdParams


def decide_task(
    schema: Schema,
    task: TaskParams,
    params: ThresholdParams,
    out_of_fold: Rows,
    holdout: Rows,
    resampling: Resampling,
    baseline_name: str = "baseline",
) -> DecisionReport:
    """Choose the task's decision out-of-fold, and report it on the holdout.

    Parameters
    ----------
    schema : Schema
    task : TaskParams
        The limits of a regression's intervals.
    params : ThresholdParams
        The section `threshold`.
    out_of_fold : Rows
        The decision is chosen on these alone.
    holdout : Rows
        Only to report.
    resampling : Resampling
        Behind every interval.
    baseline_name : str
        Of the baseline that was best out-of-fold.

    Raises
    ------
    GateError
        If no decision does what is asked for.
    """
    if schema.task == "regression":
        return decide_intervals(task, params, out_of_fold, holdout, resampling, baseline_name)
    if schema.task == "multiclass":
        return decide_confidence(schema, params, out_of_fold, holdout)
    return decide_threshold(schema, params, out_of_fold, holdout, resampling, baseline_name)
