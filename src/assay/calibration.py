"""Calibrators of a binary score, and the honest choice among them.

A calibrator maps a raw score to a probability. It is fitted on out-of-fold scores only, is monotone
(so it never changes the ranking's order), and is a handful of numbers: it ships as JSON.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from assay.metrics import FloatArray, LabelArray, row_log_loss

# Scores closer to 0 or 1 than this have no finite log-odds of use.
_SCORE_MARGIN = 1e-7


class Calibrator(Protocol):
    """Maps raw scores to probabilities."""

    def apply(self, score: FloatArray) -> FloatArray:
        """Return the probability of the positive class for each raw score, shape (n,)."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return what `calibrator_from_json` reads back."""
        ...


@dataclass(frozen=True)
class Identity:
    """Leaves scores as they are."""

    def apply(self, score: FloatArray) -> FloatArray:
        """Return the scores."""
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

        result: FloatArray = expit(self.slope * _log_odds(score) + self.intercept)
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
    raise ValueError(f"unknown calibration method {method!r}")


def fit_sigmoid(y_true: LabelArray, score: FloatArray) -> Calibrator:
    """Fit slope and intercept by maximum likelihood.

    A slope that is not positive would turn the ranking around; the scores are then left as they are.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(penalty=None, max_iter=1000)
    model.fit(_log_odds(score)[:, None], y_true)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    return Sigmoid(slope, intercept) if slope > 0 else Identity()


def fit_isotonic(y_true: LabelArray, score: FloatArray) -> Calibrator:
    """Fit the non-decreasing step function with the least squared error.

    Probabilities are kept half a row away from 0 and 1, which a finite sample cannot establish.
    """
    from sklearn.isotonic import IsotonicRegression

    margin = 0.5 / len(y_true)
    model = IsotonicRegression(y_min=margin, y_max=1 - margin, out_of_bounds="clip")
    model.fit(score, y_true)
    return Isotonic(tuple(map(float, model.X_thresholds_)), tuple(map(float, model.y_thresholds_)))


_FITS: Mapping[str, Callable[[LabelArray, FloatArray], Calibrator]] = {
    "sigmoid": fit_sigmoid,
    "isotonic": fit_isotonic,
}


@dataclass(frozen=True)
class CalibrationChoice:
    """A calibrator with the comparison that chose it.

    Attributes
    ----------
    method : str
        "none", "sigmoid" or "isotonic".
    calibrator : Calibrator
        Fitted on all out-of-fold scores.
    log_loss : dict
        Cross-fitted log loss of each method, "none" included, on the same rows.
    """

    method: str
    calibrator: Calibrator
    log_loss: Mapping[str, float]


def choose_calibrator(
    y_true: LabelArray,
    score: FloatArray,
    fold: npt.NDArray[np.integer[Any]],
    ordered: bool,
    methods: Sequence[str],
) -> CalibrationChoice:
    """Choose the calibrator with the lowest cross-fitted log loss; none, unless one lowers it.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
    score : ndarray, shape (n,)
        Out-of-fold scores only.
    fold : ndarray of int, shape (n,)
        The fold that validated each row.
    ordered : bool
        If true, the calibrator that judges a fold is fitted on earlier folds only, and the first
        fold is not judged; otherwise on all other folds.
    methods : sequence of str
        From "sigmoid" and "isotonic".
    """
    cross_fitted: dict[str, list[FloatArray]] = {name: [] for name in ("none", *methods)}
    for number in np.unique(fold):
        judged = fold == number
        fitted = fold < number if ordered else ~judged
        if len(np.unique(y_true[fitted])) < 2:
            continue
        cross_fitted["none"].append(row_log_loss(y_true[judged], score[judged]))
        for name in methods:
            calibrator = _FITS[name](y_true[fitted], score[fitted])
            probability = calibrator.apply(score[judged])
            cross_fitted[name].append(row_log_loss(y_true[judged], probability))
    losses = {
        name: float(np.concatenate(parts).mean()) for name, parts in cross_fitted.items() if parts
    }
    method = min(losses, key=losses.__getitem__) if losses else "none"
    calibrator = Identity() if method == "none" else _FITS[method](y_true, score)
    return CalibrationChoice(method, calibrator, losses)


def _log_odds(score: FloatArray) -> FloatArray:
    from scipy.special import logit

    result: FloatArray = logit(np.clip(score, _SCORE_MARGIN, 1 - _SCORE_MARGIN))
    return result
