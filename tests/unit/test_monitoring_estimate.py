import json
from dataclasses import replace

import numpy as np
import pytest
from cases import make_case
from outputs_watched import held_against
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)
from watches import scored_rows, watch_of

from assay.metrics.catalogue import task_metrics
from assay.monitoring.check import judged
from assay.monitoring.estimate import estimate_checks, estimate_of, estimated_metrics
from assay.monitoring.expected import expected_value, rate_metrics, spread_by_outcomes
from assay.monitoring.number_errors import expected_of_numbers, number_errors, scaled_errors
from assay.monitoring.rows import ScoredRows, row_keys
from assay.monitoring.tally import tally_rows

CASES = {task: make_case(task) for task in ("binary", "multiclass", "regression")}
FEATURES = scored_rows(watch_of(CASES["binary"]), 4000, 0).features


def planted(task, n, seed, shift=0.0, drift=0.0):
    """Rows of a right model; the mix of rows may shift, and outcomes may drift away from features."""
    rng = np.random.default_rng([seed, 7])
    signal = rng.normal(shift, 1, n)
    if task == "regression":
        predicted = 20 + 3 * signal
        outcome = predicted + (1 + np.abs(signal)) * rng.normal(size=n) * (1 + drift)
    elif task == "multiclass":
        odds = np.exp(np.stack([signal, -signal, np.full(n, 0.3)], axis=1))
        predicted = odds / odds.sum(axis=1, keepdims=True)
        outcome = (rng.uniform(size=(n, 1)) > predicted.cumsum(axis=1)).sum(axis=1).astype(float)
    else:
        predicted = 1 / (1 + np.exp(1.5 - 1.2 * signal))
        real = 1 / (1 + np.exp(1.5 - 1.2 * (1 - drift) * signal))
        outcome = (rng.uniform(size=n) < real).astype(float)
    features = FEATURES.iloc[np.arange(n) % 4000].reset_index(drop=True)
    return ScoredRows(features, predicted, row_keys(seed * 10**6, n), outcome)


def watch_for(task, limit=None):
    watch = held_against(CASES[task], planted(task, 8000, 1), planted(task, 4000, 2))
    if limit is not None:
        watch.reference["performance"] = {"retraining": {"limit": limit}}
    return watch


def test_expected_metrics_are_those_of_every_outcome_weighted_by_its_probability():
    score = np.random.default_rng(0).beta(1, 3, 700)
    twice, outcome = np.r_[score, score], np.r_[np.ones(700), np.zeros(700)]
    weights = np.r_[score, 1 - score]
    known = task_metrics("binary")
    for name, theirs in {
        "roc_auc": roc_auc_score,
        "average_precision": average_precision_score,
        "log_loss": log_loss,
        "brier": brier_score_loss,
    }.items():
        right = theirs(outcome, twice, sample_weight=weights)
        assert expected_value(known[name], score) == pytest.approx(right), name
    rates = {metric.name: expected_value(metric, score) for metric in rate_metrics(0.3)}
    assert rates["precision"] == pytest.approx(score[score >= 0.3].mean())
    assert rates["recall"] == pytest.approx(score[score >= 0.3].sum() / score.sum())
    assert rates["positive_rate"] == pytest.approx(score.mean())


def test_expected_metrics_of_classes():
    shares = np.random.default_rng(0).dirichlet([1, 2, 3], 500)
    known = task_metrics("multiclass")
    assert expected_value(known["accuracy"], shares) == pytest.approx(shares.max(axis=1).mean())
    entropy = -(shares * np.log(shares)).sum(axis=1).mean()
    assert expected_value(known["log_loss"], shares) == pytest.approx(entropy)
    outcome, chosen = np.tile(np.arange(3), 500), np.repeat(shares.argmax(axis=1), 3)
    right = balanced_accuracy_score(outcome, chosen, sample_weight=shares.ravel())
    assert expected_value(known["balanced_accuracy"], shares) == pytest.approx(right)


def test_of_many_classes_outcomes_are_drawn():
    shares = np.random.default_rng(0).dirichlet(np.full(40, 0.2), 3000)
    known = task_metrics("multiclass")
    right = shares.max(axis=1).mean()
    spread = spread_by_outcomes(known["accuracy"], shares, 0)
    assert expected_value(known["accuracy"], shares) == pytest.approx(right, abs=spread)
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(axis=1).mean()
    assert expected_value(known["log_loss"], shares) == pytest.approx(entropy, rel=0.02)


def test_expected_errors_of_numbers_are_those_of_the_bins():
    rng = np.random.default_rng(0)
    predicted = rng.uniform(0, 10, 40_000)
    outcome = predicted + (1 + predicted) * rng.normal(size=40_000)
    errors = number_errors(outcome, predicted, np.arange(1, 10.0))
    last = np.eye(10)[9]
    error = np.abs(outcome - predicted)[predicted > 9]
    found = {
        name: expected_of_numbers(name, last, 0.3, errors)[0]
        for name in ("mae", "rmse", "median_absolute_error")
    }
    assert found["mae"] == pytest.approx(error.mean())
    assert found["rmse"] == pytest.approx((error**2).mean() ** 0.5)
    assert found["median_absolute_error"] == pytest.approx(np.median(error), rel=0.05)
    even = np.full(10, 0.1)
    r2, _ = expected_of_numbers("r2", even, float(predicted.std()), errors)
    measured = 1 - ((outcome - predicted) ** 2).mean() / outcome.var()
    assert r2 == pytest.approx(measured, abs=0.01)
    half = scaled_errors(errors, (outcome + predicted) / 2, predicted, np.arange(1, 10.0))
    assert half["scale"] == pytest.approx(0.5)
    assert half["square"] == pytest.approx(np.array(errors["square"]) / 4)


@pytest.mark.parametrize("task", CASES)
def test_under_covariate_shift_what_is_measured_lies_in_the_interval(task):
    watch = watch_for(task)
    inside, count = {}, 40
    for seed in range(count):
        rows = planted(task, 1200, 100 + seed, shift=0.5)
        told = estimate_of(tally_rows(rows, watch), watch)
        assert "Estimated" in told["assumption"]
        found = {told["metric"]: told} | told["others"]
        for name, metric in estimated_metrics(watch.task, watch.decision).items():
            outcome = rows.outcome if task == "regression" else rows.outcome.astype(int)
            measured = metric.value(outcome, rows.predicted)
            hit = found[name]["ci_low"] <= measured <= found[name]["ci_high"]
            inside[name] = inside.get(name, 0) + hit
    # 38 of 40 are expected; 33 or fewer have a chance of 1.4% for one metric, 0.01% for 31.
    assert min(inside.values()) > 31, inside
    assert sum(inside.values()) / (count * len(inside)) > 0.88, inside


def test_the_estimate_follows_the_mix_of_rows_and_does_not_see_concept_drift():
    watch = watch_for("binary")
    usual = estimate_of(tally_rows(planted("binary", 4000, 5), watch), watch)
    drifted = planted("binary", 4000, 6, drift=0.8)
    told = estimate_of(tally_rows(drifted, watch), watch)
    assert told["value"] == pytest.approx(usual["value"], abs=0.02)
    measured = roc_auc_score(drifted.outcome, drifted.predicted)
    assert measured < told["ci_low"] - 0.05


def test_rows_that_share_days_make_the_interval_wider():
    rng = np.random.default_rng(0)

    def daily(n, seed):
        rows = planted("binary", n, seed)
        day = np.arange(n) // 50
        odds = np.log(rows.predicted / (1 - rows.predicted)) + 1.5 * rng.normal(size=n)[day]
        outcome = (rng.uniform(size=n) < 1 / (1 + np.exp(-odds))).astype(float)
        times = np.datetime64("2024-01-01", "us") + day * np.timedelta64(86_400_000_000, "us")
        return replace(rows, outcome=outcome, times=times)

    watch = held_against(CASES["binary"], daily(8000, 1), daily(4000, 2))
    rows = daily(1000, 3)
    wide = estimate_of(tally_rows(rows, watch), watch)["others"]["positive_rate"]
    narrow = estimate_of(
        tally_rows(planted("binary", 1000, 3), watch_for("binary")), watch_for("binary")
    )
    narrow = narrow["others"]["positive_rate"]
    ratio = (wide["ci_high"] - wide["ci_low"]) / (narrow["ci_high"] - narrow["ci_low"])
    assert 1.5 < ratio < 5


@pytest.mark.parametrize("task", CASES)
def test_an_estimate_is_finite_json_and_the_same_again(task):
    watch = watch_for(task)
    rows = planted(task, 300, 9)
    told = [estimate_of(tally_rows(rows, watch), watch) for _ in range(2)]
    assert told[0] == told[1]
    assert json.loads(json.dumps(told[0], allow_nan=False)) == told[0]
    assert told[0]["metric"] == watch.metric.name
    assert estimate_of(tally_rows(rows.at(np.zeros(300, dtype=bool)), watch), watch) is None


def test_an_estimate_beyond_the_limit_warns_and_never_alarms():
    watch = watch_for("binary")
    of_holdout = watch.reference["outputs"]["estimate"]["metrics"][watch.metric.name]
    measured, estimated = of_holdout["measured"], of_holdout["estimated"]
    watch = watch_for("binary", limit=measured - 0.03)
    # What is estimated of the holdout differs from what it measured: the limit moves along.
    limit = f"{estimated - 0.03:.3f}"
    blurred = planted("binary", 4000, 5)
    flat = replace(blurred, predicted=0.2 + 0.2 * blurred.predicted)
    (check,) = judged(estimate_checks(tally_rows(flat, watch), watch), 0.05)
    assert check.level == "warning" and check.effect > 1
    assert f"below the limit of {limit} for training again" in check.sentence
    assert "estimated" in check.sentence and f"{measured:.3f}" in check.sentence
    # What did not go beyond the limit is never said to lie there; nor is chance told as a finding.
    told = estimate_of(tally_rows(blurred, watch), watch)
    assert f"not below the limit of {limit}" in told["sentence"]
    told = estimate_of(tally_rows(flat, watch), watch)
    assert "for training again, but by no more than chance." in told["sentence"]
    (usual,) = judged(estimate_checks(tally_rows(blurred, watch), watch), 0.05)
    assert usual.level == "fine"
    assert estimate_checks(tally_rows(flat, watch_for("binary")), watch_for("binary")) == []


def test_the_spread_is_that_of_drawn_outcomes():
    score = np.random.default_rng(0).beta(2, 5, 900)
    known = {metric.name: metric for metric in rate_metrics(0.5)}
    right = (score * (1 - score)).sum() ** 0.5 / 900
    assert spread_by_outcomes(known["positive_rate"], score, 0) == pytest.approx(right, rel=0.15)


def test_an_estimate_is_compared_with_the_same_estimate_of_the_holdout():
    """Where the method is off on the holdout by as much, rows as before are not worse."""
    watch = watch_for("binary")
    content = watch.reference["outputs"]["estimate"]["metrics"][watch.metric.name]
    usual = tally_rows(planted("binary", 4000, 5), watch)
    estimated = content["estimated"]
    content["measured"] = estimated + 0.1
    watch = replace(watch, reference=watch.reference)
    watch.reference["performance"] = {"retraining": {"limit": estimated + 0.06}}
    (check,) = judged(estimate_checks(usual, watch), 0.05)
    assert check.level == "fine" and check.effect < 1
    assert check.before == estimated
    assert estimate_of(usual, watch)["retraining_limit"] == pytest.approx(estimated - 0.04)
