"""How shares, means and gaps of outcomes are told."""

from assay.monitoring.telling import number
from assay.monitoring.watch import Watch


def share(watch: Watch, value: float) -> str:
    """Return a mean of outcomes: a share, or a number."""
    return number(value) if watch.schema.task == "regression" else f"{value:.1%}"


def gap(watch: Watch, value: float) -> str:
    """Return a difference of means: in percentage points, or in the unit of the target."""
    if watch.schema.task == "regression":
        return f"{value:.3g}"
    return f"{100 * value:.1f} percentage points"


def what_happened(watch: Watch) -> str:
    """Return how the mean of outcomes begins, beside that of predictions."""
    return {
        "binary": "the share of positive outcomes is",
        "multiclass": "the share of right classes is",
        "regression": "the mean outcome is",
    }[watch.schema.task]


def outcome_words(watch: Watch, label: str) -> str:
    """Return how the mean of one outcome begins."""
    if watch.schema.task == "regression":
        return f"The mean of {label} is"
    if watch.schema.task == "binary":
        return f"The share of positive outcomes ({label}) is"
    return f"The share of outcome {label} is"


def lower(words: str) -> str:
    """Return words that begin within a sentence."""
    return f"{words[0].lower()}{words[1:]}"
