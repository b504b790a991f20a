"""Is acting on the model worth more than what else could be done? In words, and as a warning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from assay.decisions.amounts import amount_interval
from assay.decisions.options import PER, Valued

Standing = Literal["more", "less", "not shown", "same"]
# Behind these words the other ways are listed, the worst for the model first.
_WORDS: Mapping[Standing, str] = {
    "less": "worth less than",
    "not shown": "not shown to be worth more than",
    "same": "worth the same as",
}


@dataclass(frozen=True)
class Other:
    """Another way to act, in words.

    Attributes
    ----------
    told : str
        As in "worth more than the baseline".
    advice : str
        What to do where it is worth as much, as in "keep to the rule".
    """

    told: str
    advice: str


def standing(model: Valued, other: Valued) -> Standing:
    """Say how the model stands to another way to act on the same rows, by the interval of its gain."""
    if np.array_equal(model.option.cost, other.option.cost):
        return "same"
    if not other.gain.method:
        return "not shown"
    if other.gain.ci_low > 0:
        return "more"
    return "less" if other.gain.ci_high < 0 else "not shown"


def verdict(valued: Sequence[Valued], others: Mapping[str, Other], best: str) -> dict[str, Any]:
    """Return the scalars `verdict` and `worth_it`; none where there is nothing to compare with.

    Parameters
    ----------
    valued : sequence of Valued
        The model first.
    others : dict of str to Other
        The options that count, by name.
    best : str
        What the model is worth more than if it is worth more than each of them.
    """
    found: dict[str, list[str]] = {}
    for each in _counted(valued, others):
        told = others[each.option.name].told
        found.setdefault(standing(valued[0], each), []).append(told)
    if not found:
        return {}
    parts = [f"{words} {_listed(found[key])}" for key, words in _WORDS.items() if key in found]
    return {"verdict": "; ".join(parts) or f"worth more than {best}", "worth_it": not parts}


def value_warnings(
    valued: Sequence[Valued], others: Mapping[str, Other], unit: str, check: str = "threshold.costs"
) -> dict[str, str]:
    """Say which other ways to act the model is not shown to be worth more than.

    Parameters
    ----------
    valued : sequence of Valued
        The model first.
    others : dict of str to Other
        The options that count, by name.
    unit : str
        Of the costs.
    check : str
        Keys of `params.yaml` that may be to blame.

    Returns
    -------
    dict of str to str
        `no_gain_over_` and the option's name, with one or two sentences.
    """
    told = {}
    for each in _counted(valued, others):
        other, stands = others[each.option.name], standing(valued[0], each)
        if stands == "same":
            reason = " on every row of the holdout"
        else:
            reason = f": its gain per {PER:,} rows is {amount_interval(each.gain.to_json())} {unit}"
        if stands != "more":
            told[f"no_gain_over_{each.option.name}"] = (
                f"Acting on the model is {_WORDS[stands]} {other.told}{reason}. "
                f"Check {check}, or {other.advice}."
            )
    return told


def _counted(valued: Sequence[Valued], others: Mapping[str, Other]) -> list[Valued]:
    return [each for each in valued if each.option.name in others]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
