"""What to look at in the data of a weak slice: facts that are measured on it, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray, TargetArray
from assay.slices.calendar import told_by_clock
from assay.slices.conditions import Mask, Slice, Values, view_of
from assay.slices.errors_among import Errors
from assay.slices.judge import FAILS, FALLS_SHORT, HARD, Judge

# Fewer training rows than this, or a share of them this much smaller than that of the holdout, are few.
_FEW_ROWS, _RARER = 200, 0.5
# Standard errors that an outcome has moved by, to be told; in each case with the numbers.
_MOVED = 3.0
# How much more often than elsewhere a feature is missing, or new to the model, to be told.
_MORE_OFTEN, _TIMES = 0.1, 1.5
# Features that are named as different, and from which difference on: of the ranks of two numbers, or of
# the shares of categories, both in [0, 1].
_NAMED, _APART = 2, 0.3

# How much it matters, the feature, and the difference in words.
Difference = tuple[float, str, str]


@dataclass(frozen=True)
class Fact:
    """What some rows of a slice have.

    Attributes
    ----------
    weight : float
        How much more often than other rows.
    feature, told : str
    news : bool
        Whether the model could not learn it in training.
    values : bool
        Whether these are new values; what is missing otherwise.
    """

    weight: float
    feature: str
    told: str
    news: bool
    values: bool = False


class Adviser:
    """Says what to look at in slices of one holdout.

    Parameters
    ----------
    judge : Judge
        Who tells the verdicts.
    """

    def __init__(self, judge: Judge) -> None:
        evidence = judge.evidence
        self.evidence, self.schema = evidence, evidence.schema
        self.holdout = view_of(evidence.holdout.rows, evidence.schema)
        self.train = view_of(evidence.train, evidence.schema)
        self.errors = Errors(judge)
        names = self.schema.feature_names
        self.missing = {name: pd.isna(self.holdout[name, ""]) for name in names}
        self.missing_before = {name: pd.isna(self.train[name, ""]) for name in names}
        self.new = {
            name: _new_values(self.holdout[name, ""], self.train[name, ""]) for name in names
        }

    def advice(self, each: Slice, verdict: str, why: str) -> tuple[str, str]:
        """Return what to look at in a slice, and what to do next.

        Parameters
        ----------
        each : Slice
        verdict, why : str
            As the judge told them.

        Returns
        -------
        tuple of str
            Facts with their numbers, and an action; both empty where nothing is wrong.
        """
        if verdict not in {FAILS, HARD}:
            return "", ""
        inside, trained = each.inside(self.holdout), each.inside(self.train)
        cut_by, clock = self._cut_by(each), told_by_clock(each, self.holdout, self.schema)
        missing = self._missing(inside, trained, cut_by | clock)
        new = self._new(inside, cut_by, clock)
        unseen_time = each.kind == "time" and not trained.any()
        few = each.kind != "time" and _few(inside, trained)
        facts = [
            _training_rows(each, trained, few),
            self._moved(inside, trained),
            *(fact.told for fact in [*missing, *new]),
            self._apart(inside, cut_by | clock),
        ]
        flags = [
            *((fact, self.missing[fact.feature]) for fact in missing if fact.news),
            *((fact, self.new[fact.feature]) for fact in new),
        ]
        errs = self.errors.among(inside, [flag for _, flag in flags], verdict, why)
        causes = [fact for (fact, _), among in zip(flags, errs, strict=True) if among]
        return "; ".join(filter(None, facts)), _action(each, verdict, why, few, unseen_time, causes)

    def _cut_by(self, each: Slice) -> frozenset[str]:
        """Return the columns that the slice is cut by, and those that are parts of the same times."""
        names = {name for name, _ in each.sources}
        sources = {feature.source for feature in self.schema.features if feature.name in names}
        related = (f.name for f in self.schema.features if f.source in names | sources)
        return frozenset(names.union(related))

    def _moved(self, inside: Mask, trained: Mask) -> str:
        """Tell the outcome of training rows and of the holdout's, if it has moved by more than chance."""
        before = self.evidence.train[self.schema.target].to_numpy()[trained]
        after = self.evidence.holdout.y_true[inside]
        if len(before) < 2:
            return ""
        if self.schema.task == "regression":
            form, moves = "{:.4g}", [(_errors_apart(before, after), "mean outcome", before, after)]
        else:
            binary = self.schema.task == "binary"
            form, moves = "{:.1%}", []
            for code in [1] if binary else range(len(self.schema.labels)):
                one, other = (before == code).astype(float), (after == code).astype(float)
                name = "outcome rate" if binary else f"share of {self.schema.labels[code]}"
                moves.append((_errors_apart(one, other), name, one, other))
        errors, name, before, after = max(moves, key=lambda move: move[0])
        if errors < _MOVED:
            return ""
        told = form.format(float(before.mean())), form.format(float(after.mean()))
        return f"{name} {told[0]} in training, {told[1]} in the holdout"

    def _missing(self, inside: Mask, trained: Mask, left_out: frozenset[str]) -> list[Fact]:
        """Tell what is missing here more often than elsewhere, or than in training; the most so first.

        It is news only where training rows of the slice, or all where it has none, have it more often.
        """
        found = []
        for name in sorted(set(self.missing) - left_out):
            here, elsewhere = _rates(self.missing[name], inside)
            known = self.missing_before[name]
            before = float(known[trained].mean() if trained.any() else known.mean())
            news = _more_often(here, before)
            if news or _more_often(here, elsewhere):
                told = (
                    f"{name} is missing in {here:.1%} of rows (elsewhere {elsewhere:.1%}, "
                    f"{'in training' if trained.any() else 'in all of training'} {before:.1%})"
                )
                found.append(Fact(here - (before if news else elsewhere), name, told, news))
        return sorted(found, key=lambda fact: (not fact.news, -fact.weight, fact.feature))[:_NAMED]

    def _new(self, inside: Mask, cut_by: frozenset[str], clock: frozenset[str]) -> list[Fact]:
        """Tell which features have values here that training did not have, the most so first."""
        found = []
        for name in sorted(set(self.new) - clock):
            here, elsewhere = _rates(self.new[name], inside)
            if name in cut_by and here > 0:
                told = f"{here:.1%} of its values of {name} are new to the model"
                found.append(Fact(1.0, name, told, True, values=True))
            elif _more_often(here, elsewhere):
                told = (
                    f"{name} is new to the model in {here:.1%} of rows (elsewhere {elsewhere:.1%})"
                )
                found.append(Fact(here - elsewhere, name, told, True, values=True))
        return sorted(found, key=lambda fact: (-fact.weight, fact.feature))[:_NAMED]

    def _apart(self, inside: Mask, left_out: frozenset[str]) -> str:
        """Name the features whose values differ most from those of the other rows."""
        found = [
            _difference(name, self.holdout[name, ""], inside)
            for name in self.schema.feature_names
            if name not in left_out
        ]
        told = [each for _, _, each in sorted(f for f in found if f[0] <= -_APART)[:_NAMED]]
        return f"its rows differ most in {' and '.join(told)}" if told else ""


def _action(
    each: Slice, verdict: str, why: str, few: bool, unseen_time: bool, causes: Sequence[Fact]
) -> str:
    nature = f"it may be in the nature of the rows of {each}; if not"
    if few:
        more = f"{nature}, more of them in training may help"
        return f"collect more rows of {each}" if verdict == FAILS else more
    if causes:
        name = causes[0].feature
        if causes[0].values:
            return f"check the new values of {name}, and train on rows that have them"
        return f"check how {name} is recorded for {each}"
    if verdict != FAILS:
        return f"{nature}, a feature that tells them apart may help"
    if unseen_time:
        return "train again as new rows come, and watch how far predictions are off in new periods"
    return _after_failing(each, why)


def _after_failing(each: Slice, why: str) -> str:
    if FALLS_SHORT in why:
        return f"check the labels of {each}, and add a feature that tells its rows apart"
    return f"train on newer rows, or add a feature that tells why the level of {each} is another"


def _more_often(here: float, there: float) -> bool:
    return here - there > _MORE_OFTEN and here > _TIMES * there


def _few(inside: Mask, trained: Mask) -> bool:
    return bool(trained.sum() < _FEW_ROWS or trained.mean() < _RARER * inside.mean())


def _training_rows(each: Slice, trained: Mask, few: bool) -> str:
    count, n = int(trained.sum()), len(trained)
    if each.kind == "time" and count == 0:
        return "no training row is of this time"
    return f"{count:,} of {n:,} training rows ({count / n:.1%}{', few' if few else ''})"


def _rates(flags: Mask, inside: Mask) -> tuple[float, float]:
    return float(flags[inside].mean()), float(flags[~inside].mean())


def _errors_apart(before: TargetArray, after: TargetArray) -> float:
    """Return by how many standard errors two means differ."""
    error = np.sqrt(np.var(before) / len(before) + np.var(after) / len(after))
    apart = abs(float(np.mean(after) - np.mean(before)))
    return apart / float(error) if error > 0 else 0.0


def _new_values(values: Values, trained: Values) -> Mask:
    """Return which values are beyond the range of training rows, or a category that they do not have."""
    if values.dtype.kind == "f":
        known = trained[~np.isnan(trained)]
        if not len(known):
            return np.zeros(len(values), dtype=bool)
        beyond: Mask = (values < known.min()) | (values > known.max())
        return beyond
    unseen: Mask = ~pd.isna(values) & ~pd.Series(values).isin(set(trained)).to_numpy()
    return unseen


def _difference(name: str, values: Values, inside: Mask) -> Difference:
    """Return how much the rows of a slice differ from the others in a feature, negative, and in words."""
    here, others = values[inside & ~pd.isna(values)], values[~inside & ~pd.isna(values)]
    if not len(here) or not len(others):
        return 0.0, name, ""
    if values.dtype.kind == "f":
        for name_of, middle_of in (("median", np.median), ("mean", np.mean)):
            ends = f"{middle_of(here):.4g}", f"{middle_of(others):.4g}"
            middle = f"{name_of} {ends[0]}, elsewhere {ends[1]}"
            if ends[0] != ends[1]:
                break
        return -abs(_higher(here, others)), name, f"{name} ({middle})"
    known = np.unique(np.concatenate([here, others]).astype(str))
    shares = [
        np.bincount(np.searchsorted(known, each.astype(str)), minlength=len(known)) / len(each)
        for each in (here, others)
    ]
    most = int(np.argmax(shares[0] - shares[1]))
    told = f"{known[most]}: {shares[0][most]:.1%}, elsewhere {shares[1][most]:.1%}"
    return -float(np.abs(shares[0] - shares[1]).sum()) / 2, name, f"{name} ({told})"


def _higher(here: FloatArray, others: FloatArray) -> float:
    """Return how much more often values are higher than others than lower, -1 to 1 (Cliff's delta)."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, here, "left") + np.searchsorted(ordered, here, "right")
    return float(below.mean() / len(others) - 1)
