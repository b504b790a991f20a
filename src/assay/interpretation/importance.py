"""How much worse the model is without a feature."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from assay.metrics.core import FloatArray, Metric, TargetArray
from assay.predictor import Predictor, raw_predictions
from assay.preprocessing import source_features
from assay.uncertainty.bootstrap import Bootstrap, IntArray
from assay.used_columns import used_columns

COLUMNS = ["feature", "importance", "ci_low", "ci_high", "standard_error"]


class Shuffles:
    """Rows judged before and after features are shuffled, on the rows and on resamples of them.

    A feature is shuffled in the matrix that the model sees, all of its columns together, which gives
    the predictions of the shuffled table. Every resample judges the model before and after every
    shuffle, so that what they spread holds the chance of the rows and of the shuffles.

    Parameters
    ----------
    predictor : Predictor
        Its pipeline has the steps `features`, which treats every feature by itself, and `model`.
    features : DataFrame, shape (n, p)
        In model form.
    y_true : ndarray, shape (n,)
    metric : Metric
    repeats : int
        Shuffles of each feature, or of each set of features.
    bootstrap : Bootstrap
    """

    def __init__(
        self,
        predictor: Predictor,
        features: pd.DataFrame,
        y_true: TargetArray,
        metric: Metric,
        repeats: int,
        bootstrap: Bootstrap,
    ) -> None:
        self.names = list(features.columns)
        self.bootstrap = bootstrap
        self._predictor, self._y_true, self._metric = predictor, y_true, metric
        self._repeats = repeats
        preprocessor, self._model = (
            predictor.pipeline.named_steps[step] for step in ("features", "model")
        )
        self._matrix = np.asarray(preprocessor.transform(features), dtype=float)
        self._source = np.array(source_features(preprocessor, self.names), dtype=object)
        self._used = used_columns(self._model, len(self._source))
        every = np.ones((1, len(features)))
        self._resamples = np.concatenate([every, *bootstrap.weights(len(features))], dtype=float)
        self.before = self.predicted()
        self._judged_before = self._judged(self.before)

    def __len__(self) -> int:
        return len(self._matrix)

    def columns(self, names: Sequence[str]) -> IntArray:
        """Return the matrix's columns of some features."""
        return np.flatnonzero(np.isin(self._source, np.array(list(names), dtype=object)))

    def reads(self, names: Sequence[str]) -> bool:
        """Say whether the model may read any of some features."""
        return bool(self._used[self.columns(names)].any())

    def predicted(
        self, columns: IntArray | None = None, values: FloatArray | None = None
    ) -> FloatArray:
        """Return the predictions, calibrated, of the rows with other values in some columns."""
        if columns is None or values is None:
            return self._predictor.calibrator.apply(raw_predictions(self._model, self._matrix))
        kept = self._matrix[:, columns]
        self._matrix[:, columns] = values
        found = self._predictor.calibrator.apply(raw_predictions(self._model, self._matrix))
        self._matrix[:, columns] = kept
        return found

    def values(self, columns: IntArray) -> FloatArray:
        """Return what stands in some columns."""
        found: FloatArray = self._matrix[:, columns]
        return found

    def losses(self, names: Sequence[str], rng: np.random.Generator) -> FloatArray:
        """Return how much worse the metric gets when some features are shuffled, all alike.

        Parameters
        ----------
        names : sequence of str
        rng : Generator
            It is drawn from as often whether the model reads the features or not, so that what one
            has does not depend on which others are read.

        Returns
        -------
        ndarray, shape (1 + b,)
            On the rows, then on each resample; the mean of the shuffles. 0 where the model reads none.
        """
        lost = np.zeros(len(self._resamples))
        orders = [rng.permutation(len(self)) for _ in range(self._repeats)]
        columns = self.columns(names)
        if not self._used[columns].any():
            return lost
        sign = 1.0 if self._metric.greater_is_better else -1.0
        values = self.values(columns)
        for order in orders:
            lost += sign * (
                self._judged_before - self._judged(self.predicted(columns, values[order]))
            )
        return lost / self._repeats

    def each(self) -> dict[str, FloatArray]:
        """Return the losses of every feature by itself."""
        rng = np.random.default_rng(self.bootstrap.seed)
        return {name: self.losses([name], rng) for name in self.names}

    def told(self, losses: FloatArray) -> tuple[float, float, float, float]:
        """Return losses as importance, its interval, and its standard error."""
        low, high = self.bootstrap.interval(losses[1:], len(self))
        return float(losses[0]), low, high, self._standard_error(losses[1:])

    def _standard_error(self, resampled: FloatArray) -> float:
        """Return the spread over the resamples, widened as few units ask for."""
        defined = resampled[np.isfinite(resampled)]
        units = self.bootstrap.units(len(self))
        if len(defined) < 2 or units < 2:
            return float("inf")
        return float(np.std(defined, ddof=1) * np.sqrt(units / (units - 1)))

    def _judged(self, predicted: FloatArray) -> FloatArray:
        return self._metric.function(self._y_true, predicted, self._resamples)


def permutation_importance(
    predictor: Predictor,
    features: pd.DataFrame,
    y_true: TargetArray,
    metric: Metric,
    repeats: int,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return how much worse the metric gets when one feature is shuffled; see `Shuffles`.

    One that the model does not read has an importance of 0 without being tried.

    Returns
    -------
    DataFrame
        `feature`, `importance` (mean loss of the metric, positive is worse without the feature),
        `ci_low`, `ci_high`, `standard_error`; the most important first.

    References
    ----------
    Breiman 2001, "Random Forests"; Fisher, Rudin and Dominici 2019.
    """
    shuffles = Shuffles(predictor, features, y_true, metric, repeats, bootstrap)
    return importance_table(shuffles, shuffles.each())


def importance_table(shuffles: Shuffles, losses: Mapping[str, FloatArray]) -> pd.DataFrame:
    """Return the table of `permutation_importance` from the losses of every feature."""
    rows = [(name, *shuffles.told(lost)) for name, lost in losses.items()]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(["importance", "feature"], ascending=[False, True], ignore_index=True)


def zero_importance_p_values(
    importance: FloatArray, standard_error: FloatArray, units: int
) -> FloatArray:
    """Return the two-sided p-values of importances of 0, by t-tests; 1 where nothing was lost.

    Of 200 resamples none may lie below 0 where the p-value is 1 in 100 or 1 in a million; a correction
    for many needs to know which, and a metric of many rows is nearly normal.

    Parameters
    ----------
    importance, standard_error : ndarray, shape (m,)
    units : int
        Rows or groups that are resampled.
    """
    from scipy.stats import t

    if units < 2:
        return np.ones(len(importance))
    known = (standard_error > 0) & np.isfinite(standard_error) & np.isfinite(importance)
    z = np.divide(np.abs(importance), standard_error, out=np.zeros(len(importance)), where=known)
    return np.where(known, 2 * t.sf(z, units - 1), 1.0)
