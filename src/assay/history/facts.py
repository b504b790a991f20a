"""What `package` tells of a holdout's history, from the files that `python -m stages.history` wrote."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from assay.history.ledger import standing
from assay.metrics.core import Metric
from assay.uncertainty.selection import standard_error


def history_facts(
    ledger: pd.DataFrame,
    comparison: Mapping[str, Any],
    holdout: str,
    model: str,
    metric: Metric,
    judged: Mapping[str, Any],
    confidence: float,
) -> dict[str, Any]:
    """Return the scalars of `metrics/history.json`.

    Parameters
    ----------
    ledger : DataFrame
        The holdout ledger.
    comparison : dict
        The comparison with the previously shipped run; used only if it is this model's on this
        holdout.
    holdout, model : str
        The hashes of both.
    metric : Metric
        The one that models are chosen by.
    judged : dict
        The content of `metrics/holdout.json`.
    confidence : float
        Of its intervals.
    """
    name = metric.name
    of_three = [judged[who][name] for who in ("model", "baseline", "gain_over_baseline")]
    errors = None
    if all("ci_low" in each for each in of_three):
        errors = [standard_error(each["ci_low"], each["ci_high"], confidence) for each in of_three]
    stands = standing(ledger, holdout, model, metric, of_three[0]["value"], errors)
    return {
        "applicable": True,
        "metric": name,
        "ledger": stands.to_json(),
        "comparison": _comparison(comparison, holdout, model),
    }


def _comparison(comparison: Mapping[str, Any], holdout: str, model: str) -> dict[str, Any]:
    """Return the comparison without its lists; not applicable if it is of another model."""
    of_this = comparison.get("model") == model and comparison.get("holdout") == holdout
    if not (comparison.get("applicable") and of_this):
        return {"applicable": False}
    of_value = {}
    if "value_gain" in comparison:
        of_value = {name: comparison[name] for name in ("value_gain", "unit")}
    told = ("previous_run", "previous_commit", "previous_date", "row_count", "all_rows", "verdict")
    return {
        "applicable": True,
        **{name: comparison[name] for name in told},
        **of_value,
        "metrics": comparison["metrics"],
    }
