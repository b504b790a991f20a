"""Measure what monitoring finds in predictions, and what it estimates without outcomes, on simulated rows.

    python benchmarks/monitoring_estimate.py [--batches N]

1. How often what is measured lies within the estimate's 95% interval: with the mix of rows as before,
   with a shifted mix (covariate shift), where days share what happens, and where outcomes no longer follow
   from features as they did (concept drift), which no estimate sees.
2. How often a batch of 2,000 rows with more positives (14% before, 21% now, rows of each class as they
   were: label shift) raises a check of predictions, by how good the model is; and how often a batch
   without drift does.
3. How often two features whose correlation changed raise the check of all features together.

Every model is right: its scores are the chances that outcomes are drawn from.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from cases import make_case  # noqa: E402
from joint_watched import check_of, paired_rows, watch_joint  # noqa: E402
from outputs_watched import held_against  # noqa: E402
from watches import scored_rows, watch_of  # noqa: E402

import stages  # noqa: E402, F401  (pins threads and kernels before anything numeric is imported)
from assay.monitoring.check import judged  # noqa: E402
from assay.monitoring.estimate import estimate_of, estimated_metrics  # noqa: E402
from assay.monitoring.outputs import output_checks  # noqa: E402
from assay.monitoring.rows import ScoredRows, row_keys  # noqa: E402
from assay.monitoring.tally import tally_rows  # noqa: E402

CASES = {task: make_case(task) for task in ("binary", "multiclass", "regression")}
FEATURES = scored_rows(watch_of(CASES["binary"]), 20_000, 0).features
DAY = np.timedelta64(86_400_000_000, "us")
# Checks of a batch in all, among which those of predictions are judged: a table of about 20 features.
ALL_CHECKS = 80


def simulated(task, n, seed, shift=0.0, drift=0.0, shared=0.0):
    """Return rows of a right model.

    Parameters
    ----------
    task : str
    n, seed : int
    shift : float
        How far the mix of rows moved, in standard deviations of the signal.
    drift : float
        The share of the signal that outcomes no longer follow.
    shared : float
        The deviation, on the scale of the logarithm of odds, of what 50 rows of a day share.
    """
    rng = np.random.default_rng([seed, 11])
    signal = rng.normal(shift, 1, n)
    day = np.arange(n) // 50
    together = shared * rng.normal(size=n)[day]
    if task == "regression":
        predicted = 20 + 3 * signal
        outcome = 20 + 3 * (1 - drift) * signal + (1 + np.abs(signal)) * rng.normal(size=n)
    elif task == "multiclass":
        predicted = _softmax(signal)
        real = _softmax((1 - drift) * signal)
        outcome = (rng.uniform(size=(n, 1)) > real.cumsum(axis=1)).sum(axis=1).astype(float)
    else:
        # Over all days the score is the chance: the scale takes up what days add.
        predicted = _logistic((-1.5 + 1.2 * signal) / np.sqrt(1 + shared**2 / 2.9))
        real = _logistic(-1.5 + 1.2 * (1 - drift) * signal + together)
        outcome = (rng.uniform(size=n) < real).astype(float)
    times = np.datetime64("2024-01-01", "us") + day * DAY if shared else None
    features = FEATURES.iloc[np.arange(n) % len(FEATURES)].reset_index(drop=True)
    return ScoredRows(features, predicted, row_keys(seed * 10**6, n), outcome, times)


def _logistic(odds):
    return 1 / (1 + np.exp(-odds))


def _softmax(signal):
    odds = np.exp(np.stack([signal, -signal, np.full(len(signal), 0.3)], axis=1))
    return odds / odds.sum(axis=1, keepdims=True)


def coverage(task, n, batches, **how):
    """Return by metric the share of batches within the interval, and the mean of measured - estimated."""
    shared = how.get("shared", 0.0)
    before = (
        simulated(task, rows, seed, shared=shared) for rows, seed in ((16_000, 1), (4_000, 2))
    )
    watch = held_against(CASES[task], *before)
    hits, gaps = {}, {}
    for seed in range(batches):
        rows = simulated(task, n, 1000 + seed, **how)
        told = estimate_of(tally_rows(rows, watch), watch)
        found = {told["metric"]: told} | told["others"]
        outcome = rows.outcome if task == "regression" else rows.outcome.astype(int)
        for name, metric in estimated_metrics(watch.task, watch.decision).items():
            measured = metric.value(outcome, rows.predicted)
            each = found[name]
            hits.setdefault(name, []).append(each["ci_low"] <= measured <= each["ci_high"])
            gaps.setdefault(name, []).append(measured - each["value"])
    return {name: (np.mean(hits[name]), np.nanmean(gaps[name])) for name in hits}


def binormal(n, seed, positives, distance):
    """Return rows whose score is right where 14% are positive, of a batch with another share of them."""
    rng = np.random.default_rng([seed, 12])
    outcome = (rng.uniform(size=n) < positives).astype(float)
    marker = rng.normal(size=n) + distance * outcome
    odds = np.log(0.14 / 0.86) + distance * marker - distance**2 / 2
    features = FEATURES.iloc[np.arange(n) % len(FEATURES)].reset_index(drop=True)
    return ScoredRows(features, _logistic(odds), row_keys(seed * 10**6, n), outcome)


def raised(distance, positives, batches):
    """Return the share of batches of 2,000 rows in which each check of predictions is raised, and any."""
    watch = held_against(
        CASES["binary"], binormal(13_000, 1, 0.14, distance), binormal(4_000, 2, 0.14, distance)
    )
    # Costs as of the flights: act where a miss costs five false alarms.
    watch = _with_threshold(watch, distance)
    counts = {}
    for seed in range(batches):
        rows = binormal(2_000, 1000 + seed, positives, distance)
        checks = output_checks(tally_rows(rows, watch), watch)
        others = [
            replace(checks[0], subject=f"other {k}", p_value=1.0) for k in range(ALL_CHECKS - 3)
        ]
        levels = {c.key: c.level != "fine" for c in judged([*checks, *others], 0.05)}
        for check in checks:
            counts[check.measure] = counts.get(check.measure, 0) + levels[check.key]
        counts["any"] = counts.get("any", 0) + any(levels.values())
    return {name: count / batches for name, count in counts.items()}


def _with_threshold(watch, distance):
    from assay.monitoring.outputs import output_reference

    decision, case = {"threshold": 1 / 6}, CASES["binary"]
    known = (binormal(13_000, 1, 0.14, distance), binormal(4_000, 2, 0.14, distance))
    outputs = output_reference(*known, case.schema, decision, case.params.task)
    return replace(watch, decision=decision, reference={**watch.reference, "outputs": outputs})


def main() -> None:
    """Print the three tables as Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=400)
    batches = parser.parse_args().batches
    print(
        "| task | rows | batch | " + "metric: within the interval (mean of measured - estimated) |"
    )
    print("| --- | --- | --- | --- |")
    for task in CASES:
        for n, words, how in (
            (2_000, "as before", {}),
            (2_000, "mix moved by 0.5 sd", {"shift": 0.5}),
            (2_000, "mix moved by -0.5 sd", {"shift": -0.5}),
            (500, "mix moved by 0.5 sd", {"shift": 0.5}),
            (2_000, "days share what happens, mix moved by 0.5 sd", {"shift": 0.5, "shared": 0.7}),
            (2_000, "concept drift: half of the signal is gone", {"drift": 0.5}),
        ):
            if "shared" in how and task != "binary":
                continue
            found = coverage(task, n, batches, **how)
            told = ", ".join(
                f"{name} {rate:.0%} ({gap:+.3f})" for name, (rate, gap) in found.items()
            )
            print(f"| {task} | {n} | {words} | {told} |", flush=True)
    print("\n| ROC AUC of the model | positives | raised, of batches of 2,000 rows |")
    print("| --- | --- | --- |")
    for area, distance in ((0.72, 0.824), (0.80, 1.190), (0.90, 1.812)):
        for positives in (0.14, 0.21, 0.28):
            found = raised(distance, positives, batches)
            told = ", ".join(f"{name} {rate:.1%}" for name, rate in found.items())
            print(f"| {area} | {positives:.0%} | {told} |", flush=True)
    print("\n| correlation of two features, before 0.8 | raised, of batches of 2,000 rows |")
    print("| --- | --- |")
    watch = watch_joint(paired_rows(10_000, 1))
    for correlation in (0.8, 0.7, 0.5, 0.0, -0.8):
        found = [
            judged(
                [check_of(paired_rows(2_000, 1000 + seed, correlation), watch)], 0.05 / ALL_CHECKS
            )
            for seed in range(batches)
        ]
        levels = [checks[0].level for checks in found]
        share = {level: levels.count(level) / batches for level in ("warning", "alarm")}
        effect = np.mean([checks[0].effect for checks in found])
        print(
            f"| {correlation} | warning {share['warning']:.1%}, alarm {share['alarm']:.1%} "
            f"(mean change of the error {effect:.0%}) |"
        )


if __name__ == "__main__":
    main()
