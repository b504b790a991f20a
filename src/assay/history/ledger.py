"""The holdout ledger: every model that was judged on a holdout, and what picking the best would flatter.

A holdout that is asked often stops being one: of many models some look good on its rows by chance.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.history.evaluations import Evaluation
from assay.metrics.core import Metric
from assay.uncertainty.selection import best_of_optimism, score_correlation

COLUMNS = ("holdout", "model", "metric", "value", "source", "revision", "date")
_SOURCES = ("commit", "experiment", "local run")


def ledger_table(
    known: pd.DataFrame, evaluations: Iterable[Evaluation], metric: str
) -> pd.DataFrame:
    """Return the ledger with what was found added: one row per holdout and model.

    What is known stays, also where it is not found again: experiments are removed, caches emptied,
    and others' local runs were never here. Of several sightings the first commit is kept, or else the
    first experiment.

    Parameters
    ----------
    known : DataFrame
        The ledger so far, with `COLUMNS`.
    evaluations : iterable of Evaluation
        Commits the oldest first.
    metric : str
        The name of the metric whose value is noted.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    found: list[dict[str, Any]] = [
        {
            **{"holdout": each.holdout, "model": each.model},
            **{"metric": metric, "value": each.scores.get(metric)},
            **{"source": each.source, "revision": each.revision, "date": each.date},
        }
        for each in evaluations
    ]
    old: list[dict[str, Any]] = (
        known.astype(object).where(known.notna(), None).to_dict("records")  # type: ignore[assignment]
    )
    for row in sorted([*old, *found], key=lambda each: _SOURCES.index(each["source"])):
        kept = rows.setdefault((row["holdout"], row["model"]), dict(row))
        if row["metric"] == metric and row["value"] is not None:
            # The metric that models are judged by may have changed since.
            kept |= {"metric": metric, "value": row["value"]}
    ordered = sorted(
        rows.values(), key=lambda row: (row["holdout"], row["date"] or "9", row["model"])
    )
    return pd.DataFrame(ordered, columns=list(COLUMNS))


@dataclass(frozen=True)
class Standing:
    """A model among those that were judged on its holdout.

    Attributes
    ----------
    model_count : int
        Distinct models, this one among them. Those whose score agrees to the last digit count once:
        a model may be written anew and predict the same.
    by_source : dict of str to int
        The others by where they are known from.
    rank : int
        Of this one's score among the known ones, 1 the best.
    optimism, optimism_bound : float or None
        By how much the best of so many equally good models is expected to look better than it is: if
        any two of them agree as model and baseline do, and if they are independent. None where the
        score has no interval.
    """

    model_count: int
    by_source: Mapping[str, int]
    rank: int
    optimism: float | None
    optimism_bound: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the scalars of `metrics/history.json`."""
        names = {source: source.replace(" ", "_") for source in self.by_source}
        told: dict[str, Any] = {
            "model_count": self.model_count,
            **{f"{names[source]}_count": count for source, count in self.by_source.items()},
            "rank": self.rank,
        }
        if self.optimism is not None and self.optimism_bound is not None:
            told |= {
                "expected_optimism": self.optimism,
                "expected_optimism_if_independent": self.optimism_bound,
            }
        return told


def standing(
    ledger: pd.DataFrame,
    holdout: str,
    model: str,
    metric: Metric,
    value: float,
    errors: Sequence[float] | None,
) -> Standing:
    """Say where a model stands among those that were judged on the same holdout.

    Parameters
    ----------
    ledger : DataFrame
        With `COLUMNS`.
    holdout, model : str
        The hashes of both.
    metric : Metric
        The one that the model was chosen by.
    value : float
        The model's, on the holdout.
    errors : sequence of 3 floats, optional
        Standard errors of the model's score, of its baseline's, and of their difference.
    """
    others = ledger[(ledger["holdout"] == holdout) & (ledger["model"] != model)]
    scored = others[(others["metric"] == metric.name) & others["value"].notna()]
    unscored = others.drop(index=scored.index)
    scored = scored[scored["value"] != value].drop_duplicates("value")
    others = pd.concat([scored, unscored])
    ours, theirs = (
        (value, scored["value"]) if metric.greater_is_better else (-value, -scored["value"])
    )
    count = len(others) + 1
    optimism = bound = None
    if errors is not None:
        correlation = score_correlation(*errors)
        optimism = best_of_optimism(count, errors[0], correlation)
        bound = best_of_optimism(count, errors[0], 0.0)
    by_source = {source: int((others["source"] == source).sum()) for source in _SOURCES}
    return Standing(count, by_source, int((theirs > ours).sum()) + 1, optimism, bound)


def missing_from(ledger: pd.DataFrame, evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """Return the first sighting of each model that the ledger does not have."""
    known = set(zip(ledger["holdout"], ledger["model"], strict=True))
    missing: dict[tuple[str, str], Evaluation] = {}
    for each in evaluations:
        if (each.holdout, each.model) not in known:
            missing.setdefault((each.holdout, each.model), each)
    return list(missing.values())
