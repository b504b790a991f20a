"""Calibrators: maps from what a model gives to what is reported. A handful of numbers each: JSON.

They are fitted on out-of-fold predictions only. Those of a binary score are monotone, so they never
change the order of rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from assay.metrics.core import FloatArray

# Scores closer to 0 or 1 than this have no finite log-odds of use.
_SCORE_MARGIN = 1e-7


class Calibrator(Protocol):
    """Maps raw predictions to those that are reported; the shape stays."""

    def apply(self, score: FloatArray) -> FloatArray:
        """Return the calibrated prediction of each row."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return what `calibrator_from_json` reads back."""
        ...


@dataclass(frozen=True)
class Identity:
    """Leaves predictions as they are."""

    def apply(self, score: FloatArray) -> FloatArray:
        """Return the predictions."""
        return score

    def to_json(self) -> dict[str, Any]:
        """Return the calibrator's numbers."""
        return {"method": "none"}


@dataclass(frozen=True)
class Sigmoid:
    """Logistic function of the score's log-odds.

    References
    ----------
    Platt 1999, "Probabilistic outputs for support vector machines"; on log-odds it contains the
    identity (slope 1, intercept 0).
    """

    slope: float
    intercept: float

    def apply(self, score: FloatArray) -> FloatArray:
        """Return calibrated probabilities."""
        from scipy.special import expit

        result: FloatArray = expit(self.slope * log_odds(score) + self.intercept)
        return result

    def to_json(self) -> dict[str, Any]:
        """Return the calibrator's numbers."""
        return {"method": "sigmoid", "slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True)
class Isotonic:
    """Monotone step function, linear between its knots (Zadrozny and Elkan 2002)."""

    score_knots: tuple[float, ...]
    probability_knots: tuple[float, ...]

    def apply(self, score: FloatArray) -> FloatArray:
        """Return calibrated probabilities; constant beyond the knots."""
        result: FloatArray = np.interp(score, self.score_knots, self.probability_knots)
        return result

    def to_json(self) -> dict[str, Any]:
        """Return the calibrator's numbers."""
        return {
            "method": "isotonic",
            "score_knots": list(self.score_knots),
            "probability_knots": list(self.probability_knots),
        }


@dataclass(frozen=True)
class Temperature:
    """Probabilities of classes, flattened or sharpened by one number.

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks".
    """

    temperature: float

    def apply(self, score: FloatArray) -> FloatArray:
        """Return calibrated probabilities, shape (n, k)."""
        logits = np.log(np.clip(score, _SCORE_MARGIN, 1)) / self.temperature
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: FloatArray = powers / powers.sum(axis=1, keepdims=True)
        return result

    def to_json(self) -> dict[str, Any]:
        """Return the calibrator's numbers."""
        return {"method": "temperature", "temperature": self.temperature}


@dataclass(frozen=True)
class PerClass:
    """A calibrator of each class against the rest; the results are made to add up to 1.

    References
    ----------
    Zadrozny and Elkan 2002, "Transforming classifier scores into accurate multiclass probability
    estimates".
    """

    calibrators: tuple[Calibrator, ...]

    def apply(self, score: FloatArray) -> FloatArray:
        """Return calibrated probabilities, shape (n, k); as they were where all round to 0."""
        result = np.column_stack(
            [calibrator.apply(score[:, code]) for code, calibrator in enumerate(self.calibrators)]
        )
        total = result.sum(axis=1, keepdims=True)
        normalised: FloatArray = np.divide(result, total, out=score.copy(), where=total > 0)
        return normalised

    def to_json(self) -> dict[str, Any]:
        """Return the calibrators' numbers."""
        return {
            "method": "per_class",
            "calibrators": [calibrator.to_json() for calibrator in self.calibrators],
        }


@dataclass(frozen=True)
class Clip:
    """Keeps predicted numbers within limits that the user knows to hold."""

    low: float | None
    high: float | None

    def apply(self, score: FloatArray) -> FloatArray:
        """Return the numbers within the limits."""
        result: FloatArray = np.clip(
            score,
            -np.inf if self.low is None else self.low,
            np.inf if self.high is None else self.high,
        )
        return result

    def to_json(self) -> dict[str, Any]:
        """Return the limits."""
        return {"method": "clip", "low": self.low, "high": self.high}


def calibrator_from_json(content: Mapping[str, Any]) -> Calibrator:
    """Read back what a calibrator's `to_json` gave.

    Raises
    ------
    ValueError
        If the method is unknown.
    """
    method = content["method"]
    if method == "none":
        return Identity()
    if method == "sigmoid":
        return Sigmoid(content["slope"], content["intercept"])
    if method == "isotonic":
        return Isotonic(tuple(content["score_knots"]), tuple(content["probability_knots"]))
    if method == "temperature":
        return Temperature(content["temperature"])
    if method == "per_class":
        return PerClass(tuple(map(calibrator_from_json, content["calibrators"])))
    if method == "clip":
        return Clip(content["low"], content["high"])
    raise ValueError(f"unknown calibration method {method!r}")


def log_odds(score: FloatArray) -> FloatArray:
    """Return the log-odds of scores, those at 0 and 1 moved inside."""
    from scipy.special import logit

    result: FloatArray = logit(np.clip(score, _SCORE_MARGIN, 1 - _SCORE_MARGIN))
    return result
