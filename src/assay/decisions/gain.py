"""How many positives are caught, and what is saved, by the share of rows that is acted on."""

import numpy as np
import pandas as pd

from assay.costs import RowCosts
from assay.decisions.options import PER
from assay.decisions.resampled import some_weights
from assay.metrics.core import FloatArray, LabelArray
from assay.thresholds import Ranking
from assay.uncertainty.bootstrap import Bootstrap

_SHARES = np.linspace(0.01, 1, 100)
VALUE_SHARES = np.linspace(0, 1, 51)


def gain_table(y_true: LabelArray, model: FloatArray, baseline: FloatArray) -> pd.DataFrame:
    """Return cumulative gain and lift of the model and of the baseline.

    Rows are acted on by descending score; of rows with one score, a part is as good as any other, and
    counts for its share.

    Parameters
    ----------
    y_true : ndarray of {0, 1}, shape (n,)
        With at least one positive.
    model, baseline : ndarray, shape (n,)
    """
    caught = {
        name: _at_shares(Ranking(score), (y_true == 1).astype(float), None, _SHARES)[0]
        for name, score in (("model", model), ("baseline", baseline))
    }
    return pd.DataFrame(
        {
            "acted_rate": _SHARES,
            **{f"{name}_caught": values / y_true.sum() for name, values in caught.items()},
            **{f"{name}_lift": values / y_true.sum() / _SHARES for name, values in caught.items()},
        }
    )


def value_curve(
    y_true: LabelArray,
    model: FloatArray,
    baseline: FloatArray,
    costs: RowCosts,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Return what acting on a share of rows saves against acting on none, per 1,000 rows.

    The band is that of each share by itself; the baseline is acted on at the same shares.
    """
    saved = costs.of_leaving(y_true) - costs.of_acting(y_true)
    ranking = Ranking(model)
    drawn = np.concatenate(
        [
            _at_shares(ranking, saved, chunk, VALUE_SHARES)
            for chunk in some_weights(bootstrap, len(saved))
        ]
    )
    tail = (1 - bootstrap.confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    per = PER / len(saved)
    value, other = (
        _at_shares(each, saved, None, VALUE_SHARES)[0] for each in (ranking, Ranking(baseline))
    )
    return pd.DataFrame(
        {
            "acted_rate": VALUE_SHARES,
            "model_saved": per * value,
            "ci_low": per * low,
            "ci_high": per * high,
            "baseline_saved": per * other,
        }
    )


def _at_shares(
    ranking: Ranking, values: FloatArray, weights: FloatArray | None, shares: FloatArray
) -> FloatArray:
    """Return the sum of a value over the first so many rows, as if there were n of them; (b, shares)."""
    n = len(values)
    weights = np.ones((1, n)) if weights is None else weights
    flagged, sums = ranking.flagged_sum(weights), ranking.flagged_sum(weights * values)
    total = flagged[:, -1:]
    return np.array(
        [
            np.interp(shares, acted, each)
            for acted, each in zip(flagged / total, n * sums / total, strict=True)
        ]
    )
