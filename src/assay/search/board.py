"""The leaderboard: how far each model is behind the best, what it costs, and which one is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import pandas as pd

from assay.search.engine import FoldScores, SearchProblem
from assay.search.running_cost import RunningCost, running_cost
from assay.uncertainty.estimate import Estimate, without_interval
from assay.uncertainty.folds import corrected_difference, corrected_error


@dataclass(frozen=True)
class Standing:
    """A model on the leaderboard.

    Attributes
    ----------
    scores : FoldScores
    estimator : estimator
        Unfitted, single-threaded.
    cost : RunningCost
    behind_best : Estimate
        By how much the best is better, a mean over the folds in the metric's unit; positive whether
        the metric is a loss or not, and 0 for the best itself.
    behind_best_error : float
        The corrected standard error of that mean; 0 for the best itself.
    """

    scores: FoldScores
    estimator: Any
    cost: RunningCost
    behind_best: Estimate
    behind_best_error: float

    @property
    def within_noise(self) -> bool:
        """Whether the best is better by no more than one standard error of the difference."""
        return self.behind_best.value <= self.behind_best_error


def standings(
    problem: SearchProblem, ranked: Sequence[tuple[FoldScores, Any]]
) -> tuple[Standing, ...]:
    """Compare each model with the first, fold by fold, and measure what it costs to run.

    Parameters
    ----------
    problem : SearchProblem
    ranked : sequence of (FoldScores, estimator)
        The best first; the estimators unfitted.
    """
    best = ranked[0][0]
    found = []
    for scores, estimator in ranked:
        behind, error = (
            without_interval(0.0, int(problem.folds.validated.sum()), "it is the best itself"),
            0.0,
        )
        if scores is not best:
            behind, error = difference(problem, best, scores)
        found.append(Standing(scores, estimator, running_cost(problem, estimator), behind, error))
    return tuple(found)


def difference(
    problem: SearchProblem, better: FoldScores, than: FoldScores
) -> tuple[Estimate, float]:
    """Return how much better one model is than another, and the corrected standard error of that.

    Folds differ in level more than models do, so that the differences are paired by fold.
    """
    gains = [
        problem.metric.gain(one, than=other)
        for one, other in zip(better.scores, than.scores, strict=True)
    ]
    parts = [(len(fitted), len(validated)) for fitted, validated in problem.folds.split()]
    train_rows, validation_rows = [list(rows) for rows in zip(*parts, strict=True)]
    return (
        corrected_difference(gains, train_rows, validation_rows, problem.confidence),
        corrected_error(gains, train_rows, validation_rows) if len(gains) > 1 else 0.0,
    )


def simplest_within_noise(board: Sequence[Standing]) -> Standing:
    """Return the simplest model that the best does not surpass beyond noise; see `Complexity.order`.

    It is the one-standard-error rule, of the difference to the best instead of the best's own level:
    folds differ in level more than models do, and a rule by levels would call nearly all models
    alike. Of two equally simple models the better is taken; one whose complexity is not known is not
    simpler than any other. The dummy stands apart, unless it is the best itself: folds that show no
    difference to it do not show that there is none, and it has no use for the features.

    References
    ----------
    Breiman, Friedman, Olshen and Stone 1984, "Classification and Regression Trees", section 3.4.3.
    Nadeau and Bengio 2003, "Inference for the Generalization Error", Machine Learning 52.
    """

    def order(standing: Standing) -> tuple[float, float]:
        return (inf, inf) if standing.cost.complexity is None else standing.cost.complexity.order

    asked = [board[0], *(one for one in board[1:] if one.within_noise and not _is_dummy(one))]
    # The first of several equals is the better one.
    return min(asked, key=order)


def _is_dummy(standing: Standing) -> bool:
    return standing.scores.candidate.name == "dummy"


def selection_json(
    board: Sequence[Standing], chosen: FoldScores, selected_by: str, metric: str
) -> dict[str, Any]:
    """Return the scalars that say which model was taken, and whether a simpler one is as good.

    Parameters
    ----------
    board : sequence of Standing
        The best first.
    chosen : FoldScores
    selected_by : str
        The value of `train.select`.
    metric : str
        The metric's name.
    """
    best, simplest = board[0], simplest_within_noise(board)
    taken = next(standing for standing in board if standing.scores is chosen)
    dummy = next((standing for standing in board[1:] if _is_dummy(standing)), None)
    told_dummy = (
        {}
        if dummy is None
        else {
            "dummy": {
                "behind_best": dummy.behind_best.to_json(),
                "within_noise": dummy.within_noise,
            }
        }
    )
    return {
        "metric": metric,
        "selected_by": selected_by,
        "chosen_model": chosen.label,
        "best_model": best.scores.label,
        "behind_best": taken.behind_best.to_json(),
        # The name of the chosen model where no simpler one is as good as the best.
        "simpler_within_noise": simplest.scores.label,
        "chosen": _held(taken),
        "best": _held(best),
        "simpler": {**_held(simplest), "behind_best": simplest.behind_best.to_json()},
        # How a constant prediction stands, where it is not the best itself.
        **told_dummy,
    }


def _held(standing: Standing) -> dict[str, Any]:
    """Return what a model's file holds."""
    held: dict[str, Any] = {"size_bytes": standing.cost.size_bytes}
    if standing.cost.complexity is not None:
        held |= {
            "complexity": standing.cost.complexity.count,
            "complexity_unit": standing.cost.complexity.unit,
        }
    return held


def leaderboard_table(
    board: Sequence[Standing], chosen: Standing, failures: Mapping[str, str], metric: str
) -> pd.DataFrame:
    """Return the table of `reports/tables/leaderboard.csv`; nothing in it depends on the clock.

    Parameters
    ----------
    board : sequence of Standing
        The best first.
    chosen : Standing
        Marked in the column `selected`.
    failures : dict of str to str
        Why a model has no scores, by its name; such models stand at the end.
    metric : str
        The metric's name.
    """
    rows: list[dict[str, Any]] = []
    for rank, standing in enumerate(board, start=1):
        scores, behind, complexity = standing.scores, standing.behind_best, standing.cost.complexity
        rows.append(
            {
                "rank": rank,
                "model": scores.candidate.name,
                "tuned": scores.tuned,
                "selected": standing is chosen,
                "metric": metric,
                "mean": scores.mean,
                "std": scores.std,
                **{f"fold_{k}": score for k, score in enumerate(scores.scores, start=1)},
                "behind_best": behind.value,
                "behind_best_ci_low": behind.ci_low,
                "behind_best_ci_high": behind.ci_high,
                "behind_best_error": standing.behind_best_error,
                "within_noise": standing.within_noise,
                "complexity": None if complexity is None else complexity.count,
                "complexity_unit": "" if complexity is None else complexity.unit,
                "size_bytes": standing.cost.size_bytes,
                "params": params_text(scores.params),
                "failure": "",
            }
        )
    for name, reason in failures.items():
        rows.append(
            {
                "model": name,
                "tuned": False,
                "selected": False,
                "metric": metric,
                "within_noise": False,
                "failure": reason,
            }
        )
    table = pd.DataFrame(rows)
    return table.astype(dict.fromkeys(("rank", "complexity", "size_bytes"), "Int64"))


def timings_table(board: Sequence[Standing]) -> pd.DataFrame:
    """Return what the models took by this machine's clock, for `reports/timings/`."""
    return pd.DataFrame(
        {
            "rank": range(1, len(board) + 1),
            "model": [standing.scores.candidate.name for standing in board],
            "tuned": [standing.scores.tuned for standing in board],
            "fit_seconds": [round(standing.cost.fit_seconds, 3) for standing in board],
            "rows_per_second": [round(standing.cost.rows_per_second) for standing in board],
            "peak_memory_bytes": [standing.cost.peak_memory_bytes for standing in board],
        }
    )


def params_text(params: Mapping[str, Any]) -> str:
    """Return hyper-parameters as one line, sorted by name."""
    return ", ".join(f"{name}={value!r}" for name, value in sorted(params.items()))
