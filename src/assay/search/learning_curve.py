"""How the chosen model gets better with rows: fitted again on halves of halves of the training set."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray, TargetArray
from assay.predictor import raw_predictions
from assay.search.candidates import CANDIDATES
from assay.search.engine import SearchProblem
from assay.search.subsets import NestedSubsets, kept_apart, nested_subsets
from assay.splits.folds import IntArray

# On fewer rows than this a curve shows how a library handles too few, not how a model learns.
_FEWEST_ROWS = 20

FOLD_COLUMNS = ("fold", "share", "rows", "train", "validation")
CURVE_COLUMNS = (
    *("rows", "share", "train_mean", "train_error"),
    *("validation_mean", "validation_error"),
)


@dataclass(frozen=True)
class LearningCurve:
    """The scores of one recipe on nested parts of each fold's training rows.

    Attributes
    ----------
    by_fold : DataFrame
        One row per size and fold, smallest size first: `fold`, `share` of the training rows, `rows`,
        and the metric on these rows (`train`) and on those of the fold (`validation`).
    constant : ndarray, shape (k, 2)
        The metric of a constant prediction by fold, on all training rows and on validation.
    groups_whole : bool
        Whether whole groups were drawn.
    """

    by_fold: pd.DataFrame
    constant: FloatArray
    groups_whole: bool

    def means(self) -> pd.DataFrame:
        """Return the curve: means over the folds with their standard errors, smallest size first.

        `rows` is the mean over the folds; the standard error is that of the fold's own levels,
        sd / sqrt(k).
        """
        rows = []
        for share, part in self.by_fold.groupby("share"):
            point: dict[str, Any] = {"rows": float(part["rows"].mean()), "share": share}
            for name in ("train", "validation"):
                point[f"{name}_mean"] = float(part[name].mean())
                point[f"{name}_error"] = float(part[name].std(ddof=1) / np.sqrt(len(part)))
            rows.append(point)
        return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))

    def scores(self, part: str) -> FloatArray:
        """Return `train` or `validation` scores, shape (k, sizes), the largest size first."""
        table = self.by_fold.pivot_table(index="fold", columns="share", values=part)
        values: FloatArray = table.sort_index(axis=1, ascending=False).to_numpy()
        return values


def learning_curve(
    problem: SearchProblem, estimator: Any, sizes: int, report: Callable[[str], None]
) -> LearningCurve:
    """Fit a recipe on all training rows of each fold, on half of them, a quarter, and so on.

    Smaller parts lie within larger ones. Of classes, rows are drawn from each alike. Where folds keep
    groups apart, whole groups are drawn: more rows are then more groups. In folds that follow each
    other in time, rows are drawn from all of the past: it is told what rows bring, not what recent
    ones do.

    A size is left out where some fold has fewer than 20 rows of it, where the metric is not defined
    on its own rows, or where the recipe cannot be fitted on so few.

    Parameters
    ----------
    problem : SearchProblem
    estimator : estimator
        The chosen one, unfitted.
    sizes : int
        How many; 0 for no curve.
    report : callable
        Takes one line of progress.
    """
    groups = problem.groups
    whole = groups is not None and kept_apart(groups, problem.folds)
    nested = _subsets_by_fold(problem, groups if whole else None)
    points: list[dict[str, float]] = []
    for halvings in range(sizes):
        share = 0.5**halvings
        if halvings:
            report(f"learning curve: {share:.3g} of the training rows")
        try:
            points = [*_points(problem, estimator, nested, share), *points]
        except _TooFewError as error:
            report(f"learning curve: none below {2 * share:.3g} of the training rows, {error}")
            break
    constant = np.array([_constant_scores(problem, *parts) for parts in problem.folds.split()])
    return LearningCurve(pd.DataFrame(points, columns=list(FOLD_COLUMNS)), constant, whole)


class _TooFewError(Exception):
    """Says why a size has no point."""


def _subsets_by_fold(problem: SearchProblem, groups: IntArray | None) -> list[NestedSubsets]:
    nested = []
    for number, (fitted, _) in enumerate(problem.folds.split(), start=1):
        rng = np.random.default_rng([problem.task.seed, number])
        classes = None if problem.task.type == "regression" else problem.y_true[fitted]
        nested.append(
            nested_subsets(fitted, classes, None if groups is None else groups[fitted], rng)
        )
    return nested


def _points(
    problem: SearchProblem, estimator: Any, nested: list[NestedSubsets], share: float
) -> list[dict[str, float]]:
    """Return the scores of one size on every fold."""
    parts = [subsets.part(share) for subsets in nested]
    fewest = min(map(len, parts))
    if share < 1 and fewest < _FEWEST_ROWS:
        raise _TooFewError(f"of which a fold has {fewest}")
    points = []
    for number, (_, validated) in enumerate(problem.folds.split(), start=1):
        rows = parts[number - 1]
        pipeline = _fit(problem, estimator, rows, share)
        point = {"fold": number, "share": share, "rows": len(rows)}
        for name, judged in (("train", rows), ("validation", validated)):
            predicted = raw_predictions(pipeline, problem.features.iloc[judged])
            point[name] = problem.metric.value(problem.y_true[judged], predicted)
            if not np.isfinite(point[name]):
                raise _TooFewError(f"where {problem.metric.name} is not defined")
        points.append(point)
    return points


def _fit(problem: SearchProblem, estimator: Any, rows: IntArray, share: float) -> Any:
    features, outcome = problem.features.iloc[rows], problem.y_true[rows]
    if share == 1:
        return problem.recipe(estimator).fit(features, outcome)
    try:
        with warnings.catch_warnings():
            # What a library has to say of so few rows does not concern the model that ships.
            warnings.simplefilter("ignore")
            return problem.recipe(estimator).fit(features, outcome)
    except Exception as error:  # SMOTE, encoders and boosters each refuse too few rows in their way
        text = " ".join(str(error).split())
        raise _TooFewError(f"{type(error).__name__}: {text[:100]}") from None


def _constant_scores(
    problem: SearchProblem, fitted: IntArray, validated: IntArray
) -> tuple[float, float]:
    """Return the metric of a constant prediction on the rows that it was made from, and on others."""
    outcome: TargetArray = problem.y_true[fitted]
    model = problem.model(CANDIDATES["dummy"], {}).fit(np.zeros((len(fitted), 1)), outcome)
    train, validation = (
        problem.metric.value(problem.y_true[rows], raw_predictions(model, np.zeros((len(rows), 1))))
        for rows in (fitted, validated)
    )
    return train, validation
