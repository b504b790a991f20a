"""What `metrics/train.json` says of the choice among models, in words."""

from collections.abc import Mapping
from typing import Any

from assay.search.complexity import Complexity


def selection_words(selection: Mapping[str, Any]) -> str:
    """Say whether a simpler model is as good as the best, and which of the two was taken.

    Parameters
    ----------
    selection : dict
        `selection` of `metrics/train.json`.
    """
    best, simpler = selection["best_model"], selection["simpler_within_noise"]
    if simpler == best:
        return f"No simpler model is as good as {best} within noise."
    behind = estimate_words(selection["simpler"]["behind_best"])
    sizes = [
        str(Complexity(held["complexity"], held["complexity_unit"]))
        for held in (selection["simpler"], selection["best"])
        if "complexity" in held
    ]
    taken = "It was taken" if selection["chosen_model"] == simpler else f"{best} was taken"
    return (
        f"{simpler} is as good as the best, {best}, within noise (difference in "
        f"{selection['metric']} {behind}) and simpler: {' against '.join(sizes)}. "
        f"{taken} (train.select {selection['selected_by']})."
    )


def estimate_words(estimate: Mapping[str, Any]) -> str:
    """Write an estimate as in `0.003 [-0.004, 0.010]`, with digits enough for its interval."""
    value, low, high = (float(estimate[key]) for key in ("value", "ci_low", "ci_high"))
    digits = digits_of(value, low, high)
    if not estimate.get("method", "t"):
        return fixed(value, digits)
    return f"{fixed(value, digits)} [{fixed(low, digits)}, {fixed(high, digits)}]"


def digits_of(*values: float) -> int:
    """Return how many digits after the point show the largest of the values with three figures.

    At least three of them below 1, as elsewhere on the card.
    """
    from math import floor, log10

    largest = max(map(abs, values))
    if largest == 0:
        return 3
    whole = floor(log10(largest))
    return max(2 - whole, 0) if whole >= 0 else min(max(2 - whole, 3), 6)


def fixed(value: float, digits: int) -> str:
    """Write a number with so many digits, and nothing as -0."""
    return f"{round(value, digits) + 0.0:,.{digits}f}"
