"""Which column is to be predicted, and what kind of task that makes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.checks.target import MOST_CLASSES
from assay.proposal.names import is_id_name, words
from assay.proposal.profile import Column, Profile
from assay.schema import Label, category_text, target_labels, whole_text
from assay.sections import TaskType

# Names of outcomes, by how surely they are some.
_LABELS = frozenset(
    {"target", "targets", "label", "labels", "y", "class", "outcome", "response", "truth"}
)
_EVENTS = frozenset(
    {
        "churn", "churned", "attrition", "survived", "default", "defaulted", "fraud", "fraudulent",
        "purchase", "purchased", "bought", "converted", "conversion", "clicked", "click", "deny",
        "denied", "approved", "approval", "accepted", "cancelled", "canceled", "cancellation",
        "readmitted", "readmission", "late", "delayed", "bad", "diagnosis", "died", "death", "dead",
        "deceased", "mortality", "failed", "failure", "spam", "subscribed", "returned", "refunded",
        "complaint", "won", "responded", "hired", "species", "disease", "stroke", "diabetes",
        "malignant", "anomaly", "defect", "defective", "attack", "relapse", "recurrence", "lapsed",
    }
)  # fmt: skip
_QUANTITIES = frozenset(
    {
        "price", "saleprice", "salary", "wage", "wages", "income", "revenue", "sales", "demand",
        "cost", "charges", "strength", "yield", "consumption", "ridership", "delay", "rating",
        "score", "quality", "mpg", "medv", "cnt", "rent", "profit", "ltv", "emissions", "amount",
        "fatal", "fatalities", "eta", "temperature", "output",
    }
)  # fmt: skip
_STATES = frozenset({"status", "result", "grade", "type", "category", "group", "stage", "level"})
_WEIGHTS = ((_LABELS, 6.0), (_EVENTS, 4.0), (_QUANTITIES, 3.0), (_STATES, 2.0))
_ALONE = frozenset({"class", "y"})
# What was before the decision is no outcome of it.
_BEFORE = frozenset(
    {
        "previous", "prev", "prior", "historical", "history", "past", "last", "yesterday", "lag",
        "lagged", "rolling", "mean", "avg", "num", "number", "count", "not", "max", "min", "std",
    }
)  # fmt: skip
# Values that are outcomes under any name.
_OUTCOMES = frozenset(
    {
        "good", "bad", "pass", "fail", "failed", "passed", "alive", "dead", "died", "survived",
        "positive", "negative", "malignant", "benign", "churned", "stayed", "fraud", "approved",
        "rejected", "won", "lost", "paid", "defaulted", "default", "spam", "ham", "cancelled",
    }
)  # fmt: skip
_POSITIVE = frozenset(
    {
        "yes", "y", "true", "t", "1", "positive", "pos", "bad", "churn", "churned", "default",
        "defaulted", "fraud", "fail", "failed", "failure", "late", "died", "dead", "case", "malignant",
        "sick", "cancelled", "canceled", "spam", "survived", "won", "anomaly", "defect", "diseased",
        "patient", "rejected", "lost", "left", "attrited", "attack",
    }
)  # fmt: skip
_NEGATIVE = frozenset(
    {
        "no", "n", "false", "f", "0", "-1", "negative", "neg", "good", "ok", "normal", "control",
        "none", "benign", "alive", "ham", "stayed", "existing", "healthy", "legit", "legitimate",
    }
)  # fmt: skip
# Numbers as labels, which may be mere codes.
_NUMBER = re.compile(r"[+-]?\d+([.]\d*)?")
# Names of classes, also where their values are numbers.
_CLASSES = _LABELS | {"species", "type", "category", "group", "diagnosis", "cluster", "code"}
# Whole numbers with no more values than these may be classes; with more, they are quantities.
_CLASS_NAMED, _CLASS_AT_ALL = 20, 5
# Columns that are named, with the best.
_GUESSES = 4
# Points from which a guess is sure, and before the next one.
_SURE, _MARGIN = 3.5, 1.5


@dataclass(frozen=True)
class TargetGuess:
    """The column to predict.

    Attributes
    ----------
    name : str
    why : str
        A sentence's part, such as `the last column`.
    sure : bool
        Whether nothing else comes near it.
    others : tuple of str
        What it could be instead, the likeliest first.
    """

    name: str
    why: str
    sure: bool
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskGuess:
    """What kind of target it is.

    Attributes
    ----------
    type : {"binary", "multiclass", "regression"}
    why : str
    sure : bool
    positive_label : bool, int, str or None
    positive_why : str
    """

    type: TaskType
    why: str
    sure: bool = True
    positive_label: Label | None = None
    positive_why: str = ""


def guess_target(profile: Profile) -> TargetGuess | None:
    """Guess the column to predict by its name, its place and its values; None if nothing can be one."""
    names = list(profile.columns)
    # Beside x or z, y is a coordinate.
    coordinates = {"y", "Y"} if {"x", "z", "X", "Z"} & set(names) else set()
    scored = [
        (*_score(column, place, len(names)), place, column.name)
        for place, column in enumerate(profile.columns.values())
        if _can_be_target(column, profile) and column.name not in coordinates
    ]
    if not scored:
        return None
    ranked = sorted(scored, key=lambda entry: (-entry[0], -entry[2]))
    best, why, _, name = ranked[0]
    margin = best - ranked[1][0] if len(ranked) > 1 else best
    others = tuple(entry[3] for entry in ranked[1:_GUESSES])
    return TargetGuess(name, why, best >= _SURE and margin >= _MARGIN, others)


def _can_be_target(column: Column, profile: Profile) -> bool:
    if column.kind is None or column.is_time or column.date_text:
        return False
    if column.distinct is None or column.distinct < 2 or column.missing_rate > 0.5:
        return False
    if column.is_text and column.distinct > min(MOST_CLASSES, max(2, profile.looked_at // 5)):
        return False
    return not is_id_name(column.name)


def _score(column: Column, place: int, count: int) -> tuple[float, str]:
    """Return how much a column looks like a target, and why."""
    points, why = _by_name(column)
    if place == count - 1:
        points, why = points + 1.5, [*why, "it is the last column"]
    elif place == 0:
        points, why = points + 1.0, [*why, "it is the first column"]
    if column.distinct == 2:
        points += 0.5
        if {value.lower() for value in column.examples} & _OUTCOMES:
            points, why = points + 3, [*why, f"its values are {' and '.join(column.examples)}"]
        if words(column.name)[:1] in {("is",), ("has",), ("will",), ("did",)}:
            points += 0.5
    if column.missing_rate:
        points -= 0.5
    told = ", ".join(why[:-1]) + (" and " if why[:-1] else "") + "".join(why[-1:])
    return points, told or "nothing speaks for another column"


def _by_name(column: Column) -> tuple[float, list[str]]:
    told = words(column.name)
    whole = "".join(told)
    points = 0.0
    for known, weight in _WEIGHTS:
        # Within a longer name `class` and `y` say little: a passenger class is no outcome.
        within = known - _ALONE
        if whole in known:
            part = 1.0
        elif told and told[-1] in within:
            part = 0.8
        else:
            part = 0.5 if set(told) & within else 0.0
        points = max(points, part * weight)
    if told[:2] == ("time", "to"):
        points = max(points, 3.0)
    if set(told) & _BEFORE:
        points /= 2
    return points, ["its name is that of an outcome"] if points else []


def guess_task(target: "pd.Series[Any]", column: Column, asked: TaskType | None) -> TaskGuess:
    """Guess the task from the target's values.

    Parameters
    ----------
    target : Series
        All rows looked at.
    column : Column
        Its facts.
    asked : str or None
        The user's word, which is taken.
    """
    labels = target_labels(target) if column.distinct is not None else []
    guess = TaskGuess(asked, "as you said") if asked else _by_values(column, labels)
    if guess.type != "binary":
        return guess
    label, why = positive_label(target, labels)
    # Two codes such as 1 and 2 do not say which of them happens.
    sure = guess.sure and not _are_codes(labels)
    return TaskGuess("binary", guess.why, sure, label, why)


def _by_values(column: Column, labels: Sequence[Label]) -> TaskGuess:
    count = len(labels)
    if count <= 2 and (column.whole or not column.is_number):
        return TaskGuess("binary", f"the target has {count} values")
    if not column.is_number:
        return TaskGuess("multiclass", f"the target has {count} values that are no numbers")
    # Of infinite numbers nothing is known.
    low, high = (0.0 if limit is None else limit for limit in (column.low, column.high))
    span = f"{count:,} values from {low:g} to {high:g}"
    if not column.whole or count > _CLASS_NAMED:
        return TaskGuess("regression", f"the target is a number with {span}")
    return _of_few_numbers(column, count, span)


def _of_few_numbers(column: Column, count: int, span: str) -> TaskGuess:
    """Guess what whole numbers with few values are; it may be either."""
    if set(words(column.name)) & _CLASSES:
        why = f"the target has {span}, and the name of a class"
        return TaskGuess("multiclass", why, sure=False)
    if count <= _CLASS_AT_ALL:
        why = f"the target has {count} values only; set regression if they are amounts"
        return TaskGuess("multiclass", why, sure=False)
    why = f"the target has {span}; set multiclass if they are no amounts"
    return TaskGuess("regression", why, sure=False)


def positive_label(target: "pd.Series[Any]", labels: Sequence[Label]) -> tuple[Label, str]:
    """Return the class whose probability is of interest, and why it is that one."""
    plain = [_plain(label) for label in labels]
    if not plain:
        return 1, "the target has no value"
    told = [str(label).strip().lower() for label in plain]
    speaks = _POSITIVE - {"1"} if _are_codes(labels) else _POSITIVE
    speaking = [label for label, text in zip(plain, told, strict=True) if text in speaks]
    silent = [label for label, text in zip(plain, told, strict=True) if text not in _NEGATIVE]
    counts = target.value_counts()
    if len(speaking) == 1:
        chosen, why = speaking[0], "is the one that happens, by its word"
    elif len(silent) == 1 and len(plain) == 2:
        chosen, why = silent[0], "is the one that happens, by the word of the other"
    else:
        by_count = sorted(range(len(plain)), key=lambda i: (counts[labels[i]], told[i]))
        chosen, why = plain[by_count[0]], "is the rarer one"
    share = label_rate(target, chosen)
    return chosen, f"{told_label(chosen)} {why}; {share:.2%} of rows have it"


def _are_codes(labels: Sequence[Label]) -> bool:
    """Say whether labels are numbers that tell nothing, such as 1 and 2: beside 0 or -1, 1 does."""
    told = {str(_plain(label)).strip() for label in labels}
    return not told & {"0", "-1"} and all(_NUMBER.fullmatch(text) for text in told)


def label_rate(target: "pd.Series[Any]", label: Label | None) -> float:
    """Return the share of rows with a label, of those with any."""
    present = target.dropna()
    if not len(present):
        return 0.0
    # As texts, because what holds arrays cannot be compared.
    same = (
        category_text(present) == whole_text(label) if present.dtype == object else present == label
    )
    return float(same.mean())


def told_label(label: Label) -> str:
    """Return a label as a sentence has it."""
    return repr(label[:40]) if isinstance(label, str) else str(label)


def _plain(label: Any) -> Label:
    """Return a label as `params.yaml` can name it; a whole float is an integer."""
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return int(label)
    return label if isinstance(label, bool | int | str) else str(label)
