"""What `package` tells of a holdout's history, from the files that `python -m stages.history` wrote."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from assay.history.ledger import other_models, standing
from assay.metrics.core import Metric
from assay.params import Params
from assay.uncertainty.selection import standard_error


def history_facts(
    ledger: pd.DataFrame,
    comparison: Mapping[str, Any],
    model: str,
    decision: str,
    metric: Metric,
    holdout: Mapping[str, Any],
    params: Params,
) -> dict[str, Any]:
    """Return the scalars of `metrics/history.json`.

    Parameters
    ----------
    ledger : DataFrame
        The holdout ledger.
    comparison : dict
        The comparison with the previously shipped run; used only if it is this model's on this
        holdout, and its value only if it is that of this decision and these costs.
    model, decision : str
        The hashes of the candidate and of the decision.
    metric : Metric
        The one that models are chosen by.
    holdout : dict
        The content of `metrics/holdout.json`.
    params : Params
    """
    name, judged, told = metric.name, holdout["judged"], holdout["model"][metric.name]
    rows, predictions = judged["rows_sha256"], judged["predictions_sha256"]
    error = None
    if "ci_low" in told:
        error = standard_error(told["ci_low"], told["ci_high"], params.evaluate.confidence)
    others = other_models(ledger, rows, model, predictions, name, told["value"])
    stands = standing(others, metric, told["value"], error)
    costs = params.threshold.costs.model_dump()
    return {
        "applicable": True,
        "metric": name,
        # `stages.history` names the model that it looked at, whether there was one to compare or not.
        "renewed": comparison.get("model") == model and comparison.get("holdout") == rows,
        "ledger": stands.to_json(),
        "comparison": _comparison(comparison, rows, model, decision, costs),
    }


def _comparison(
    comparison: Mapping[str, Any], holdout: str, model: str, decision: str, costs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the comparison without its lists; not applicable if it is of another model."""
    of_this = comparison.get("model") == model and comparison.get("holdout") == holdout
    if not (comparison.get("applicable") and of_this):
        return {"applicable": False}
    of_value = {}
    same_question = comparison.get("decision") == decision and comparison.get("costs") == costs
    if "value_gain" in comparison and same_question:
        of_value = {name: comparison[name] for name in ("value_gain", "unit")}
    told = ("previous_run", "previous_commit", "previous_date", "row_count", "all_rows", "verdict")
    return {
        "applicable": True,
        **{name: comparison[name] for name in told},
        **of_value,
        "metrics": comparison["metrics"],
    }
