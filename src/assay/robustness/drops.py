"""How much worse the metric gets when features are missing, noisy or of an unknown category."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.metrics.core import FloatArray
from assay.robustness.perturbed import Perturbed, perturbed_of
from assay.uncertainty.many import holm_adjusted
from assay.uncertainty.resampled_p import resampled_p_value

Perturbation = Literal["missing", "noise", "unseen"]

COLUMNS = (
    *("perturbation", "feature", "metric", "before", "after", "drop", "ci_low", "ci_high"),
    *("p_value", "p_adjusted", "beyond_chance", "mean_prediction_change"),
    *("changed_rate", "training_missing_rate", "same_as"),
)
ALL_NUMBERS = "(all numbers)"
# Draws of noise: each number has its own in each.
_DRAWS = 5
# No feature of any table has it: a private-use character stands before it.
_UNSEEN = "\ue000 unseen in training"


@dataclass(frozen=True)
class _Case:
    perturbation: Perturbation
    feature: str
    changed_rate: float
    # One for each draw; none where the model does not read the feature.
    predicted: Sequence[FloatArray]
    # Another perturbation that gives the model the same columns, and is not tried again.
    same_as: str = ""


def metric_drops(evidence: Evidence) -> pd.DataFrame:
    """Return how much worse the primary metric is on the holdout for each perturbation.

    Before and after are judged on the same resamples of rows, or of groups.

    Parameters
    ----------
    evidence : Evidence
        Noise is `noise_sd` standard deviations of the training rows. It is added to the known values
        of numbers with more than two of them in training, and whole numbers stay whole.

    Returns
    -------
    DataFrame
        With `COLUMNS`: `drop` is positive where the model gets worse, whatever the metric's direction;
        `p_value` is two-sided (1 where the model does not read the feature), `p_adjusted` corrected by
        Holm's method for all that it reads;
        `mean_prediction_change` is the mean absolute change of the prediction (of probabilities of
        several classes: half the sum over classes); `changed_rate` the share of rows whose value
        changed; `training_missing_rate` the share of training rows without the feature; `same_as` is
        "unseen" where the model sees the same of a missing value and of an unseen category, which then
        has no row of its own. By
        perturbation, the greatest drop first.
    """
    perturbed, y_true, plan = perturbed_of(evidence), evidence.holdout.y_true, evidence.bootstrap
    metric, n = evidence.metric, len(evidence.holdout)
    sign = 1.0 if metric.greater_is_better else -1.0
    weights = np.concatenate([np.ones((1, n)), *plan.weights(n)])
    known = perturbed.judge(perturbed.matrix)
    before = metric.function(y_true, known, weights)
    missing = {
        name: float(evidence.train[name].isna().mean()) for name in evidence.schema.feature_names
    }
    rows = []
    for case in _cases(evidence, perturbed):
        drops, change = np.zeros(len(weights)), 0.0
        for predicted in case.predicted:
            after = metric.function(y_true, predicted, weights)
            drops += sign * (before - after) / len(case.predicted)
            change += _change(known, predicted) / len(case.predicted)
        low, high = plan.interval(drops[1:], n)
        rows.append(
            {
                "perturbation": case.perturbation,
                "feature": case.feature,
                "metric": metric.name,
                "before": before[0],
                "after": before[0] - sign * drops[0],
                "drop": drops[0],
                "ci_low": low,
                "ci_high": high,
                "p_value": resampled_p_value(drops[0], drops[1:], plan.units(n))
                if case.predicted
                else np.nan,
                "mean_prediction_change": change,
                "changed_rate": case.changed_rate,
                "training_missing_rate": missing.get(case.feature, np.nan),
                "same_as": case.same_as,
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    # What the model does not read needs no test, and takes no part in the correction.
    tried = table["p_value"].notna().to_numpy()
    table["p_adjusted"] = 1.0
    table.loc[tried, "p_adjusted"] = holm_adjusted(table.loc[tried, "p_value"].to_numpy(float))
    table["p_value"] = table["p_value"].fillna(1.0)
    alpha = 1 - plan.confidence
    table["beyond_chance"] = ((table["p_adjusted"] <= alpha) & (table["drop"] > 0)).astype(bool)
    return table.sort_values(
        ["perturbation", "drop", "feature"], ascending=[True, False, True], ignore_index=True
    )


def noisy_numbers(evidence: Evidence) -> list[str]:
    """Return the numeric features that noise is added to: more than two values in training."""
    return [
        name for name in evidence.schema.names_of("numeric") if evidence.train[name].nunique() > 2
    ]


def _cases(evidence: Evidence, perturbed: Perturbed) -> Iterator[_Case]:
    features, schema = evidence.features, evidence.schema
    one = features.head(1)
    # One row without any value, and one with nothing but unknown categories, have the columns of all.
    without = perturbed.transform(_filled(one, schema.feature_names, np.nan))
    categorical = schema.names_of("categorical")
    unseen = perturbed.transform(_filled(one, categorical, _UNSEEN))
    twins = {name for name in categorical if perturbed.same(name, without, unseen)}
    for name in schema.feature_names:
        case = _constant("missing", name, perturbed, without, features[name].notna())
        yield replace(case, same_as="unseen" if name in twins else "")
    for name in categorical:
        if name in twins:
            continue
        yield _constant("unseen", name, perturbed, unseen, features[name] != _UNSEEN)
    yield from _noise(evidence, perturbed)


def _filled(row: pd.DataFrame, names: Sequence[str], value: Any) -> pd.DataFrame:
    """Return a row with one value in some columns, which keep their type."""
    values = {name: pd.Series([value], index=row.index, dtype=row[name].dtype) for name in names}
    return _replaced(row, values)


def _constant(
    perturbation: Perturbation,
    name: str,
    perturbed: Perturbed,
    row: FloatArray,
    changed: "pd.Series[bool]",
) -> _Case:
    predicted = [perturbed.replaced([name], row)] if perturbed.reads(name) else []
    return _Case(perturbation, name, float(changed.mean()), predicted)


def _noise(evidence: Evidence, perturbed: Perturbed) -> Iterator[_Case]:
    """Yield each number with noise, and all at once."""
    names = noisy_numbers(evidence)
    if not names:
        return
    features = evidence.features
    rng = np.random.default_rng([evidence.task.seed, 7])
    frames = [_noisy(features, names, evidence, rng) for _ in range(_DRAWS)]
    matrices = [perturbed.transform(frame) for frame in frames]
    moved = {
        name: float(np.mean([_differ(features[name], frame[name]).mean() for frame in frames]))
        for name in names
    }
    for name in names:
        drawn = matrices if perturbed.reads(name) and moved[name] else []
        predicted = [perturbed.replaced([name], matrix) for matrix in drawn]
        yield _Case("noise", name, moved[name], predicted)
    anywhere = [
        np.any([_differ(features[name], frame[name]) for name in names], axis=0).mean()
        for frame in frames
    ]
    predicted = [perturbed.replaced(names, matrix) for matrix in matrices]
    yield _Case("noise", ALL_NUMBERS, float(np.mean(anywhere)), predicted)


def _noisy(
    features: pd.DataFrame, names: Sequence[str], evidence: Evidence, rng: np.random.Generator
) -> pd.DataFrame:
    changed = {}
    for name in names:
        trained = evidence.train[name].dropna()
        noise = evidence.params.noise_sd * float(trained.std()) * rng.normal(size=len(features))
        values = features[name] + noise
        whole = bool((trained == np.round(trained)).all())
        changed[name] = np.round(values) if whole else values
    return _replaced(features, changed)


def _replaced(features: pd.DataFrame, columns: "dict[str, pd.Series[Any]]") -> pd.DataFrame:
    """Return features with other columns; `assign` takes no column that is named self."""
    changed = features.copy()
    for name, values in columns.items():
        changed[name] = values
    return changed


def _differ(before: "pd.Series[Any]", after: "pd.Series[Any]") -> "np.ndarray[Any, np.dtype[Any]]":
    return ((before != after) & before.notna()).to_numpy()


def _change(before: FloatArray, after: FloatArray) -> float:
    change = np.abs(after - before)
    return float(change.mean() if change.ndim == 1 else change.sum(axis=1).mean() / 2)
