"""The holdout ledger: every model that was judged on a holdout, and what picking the best would flatter.

A holdout that is asked often stops being one: of many models some look good on its rows by chance.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.history.evaluations import Evaluation
from assay.metrics.core import Metric
from assay.uncertainty.selection import best_of_optimism

COLUMNS = ("holdout", "model", "predictions", "metric", "value", "source", "revision", "date")
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
            **{"holdout": each.holdout, "model": each.model, "predictions": each.predictions},
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
        kept["predictions"] = kept["predictions"] or row["predictions"]
        if row["metric"] == metric and row["value"] is not None:
            # The metric that models are judged by may have changed since.
            kept |= {"metric": metric, "value": row["value"]}
    ordered = sorted(
        rows.values(), key=lambda row: (row["holdout"], row["date"] or "9", row["model"])
    )
    return pd.DataFrame(ordered, columns=list(COLUMNS))


@dataclass(frozen=True)
class HoldoutStanding:
    """A model among those that were judged on its holdout.

    Attributes
    ----------
    model_count : int
        Distinct models, this one among them.
    by_source : dict of str to int
        The others by where they are known from.
    rank : int
        Of this one's score among the known ones, 1 the best.
    optimism_bound : float or None
        By how much the best of so many equally good models would look better than it is, if their
        scores had nothing in common. None where the score has no interval.
    """

    model_count: int
    by_source: Mapping[str, int]
    rank: int
    optimism_bound: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the scalars of `metrics/history.json`."""
        told: dict[str, Any] = {
            "model_count": self.model_count,
            **{f"{name.replace(' ', '_')}_count": n for name, n in self.by_source.items()},
            "rank": self.rank,
        }
        if self.optimism_bound is not None:
            told["optimism_if_independent"] = self.optimism_bound
        return told


def other_models(
    ledger: pd.DataFrame, holdout: str, model: str, predictions: str, metric: str, value: float
) -> pd.DataFrame:
    """Return the other distinct models that were judged on a holdout.

    Models are the same if their predictions are, to the last bit: a model may be written anew.
    Where predictions were not noted, those with equal scores count once.

    Parameters
    ----------
    ledger : DataFrame
        With `COLUMNS`.
    holdout, model, predictions : str
        The hashes of this one.
    metric : str
    value : float
        This one's.
    """
    others = ledger[(ledger["holdout"] == holdout) & (ledger["model"] != model)]
    noted = others["predictions"].fillna("") != ""
    with_hash = others[noted & (others["predictions"] != predictions)]
    with_hash = with_hash.drop_duplicates("predictions")
    without = others[~noted]
    scored = without[(without["metric"] == metric) & without["value"].notna()]
    known = {value, *with_hash["value"]}
    scored_anew = scored[~scored["value"].isin(known)].drop_duplicates("value")
    return pd.concat([with_hash, scored_anew, without.drop(index=scored.index)])


def standing(
    others: pd.DataFrame, metric: Metric, value: float, error: float | None
) -> HoldoutStanding:
    """Say where a model stands among those that were judged on the same holdout.

    Parameters
    ----------
    others : DataFrame
        From `other_models`.
    metric : Metric
        The one that the model was chosen by.
    value : float
        The model's, on the holdout.
    error : float, optional
        Standard error of that value.
    """
    scores = others.loc[others["metric"] == metric.name, "value"].dropna().astype(float)
    better = scores > value if metric.greater_is_better else scores < value
    count = len(others) + 1
    return HoldoutStanding(
        count,
        {source: int((others["source"] == source).sum()) for source in _SOURCES},
        int(better.sum()) + 1,
        None if error is None else best_of_optimism(count, error),
    )


def missing_from(ledger: pd.DataFrame, evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    """Return the first sighting of each model that the ledger does not have."""
    known = set(zip(ledger["holdout"], ledger["model"], strict=True))
    missing: dict[tuple[str, str], Evaluation] = {}
    for each in evaluations:
        if (each.holdout, each.model) not in known:
            missing.setdefault((each.holdout, each.model), each)
    return list(missing.values())
