"""Whether the primary metric of a batch is worse than the holdout's, or why that cannot be asked."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np

from assay.gate import FEWEST_OF_A_CLASS
from assay.metrics.words import metric_words
from assay.monitoring.by_window import enough_classes, holdout_of
from assay.monitoring.check import Check
from assay.monitoring.figures import Figure, apart_p_value
from assay.monitoring.sample import DrawnRows
from assay.monitoring.telling import number
from assay.monitoring.watch import Watch


def times_of(rows: DrawnRows) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last time of rows; None where none is known."""
    if rows.times is None:
        return None, None
    known = rows.times[~np.isnat(rows.times)].astype("datetime64[us]")
    return (known.min().item(), known.max().item()) if len(known) else (None, None)


def held_against(rows: DrawnRows, name: str, watch: Watch) -> tuple[Figure, str | None]:
    """Return the holdout's metric for rows: by windows where they are of one; and which windows."""
    return holdout_of(watch.reference["performance"], name, *times_of(rows))


def on_the_holdout(cadence: str | None, watch: Watch) -> str:
    """Return where a value is of, in words."""
    told = watch.reference["performance"].get("by_window") or {}
    if cadence is None:
        return "on the holdout"
    also = ", as out-of-fold rows differ by it" if told["of"] == "out_of_fold" else ""
    return f"on the holdout by {cadence}{also}"


def least_drop(watch: Watch) -> float:
    """Return from which drop on it matters: `warn.change` of what the model is better than a constant.

    Where that is not known (an older reference, or a metric that a constant does not define), any drop
    beyond chance does.
    """
    reference = watch.reference["performance"]
    constant = reference.get("constant")
    value = reference.get("metrics", {}).get(watch.metric.name, {}).get("value")
    smallest = float(np.finfo(float).tiny)
    if constant is None or value is None:
        return smallest
    return max(watch.params.warn.change * abs(float(value) - float(constant)), smallest)


def drop_limits(watch: Watch, distance: float) -> tuple[float, float]:
    """Return from which drops it is a warning, and an alarm.

    Parameters
    ----------
    watch : Watch
    distance : float
        From the holdout's value to the limit of training again; about 0 where the holdout has no error.
    """
    least = least_drop(watch)
    alarm = distance if distance > 1e-12 else max(least, 1e-12)
    return min(least, alarm), alarm


def drop_check(now: Figure, rows: DrawnRows, what: str, watch: Watch) -> Iterator[Check]:
    """Yield the check of the primary metric: the drop, in its own unit.

    A drop that matters and is beyond chance is a warning; it is an alarm where it also reaches the limit
    of training again.
    """
    if why_not(now, rows, watch) is not None:
        return
    metric, reference = watch.metric, watch.reference["performance"]
    before, cadence = held_against(rows, metric.name, watch)
    drop = before.value - now.value if metric.greater_is_better else now.value - before.value
    whole = float(reference["metrics"][metric.name]["value"])
    limit = reference["retraining"]["limit"]
    warn, alarm = drop_limits(watch, abs(whole - limit))
    side = "below" if metric.greater_is_better else "above"
    words, where = metric_words(metric.name), on_the_holdout(cadence, watch)
    yield Check(
        area="performance",
        subject=metric.name,
        measure="metric_drop",
        now=now.value,
        before=before.value,
        effect=max(drop, 0.0),
        warn_from=warn,
        alarm_from=alarm,
        p_value=apart_p_value(now, before, -1 if metric.greater_is_better else 1),
        sentence=(
            f"{words} is {with_ends(now)} on {what}, against {with_ends(before)} {where} (warning from a "
            f"drop of {number(warn)}); train again {side} {number(limit + before.value - whole)}."
        ),
        brief=f"{words} is {number(now.value)}, against {number(before.value)} {where}",
        look_at=(
            "Look at the slices and the features that moved most; a drop without either means that "
            "outcomes now depend on something else, and needs newer rows in training."
        ),
    )


def why_not(now: Figure, rows: DrawnRows, watch: Watch) -> str | None:
    """Return why the metric of rows cannot be judged; None where it can."""
    name = watch.metric.name
    before, _ = held_against(rows, name, watch)
    if not enough_of_each_class(rows, watch):
        return (
            f"its outcomes are of one class, or fewer than {FEWEST_OF_A_CLASS} of a class are known"
        )
    if not np.isfinite(now.value):
        return "its rows do not define it, as where all outcomes are the same"
    if not np.isfinite(before.value):
        return "the holdout does not define it"
    if not (now.known and before.known):
        return (
            "how far it varies by chance is not known: all resamples of the holdout gave the same"
        )
    return None


def drop_note(now: Figure, rows: DrawnRows, watch: Watch) -> str | None:
    """Return a note where the metric cannot be judged."""
    why = why_not(now, rows, watch)
    return (
        None
        if why is None
        else f"{metric_words(watch.metric.name)} of this batch is not judged: {why}."
    )


def enough_of_each_class(rows: DrawnRows, watch: Watch) -> bool:
    """Say whether the outcomes have rows enough of each class for the metric to be judged."""
    return enough_classes(rows.outcome, watch.schema.task, watch.metric)


def with_ends(figure: Figure) -> str:
    """Return a figure and its interval, if it has one."""
    if not np.isfinite([figure.ci_low, figure.ci_high]).all():
        return number(figure.value)
    return f"{number(figure.value)} ({number(figure.ci_low)} to {number(figure.ci_high)})"
