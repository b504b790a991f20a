"""What is to be watched once the model is in use, and when it is to be trained again."""

from collections.abc import Iterator
from math import sqrt

from assay.metrics.catalogue import primary_metric
from assay.report.facts import ReportFacts
from assay.report.rendering import interval, number, percent
from assay.report.words import listed, metric_words

# Population stability index: what is usual in the field (Siddiqi 2006).
_LOOK, _ACT = 0.1, 0.25
# Features that are named.
_NAMED = 4


def watched(facts: ReportFacts) -> Iterator[str]:
    """Yield, as the ends of "compare ...", what of every scored batch is compared with what."""
    threshold = facts.metrics["threshold"]
    if facts.schema.task == "binary":
        yield (
            f"the rate of alerts with {percent(threshold['out_of_fold']['flagged_rate'])} (out-of-fold) and "
            f"{percent(threshold['holdout']['flagged_rate']['value'])} (holdout)"
        )
    elif facts.schema.task == "multiclass":
        yield (
            f"the rate of decided rows with {percent(threshold['out_of_fold']['decided_rate'])} "
            f"(out-of-fold) and {percent(threshold['holdout']['decided_rate'])} (holdout), and the share of "
            "each predicted class with the reference"
        )
    else:
        width = number(threshold["interval"]["mean_width"])
        yield (
            f"the mean width of intervals with {width} (holdout), and the deciles of predictions with the "
            "reference"
        )
    yield "missing rates, and unknown categories, which predict reports, with the reference"
    yield (
        "each feature's shares with the reference, by the population stability index: above "
        f"{_LOOK} look, above {_ACT} find the cause{_moved_before(facts)}"
    )
    name, told = _primary(facts)
    yield f"once outcomes are known, {name} with {interval(told)}"


def _moved_before(facts: ReportFacts) -> str:
    """Say which features moved as far between training set and holdout: no alarm when they do again."""
    drift = facts.tables["drift"]
    moved = drift[drift["psi"] > _ACT].sort_values("psi", ascending=False, kind="stable")
    if moved.empty:
        return ""
    names = listed([str(name) for name in moved["feature"].head(_NAMED)])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    return f" (from training set to holdout {names}{more} moved by more than {_ACT} already)"


def retraining_trigger(facts: ReportFacts) -> str:
    """Return, as the end of "train it again when ...", the figure at which to do so.

    A batch errs by chance as the holdout does. A batch of as many rows from an unchanged model would lie
    below the lower end of the holdout's 95% interval in 8% of looks (1.96 / sqrt(2) standard errors of the
    difference). So the limit is sqrt(2) times as far from the holdout's value, on the side that is worse.
    """
    name, told = _primary(facts)
    rows = facts.metrics["holdout"]["row_count"]
    coverage = (
        ", when intervals hold fewer outcomes than wanted by more than chance,"
        if facts.schema.task == "regression"
        else ","
    )
    seldom = (
        f" (by chance alone in about {percent((1 - facts.metrics['holdout']['interval']['confidence']) / 2)} "
        "of looks: both errors are in it; more often where rows of one day share what happens)"
        if "ci_low" in told
        else ""
    )
    side = "below" if _greater_is_better(facts) else "above"
    return (
        f"{name} over {rows:,} rows, as many as the holdout has, lies {side} "
        f"{number(retraining_limit(facts))}{seldom}{coverage} or when the input contract changes"
    )


def retraining_limit(facts: ReportFacts) -> float:
    """Return the primary metric's value from which to train again; see `retraining_trigger`."""
    _, told = _primary(facts)
    end = told.get("ci_low" if _greater_is_better(facts) else "ci_high", told["value"])
    return told["value"] + sqrt(2) * (end - told["value"])


def _greater_is_better(facts: ReportFacts) -> bool:
    task = facts.run["params"]["task"]
    return primary_metric(task["type"], task["primary_metric"]).greater_is_better


def _primary(facts: ReportFacts) -> tuple[str, dict[str, float]]:
    task = facts.run["params"]["task"]
    metric = primary_metric(task["type"], task["primary_metric"])
    return metric_words(metric.name), facts.metrics["holdout"]["model"][metric.name]
