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
    return f"{_simpler_words(selection)} {_dummy_words(selection)}".strip()


def _dummy_words(selection: Mapping[str, Any]) -> str:
    if "dummy" not in selection:
        return ""
    dummy = selection["dummy"]
    told = (
        f"A constant prediction (dummy) is {estimate_words(dummy['behind_best'])} behind the best"
    )
    if dummy["within_noise"]:
        return f"{told}, within noise: the folds do not show that the features tell anything."
    return f"{told}."


def _simpler_words(selection: Mapping[str, Any]) -> str:
    best, simpler = selection["best_model"], selection["simpler_within_noise"]
    if simpler == best:
        return f"No simpler model is within one standard error of {best}."
    behind = estimate_words(selection["simpler"]["behind_best"])
    sizes = [
        str(Complexity(held["complexity"], held["complexity_unit"]))
        for held in (selection["simpler"], selection["best"])
        if "complexity" in held
    ]
    held = [selection[key].get("complexity", 0) for key in ("simpler", "best")]
    # More numbers, and simpler nevertheless.
    why = (
        " (a linear model is simpler than trees, and these than a blend)"
        if held[0] >= held[1]
        else ""
    )
    taken = "It was taken" if selection["chosen_model"] == simpler else f"{best} was taken"
    return (
        f"{simpler} is as good as the best, {best}, within noise (difference in "
        f"{selection['metric']} {behind}) and simpler{why}: {' against '.join(sizes)}. "
        f"{taken} (train.select {selection['selected_by']})."
    )


def learning_words(curve: Mapping[str, Any]) -> str:
    """Say whether the chosen model over- or underfits, and what more rows would bring.

    Parameters
    ----------
    curve : dict
        `learning_curve` of `metrics/train.json`; applicable.
    """
    return f"{_fit_words(curve)} {_rows_words(curve)}".strip()


def _fit_words(curve: Mapping[str, Any]) -> str:
    parts = ("train", "validation", "constant", "constant_own")
    scores = [float(curve[f"{part}_score"]) for part in parts]
    # As the middle one of the first three needs: 0.668 beside 1.09.
    digits = digits_of(sorted(scores[:3], key=abs)[1])
    own, other, constant, constant_own = (fixed(value, digits) for value in scores)
    beside = f" (a constant {constant_own})" if constant_own != constant else ""
    told = (
        f"On the rows it was fitted on the model reaches {curve['metric']} {own}{beside}, on others "
        f"{other}, and a constant prediction {constant}"
    )
    if curve["verdict"] == "learns nothing":
        return f"{told}: it learns nothing from the features."
    if curve["verdict"] == "worse than a constant":
        return (
            f"{told}: on other rows it is worse than a constant, so that nothing of what it learnt is "
            f"shown to carry over.{_better_words(curve, ' On the board, ')}"
        )
    told += (
        f", so that {100 * curve['carried_over']:.0f}% of what it gains carries over to new rows."
    )
    if curve["verdict"] == "overfits":
        return f"{told} It overfits: less than half carries over."
    if curve["verdict"] == "underfits":
        return f"{told} It underfits{_better_words(curve, ': ')}"
    # What `verdict` asks: an interval of the gap above 0, and less than half.
    if curve["gap"]["ci_low"] <= 0:
        told += " The gap between the two may be noise, so that overfitting is not shown"
    else:
        told += " At least half carries over, which is not called overfitting"
    if not curve["underfitting_judged"]:
        return f"{told}."
    return f"{told}; nor is underfitting: no model on the board that holds more is better beyond noise."


def _better_words(curve: Mapping[str, Any], before: str) -> str:
    if "better_model" not in curve:
        return ""
    by = estimate_words(curve["better_by"])
    return f"{before}{curve['better_model']}, which holds more, is better by {by}."


def _rows_words(curve: Mapping[str, Any]) -> str:
    if "next_doubling_gain" not in curve:
        return ""
    last, following = curve["last_doubling_gain"], curve["next_doubling_gain"]
    told = (
        f"The last doubling of its training rows, to {curve['rows']:,.0f} in the mean over folds, "
        f"brought {estimate_words(last)}"
    )
    if last["ci_low"] > 0:
        digits = digits_of(last["value"], last["ci_low"], last["ci_high"])
        value, low, high = (fixed(following[key], digits) for key in ("value", "ci_low", "ci_high"))
        told += f"; twice the rows would bring about {value}, from {low} to {high}"
        told += ", if returns diminish as they do by a power law."
    else:
        told += ", which may be noise: twice the rows are not shown to help"
        # Where it is all that could be gained, it says nothing.
        left = abs(float(curve["greater_is_better"]) - float(curve["validation_score"]))
        if 0 < following["ci_high"] < 0.999 * left:
            most = fixed(
                following["ci_high"], digits_of(*(last[key] for key in ("ci_low", "ci_high")))
            )
            told += (
                f". If a doubling brings no more than the one before it, {most} is the upper end of the "
                f"{curve['confidence']:.0%} interval of what they would bring"
            )
        told += "."
    if curve["time_ordered"]:
        told += (
            " The smaller parts were drawn from all of the past, so that this is no figure for more "
            "recent rows."
        )
    elif curve["groups_whole"]:
        told += " Whole groups were drawn: more rows are more groups."
    return told


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
