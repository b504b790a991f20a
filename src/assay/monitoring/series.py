"""The numbers of batches, one after another, in which a trend is looked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.errors import shown
from assay.metrics.words import metric_words
from assay.monitoring.check import Scale
from assay.monitoring.watch import Watch


@dataclass(frozen=True)
class Series:
    """One number of every batch.

    Attributes
    ----------
    subject, measure : str
        As in `Check`.
    words : str
        What it is called in a sentence.
    scale : {"distance", "rate", "change"}
        By which limits its change is judged.
    unit : {"", "sd", "relative"}
        Whether the change is told as it is, in standard deviations of the rows before, or by how much
        of the mean value it is.
    values : sequence of float
        One for each batch, NaN where it is not known.
    worse : {-1, 0, 1}
        Whether only a fall or only a rise is looked for; 0 for both.
    of_feature : bool
    sd : float
        Of rows before, for the unit `sd`; 1 where the values are already counted in it.
    ends : tuple of sequence of float, optional
        Of intervals, the low and the high ends.
    """

    subject: str
    measure: str
    words: str
    scale: Scale
    unit: str
    values: Sequence[float]
    worse: int = 0
    of_feature: bool = False
    sd: float = 1.0
    ends: tuple[Sequence[float], Sequence[float]] | None = None

    @property
    def share(self) -> bool:
        """Whether it is a share of rows, to be told in percent."""
        return self.scale == "rate" and (self.of_feature or self.subject != "performance")

    @property
    def key(self) -> str:
        """Its name among all checks."""
        return f"trend:{self.subject}:{self.measure}"


def series_of(batches: pd.DataFrame, watch: Watch) -> list[Series]:
    """Return the series of some batches, whether or not their values are known."""
    return [*_output_series(batches, watch), *_feature_series(batches)]


def _output_series(batches: pd.DataFrame, watch: Watch) -> list[Series]:
    found = [
        Series("predictions", name, words, scale, unit, _values(batches, name))
        for name, words, scale, unit in _OF_OUTPUTS
    ]
    shares = [
        {each["label"]: each["share"] for each in told} for told in batches["predicted_shares"]
    ]
    for label in dict.fromkeys(label for told in shares for label in told):
        values = [told.get(label, float("nan")) for told in shares]
        words = f"the share of rows predicted as {shown(label)}"
        found.append(Series("predictions", f"share of {label}", words, "rate", "", values))
    for subject, words, column, sd in (
        ("predictions", "the mean prediction", "mean_prediction", _prediction_sd),
        ("outcomes", "the mean outcome", "outcome_mean", _outcome_sd),
    ):
        values = _values(batches, column)
        if watch.schema.task == "regression":
            found.append(Series(subject, "mean", words, "change", "sd", values, sd=sd(watch)))
        else:
            found.append(Series(subject, "mean", words, "rate", "", values))
    words = "the reconstruction error of all features together"
    values = _values(batches, "reconstruction_error")
    found.append(
        Series("all features", "reconstruction_error", words, "change", "relative", values, 1)
    )
    return [*found, *_metric_series(batches, watch)]


# Of predictions: what the history calls it, its words, scale and unit.
_OF_OUTPUTS: tuple[tuple[str, str, Scale, str], ...] = (
    ("flagged_rate", "the flagged rate", "rate", ""),
    ("decided_rate", "the decided rate", "rate", ""),
    ("mean_confidence", "the mean confidence", "change", "relative"),
    ("mean_interval_width", "the mean width of intervals", "change", "relative"),
)


def _metric_series(batches: pd.DataFrame, watch: Watch) -> list[Series]:
    """Return the number that selected the model, where batches have it: measured, and estimated."""
    name, better = watch.metric.name, watch.metric.greater_is_better
    same = (batches["metric"] == name).to_numpy()
    found = []
    for measure, words, prefix in (
        (name, f"the measured {metric_words(name)}", ""),
        (f"estimated_{name}", f"the estimated {metric_words(name)}", "estimated_"),
    ):
        columns = (f"{prefix}{column}" for column in ("value", "ci_low", "ci_high"))
        values, low, high = (
            np.where(same, _values(batches, column), np.nan).tolist() for column in columns
        )
        scale: Scale = "rate" if better else "change"
        unit, worse = ("", -1) if better else ("relative", 1)
        found.append(
            Series("performance", measure, words, scale, unit, values, worse, ends=(low, high))
        )
    return found


def _values(batches: pd.DataFrame, name: str) -> list[float]:
    return [float(value) for value in pd.to_numeric(batches[name])]


def _prediction_sd(watch: Watch) -> float:
    """Return the standard deviation of the predictions of rows that the model did not learn from."""
    return float(watch.reference["outputs"]["out_of_fold"]["means"]["mean_prediction"][1])


def _outcome_sd(watch: Watch) -> float:
    """Return the standard deviation of outcomes in training."""
    return float(watch.reference["performance"]["target_sd"])


# Of a feature: what the history calls it, its words, scale and unit, and whether only a rise counts.
_OF_FEATURES: tuple[tuple[str, str, Scale, str, int], ...] = (
    ("standardised_mean", "its mean", "change", "sd", 0),
    ("missing_rate", "its missing rate", "rate", "", 0),
    ("unknown_rate", "its rate of unknown categories", "rate", "", 1),
)


def _feature_series(batches: pd.DataFrame) -> list[Series]:
    facts = [{fact["name"]: fact for fact in told} for told in batches["features"]]
    names = list(dict.fromkeys(name for told in facts for name in told))
    missing = float("nan")
    found = []
    for name in names:
        for measure, words, scale, unit, worse in _OF_FEATURES:
            values = [_number(told[name][measure]) if name in told else missing for told in facts]
            found.append(Series(name, measure, words, scale, unit, values, worse, of_feature=True))
    return found


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
