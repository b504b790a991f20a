"""How good the model is on a batch, before outcomes are known: what its own predictions let expect.

This holds where the batch has another mix of rows, and outcomes follow features as they did in training.
It cannot see that they no longer do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from assay.metrics.catalogue import primary_metric, task_metrics
from assay.metrics.core import FloatArray, Metric
from assay.metrics.words import metric_words
from assay.monitoring.binning import bin_counts
from assay.monitoring.check import Check
from assay.monitoring.clusters import (
    cluster_codes,
    cluster_reference,
    effective_rows,
    reference_effective_rows,
    shared_by_kind,
)
from assay.monitoring.expected import expected_value, rate_metrics, spread_by_outcomes, surprises
from assay.monitoring.number_errors import (
    METRICS,
    error_edges,
    expected_of_numbers,
    number_errors,
    number_surprises,
    scaled_errors,
)
from assay.monitoring.rows import ScoredRows
from assay.monitoring.telling import number
from assay.monitoring.watch import Watch
from assay.schema import Schema
from assay.sections import TaskParams

if TYPE_CHECKING:
    from assay.monitoring.tally import Tally

_ASSUMPTIONS = {
    "binary": "Estimated without outcomes, and right only if scores stay calibrated: of rows with a score "
    "of 20%, 20% have the positive outcome, as out-of-fold. A change of how outcomes follow from features "
    "is not seen.",
    "multiclass": "Estimated without outcomes, and right only if probabilities stay calibrated: of rows "
    "with a probability of 70%, 70% have that class, as out-of-fold. A change of how outcomes follow from "
    "features is not seen.",
    "regression": "Estimated without outcomes, and right only if errors stay as large as those of "
    "predictions alike, out-of-fold and in the holdout. A change of how outcomes follow from features is not seen.",
}
# Standard deviations on both sides of what 95% of batches have.
_WIDTH = 1.959963984540054
_BOUNDED = {"rmse": (0.0, np.inf), "mae": (0.0, np.inf), "log_loss": (0.0, np.inf)} | {
    "median_absolute_error": (0.0, np.inf),
    "r2": (-np.inf, 1.0),
}


def estimated_metrics(task: TaskParams, decision: Mapping[str, Any]) -> dict[str, Metric]:
    """Return the metrics that are estimated, the primary one first.

    Parameters
    ----------
    task : TaskParams
    decision : dict
        The content of `decision.json`.
    """
    primary = primary_metric(task.type, task.primary_metric)
    known = task_metrics(task.type)
    names = {
        "binary": ("roc_auc", "average_precision", "log_loss", "brier"),
        "multiclass": ("accuracy", "balanced_accuracy", "log_loss"),
        "regression": METRICS,
    }[task.type]
    found = {primary.name: primary} | {name: known[name] for name in names}
    if task.type == "binary":
        found |= {metric.name: metric for metric in rate_metrics(decision["threshold"])}
    return found


def estimate_reference(
    out_of_fold: ScoredRows,
    holdout: ScoredRows,
    schema: Schema,
    decision: Mapping[str, Any],
    task: TaskParams,
) -> dict[str, Any]:
    """Describe how outcomes scattered around what predictions let expect.

    Parameters
    ----------
    out_of_fold, holdout : ScoredRows
        With outcomes.
    schema : Schema
    decision : dict
        The content of `decision.json`.
    task : TaskParams

    Returns
    -------
    dict
        `metrics`, by name: `shared` (intraclass correlations of the rows' surprises), `effective_rows`
        (independent out-of-fold rows), and the holdout's value, `measured` and `estimated`; of numbers
        also `edges` and `errors`, by bin of the prediction.
    """
    metrics = estimated_metrics(task, decision)
    outcome, predicted = out_of_fold.outcome, out_of_fold.predicted
    judged = holdout.outcome
    errors, edges = None, np.empty(0)
    if schema.task == "regression":
        edges = error_edges(predicted)
        errors = number_errors(outcome, predicted, edges)
        errors = scaled_errors(errors, judged, holdout.predicted, edges)
        scattered = number_surprises(outcome, predicted, edges)
    else:
        judged = judged.astype(np.int64)
        scattered = surprises(list(metrics), outcome, predicted, schema, decision)
    codes = cluster_codes(out_of_fold.times, out_of_fold.groups)
    clusters, n = cluster_reference(codes, len(out_of_fold)), len(out_of_fold)
    of_holdout = cluster_reference(cluster_codes(holdout.times, holdout.groups), len(holdout))
    told = {}
    for name, metric in metrics.items():
        shared = shared_by_kind(scattered[name], codes)
        measured = metric.value(judged, holdout.predicted)
        rows = reference_effective_rows(clusters, n, shared)
        if errors:
            # Their scale is the holdout's, and so is its error.
            rows = 1 / (1 / rows + 1 / reference_effective_rows(of_holdout, len(holdout), shared))
        told[name] = {
            "shared": shared,
            "effective_rows": rows,
            "measured": _finite(measured),
            "estimated": _finite(_value(metric, holdout.predicted, errors, edges, task.seed)),
        }
    return {"metrics": told} | ({"edges": edges.tolist(), "errors": errors} if errors else {})


def _value(
    metric: Metric,
    predicted: FloatArray,
    errors: Mapping[str, Any] | None,
    edges: FloatArray,
    seed: int,
) -> float:
    if errors is None:
        return expected_value(metric, predicted, seed)
    bins = bin_counts(predicted, edges) / len(predicted)
    return expected_of_numbers(metric.name, bins, float(predicted.std()), errors)[0]


@dataclass(frozen=True)
class Expected:
    """What a metric is expected to be on a batch.

    Attributes
    ----------
    value : float
    sd : float
        How far what will be measured lies from it, as a standard deviation.
    """

    value: float
    sd: float

    def to_json(self, name: str) -> dict[str, float]:
        """Return the value and where 95% of batches have it."""
        low, high = _BOUNDED.get(name, (0.0, 1.0))
        return {
            "value": self.value,
            "ci_low": max(self.value - _WIDTH * self.sd, low),
            "ci_high": min(self.value + _WIDTH * self.sd, high),
        }


def _expected(tally: "Tally", watch: Watch, metric: Metric) -> Expected | None:
    """Return what a metric is expected to be; None where it is not defined."""
    content = watch.reference["outputs"]["estimate"]
    told = content["metrics"][metric.name]
    predicted = tally.scored.predicted
    n = len(predicted)
    if "errors" in content:
        bins = bin_counts(predicted, np.array(content["edges"], dtype=float)) / n
        value, one = expected_of_numbers(
            metric.name, bins, float(predicted.std()), content["errors"]
        )
        spread = one / n**0.5
    else:
        value = expected_value(metric, predicted, watch.seed)
        spread = spread_by_outcomes(metric, predicted, watch.seed)
    if not np.isfinite(value) or not np.isfinite(spread):
        return None
    rows = effective_rows(tally.clusters, n, told["shared"], watch.reference["outputs"]["clusters"])
    # Two errors: outcomes of few rows scatter, and what is expected was learnt from few rows too.
    return Expected(value, spread * (n / rows + n / told["effective_rows"]) ** 0.5)


def estimate_of(
    tally: "Tally", watch: Watch, checks: Sequence[Check] = ()
) -> dict[str, Any] | None:
    """Return how good the model is expected to be on a batch.

    Parameters
    ----------
    tally : Tally
        Of the batch, with or without outcomes.
    watch : Watch
    checks : sequence of Check
        All checks of the batch, judged, for the level.

    Returns
    -------
    dict or None
        `metric` (the primary one), `value`, `ci_low`, `ci_high` (where what will be measured lies in 95%
        of batches, if the assumption holds), `holdout` (what was measured there, and what would have been
        `estimated`), `retraining_limit`, `level`, `sentence`, `assumption`, `n` and `others`. None where
        the metric is not defined.
    """
    if not tally.row_count:
        return None
    told: dict[str, Any] = {}
    for name, metric in estimated_metrics(watch.task, watch.decision).items():
        found = _expected(tally, watch, metric)
        if found is not None:
            told[name] = found.to_json(name) | {"holdout": _holdout(watch, name)}
    primary = watch.metric.name
    if primary not in told:
        return None
    of_primary = told.pop(primary)
    level = next((check.level for check in checks if check.key == _key(watch)), "fine")
    return {
        "metric": primary,
        **of_primary,
        "retraining_limit": _estimated_limit(watch),
        "level": level,
        "sentence": _sentence(watch, of_primary["value"], level != "fine"),
        "assumption": _ASSUMPTIONS[watch.schema.task],
        "n": len(tally.scored.predicted),
        "others": told,
    }


def _holdout(watch: Watch, name: str) -> dict[str, float | None]:
    """Return what was measured on the holdout, with its interval where it has one, and estimated."""
    told = watch.reference["outputs"]["estimate"]["metrics"][name]
    figure = ((watch.reference.get("performance") or {}).get("metrics") or {}).get(name) or {}
    ends = {end: figure.get(end) for end in ("ci_low", "ci_high", "standard_error")}
    return {"value": told["measured"], **ends, "estimated": told["estimated"]}


def _limit(watch: Watch) -> float | None:
    """Return from which value of the primary metric on the model is to be trained again."""
    performance = watch.reference.get("performance") or {}
    limit: float | None = (performance.get("retraining") or {}).get("limit")
    return limit


def _estimated_limit(watch: Watch) -> float | None:
    """Return the limit of training again, off by as much as the estimate of the holdout is."""
    limit, told = _limit(watch), _holdout(watch, watch.metric.name)
    if limit is None or told["value"] is None or told["estimated"] is None:
        return limit
    return limit + told["estimated"] - told["value"]


def _key(watch: Watch) -> str:
    return f"outputs:{_subject(watch)}:estimated"


def _subject(watch: Watch) -> str:
    return f"estimated {metric_words(watch.metric.name)}"


def _sentence(watch: Watch, value: float, found: bool) -> str:
    """Say on which side of the limit of training again an estimate lies, and whether that is chance."""
    limit, words = _estimated_limit(watch), f"The {_subject(watch)} is {number(value)}"
    if limit is None:
        return f"{words}."
    better = watch.metric.greater_is_better
    sides = ("below", "above") if better else ("above", "below")
    if watch.metric.gain(limit, value) <= 0:
        return f"{words}, not {sides[0]} the limit of {number(limit)} for training again."
    told = f"{words}, {sides[0]} the limit of {number(limit)} for training again"
    return f"{told}." if found else f"{told}, but by no more than chance."


def estimate_checks(tally: "Tally", watch: Watch) -> list[Check]:
    """Return the check of the estimate: whether the model is expected to be too bad to keep.

    The effect is how far the estimate went from what it would have been on the holdout, in distances from
    the holdout's measured value to that at which the model card says to train again: 1 is there. It is
    never more than a warning, because it rests on an assumption.
    """
    metric = watch.metric
    limit = _limit(watch)
    of_holdout = _holdout(watch, metric.name)
    measured = of_holdout["value"]
    if not tally.row_count or limit is None or measured is None or measured == limit:
        return []
    found = _expected(tally, watch, metric)
    if found is None:
        return []
    # The method is off on the holdout too: an estimate is compared with an estimate.
    expected = measured if of_holdout["estimated"] is None else of_holdout["estimated"]
    worse = metric.gain(expected, found.value)
    effect = max(0.0, worse / metric.gain(measured, limit))
    sd = float(np.hypot(found.sd, of_holdout["standard_error"] or 0.0))
    p_value = float(ndtr(-worse / sd)) if sd > 0 else float(worse <= 0)
    subject = _subject(watch)
    return [
        Check(
            "outputs", subject, "estimated", found.value, expected, effect, 1.0, 1.0, p_value,
            f"{_sentence(watch, found.value, True)} The same estimate of the holdout is "
            f"{number(expected)}, and {number(measured)} was measured there. It is estimated from "
            "predictions alone, if they are as right as they were out-of-fold.",
            "Get outcomes of some of these rows, and measure; look at the features that moved.",
            at_most="warning",
            brief=f"the {subject} is {number(found.value)}, and {number(expected)} on the holdout",
        )
    ]  # fmt: skip


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
