"""Measure the bootstrap: seconds of 2,000 resamples of the ROC AUC of 100,000 rows.

    python benchmarks/bootstrap_speed.py [--check]

Beside it, within the same run: a plain loop that draws rows and calls scikit-learn's `roc_auc_score` (50
resamples of it), the two kinds of interval, and rows against groups of them. Times are also given as
ratios, because machines differ. With `--check` the command fails if a ratio is not what the docs tell.
"""

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

import stages  # noqa: E402, F401  (pins threads and kernels before anything numeric is imported)
from assay.metrics.catalogue import task_metrics  # noqa: E402
from assay.uncertainty.bootstrap import Bootstrap  # noqa: E402
from assay.uncertainty.paired import metric_estimate  # noqa: E402

ROWS, GROUPS, RESAMPLES, LOOPED = 100_000, 5_000, 2_000, 50
AUC = task_metrics("binary")["roc_auc"]
# (dividend, divisor): the most that the ratio of their times may be.
LIMITS = {
    ("percentile, rows", "loop of roc_auc_score"): 1 / 20,
    ("bca, rows", "percentile, rows"): 2.0,
    ("percentile, groups", "percentile, rows"): 1.5,
    ("bca, groups", "percentile, groups"): 2.0,
}


def simulated():
    """Return outcomes, scores, and the group of each row."""
    rng = np.random.default_rng(0)
    y_true = (rng.uniform(size=ROWS) < 0.3).astype(int)
    return y_true, rng.normal(size=ROWS) + y_true, rng.integers(0, GROUPS, ROWS)


def looped(y_true, score) -> float:
    """Return the seconds that RESAMPLES draws with scikit-learn would take, from a few of them."""
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    started = time.perf_counter()
    for _ in range(LOOPED):
        drawn = rng.integers(0, ROWS, ROWS)
        roc_auc_score(y_true[drawn], score[drawn])
    return (time.perf_counter() - started) * RESAMPLES / LOOPED


def bootstrapped(y_true, score, clusters, kind) -> float:
    """Return the seconds of an estimate."""
    started = time.perf_counter()
    metric_estimate(AUC, y_true, score, Bootstrap(RESAMPLES, 0.95, 0, clusters, kind))
    return time.perf_counter() - started


def main() -> None:
    """Measure, print, and compare ratios where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if a ratio is too large")
    check = parser.parse_args().check
    y_true, score, groups = simulated()
    seconds = {"loop of roc_auc_score": looped(y_true, score)}
    for unit, clusters in (("rows", None), ("groups", groups)):
        for kind in ("percentile", "bca"):
            seconds[f"{kind}, {unit}"] = bootstrapped(y_true, score, clusters, kind)
    for name, value in seconds.items():
        print(f"{name:24} {value:7.2f} s")
    ratios = {pair: seconds[pair[0]] / seconds[pair[1]] for pair in LIMITS}
    for (one, other), ratio in ratios.items():
        print(f"{one} / {other}: {ratio:.3f}")
    slow = [
        f"{' / '.join(pair)} {ratios[pair]:.3f}" for pair in LIMITS if ratios[pair] > LIMITS[pair]
    ]
    if check and slow:
        sys.exit(f"Slower than told: {'; '.join(slow)}.")


if __name__ == "__main__":
    main()
