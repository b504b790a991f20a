"""Calibration of known miscalibration: its size, its direction, its parts, and what chance shows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from assay.metrics.calibration import (
    bin_error,
    brier_parts,
    calibration_line,
    equal_mass_bins,
    equal_width_bins,
)
from assay.reliability import BINS, TABLE, judge_calibration, null_errors
from assay.uncertainty.bootstrap import Bootstrap
from assay.uncertainty.many import holm_adjusted, holm_levels, zero_mean_p_value
from assay.uncertainty.rates import wilson_interval

PLAN = Bootstrap(200, 0.95, 0)


def calibrated(n=20_000, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(2, 4, n)
    return (rng.uniform(size=n) < score).astype(int), score


def shown(task, y_true, raw, after=None, plan=PLAN):
    method = "none" if after is None else "sigmoid"
    after = raw if after is None else after
    return judge_calibration(task, y_true, raw, after, method, 10, plan)


def sharpened(score, slope=1.6, intercept=0.0):
    return 1 / (1 + np.exp(-slope * np.log(score / (1 - score)) - intercept))


def test_scores_that_are_shifted_have_that_error():
    y_true, score = calibrated()
    found = shown("binary", y_true, np.clip(score + 0.05, 0, 1)).stages["raw"]
    for binning in ("equal_mass", "equal_width"):
        error = found.metrics[f"{binning}_error"]
        assert error["value"] == pytest.approx(0.05, abs=0.005)
        assert error["chance_q95"] < 0.015
    gap = found.metrics["mean_gap"]
    assert gap["ci_low"] < 0.05 < gap["ci_high"]
    assert "more miscalibrated than chance shows: too high by about 0.04" in found.verdict
    low = shown("binary", y_true, np.clip(score - 0.05, 0.001, 1)).stages["raw"]
    assert "too low by about 0.0" in low.verdict


def test_calibrated_scores_have_an_error_that_chance_shows_in_19_of_20_cases():
    """The error itself is far from 0 each time, which alone would look like a fault."""
    beyond, errors = 0, []
    for seed in range(200):
        y_true, score = calibrated(800, seed)
        index = equal_mass_bins(score, 10)
        null = null_errors("binary", y_true, score, index, Bootstrap(2, 0.95, seed))
        errors.append(bin_error(y_true, score, index))
        beyond += errors[-1] > np.quantile(null, 0.95)
    assert 3 <= beyond <= 18
    assert min(errors) > 0.01
    assert np.mean(errors) == pytest.approx(null.mean(), rel=0.1)


def test_where_rows_share_groups_chance_is_that_of_groups():
    """Each group's rate lies off its score; scores are right on average, and no single draw shows it."""
    beyond = {"rows": 0, "groups": 0}
    for seed in range(100):
        rng = np.random.default_rng([8, seed])
        clusters = np.repeat(np.arange(100), 12)
        score = rng.uniform(0.3, 0.7, 1200)
        shift = rng.choice([-0.25, 0.25], 100)[clusters]
        y_true = (rng.uniform(size=1200) < score + shift).astype(float)
        index = equal_mass_bins(score, 10)
        error = bin_error(y_true, score, index)
        for name, groups in (("rows", None), ("groups", clusters)):
            null = null_errors("binary", y_true, score, index, Bootstrap(2, 0.95, seed, groups))
            beyond[name] += error > np.quantile(null, 0.95)
    assert beyond["groups"] <= 12
    assert beyond["rows"] >= 20


def test_numbers_that_are_right_on_average_are_within_chance_and_shifted_ones_are_not():
    rng = np.random.default_rng(0)
    predicted = rng.gamma(4, 5, 2000)
    y_true = predicted + rng.normal(0, 4, 2000)
    found = shown("regression", y_true, predicted)
    told = found.to_json()
    assert told["applicable"] is False
    assert told["verdict"].startswith("predictions are no more miscalibrated")
    assert "brier" not in told["raw"]
    assert set(found.table()["binning"]) == {"equal_mass"}
    shifted = shown("regression", y_true, predicted + 1).stages["raw"].verdict
    assert "too high by about 1" in shifted or "too high by about 0.9" in shifted


@pytest.mark.parametrize("bins", [2, 10, 37])
@pytest.mark.parametrize("binning", [equal_width_bins, equal_mass_bins])
def test_the_parts_of_the_brier_score_add_up_to_it(binning, bins):
    y_true, score = calibrated(700)
    parts = brier_parts(y_true.astype(float), score, binning(score, bins))
    assert parts.total == pytest.approx(np.mean((score - y_true) ** 2), abs=1e-14)
    assert min(vars(parts).values()) > -1e-3
    assert parts.uncertainty == pytest.approx(y_true.mean() * (1 - y_true.mean()))


def test_of_bins_with_one_score_each_murphys_three_parts_are_all():
    score = np.repeat([0.25, 0.75], 4)
    y_true = np.array([0, 0, 0, 1, 1, 1, 0, 0], dtype=float)
    parts = brier_parts(y_true, score, equal_mass_bins(score, 2))
    assert parts.within_bin_variance == parts.within_bin_covariance == 0
    assert parts.reliability == pytest.approx((0 + 0.25**2) / 2)
    assert parts.resolution == pytest.approx(0.125**2)


def test_bins_of_equal_mass_have_as_many_rows_and_keep_ties_together():
    score = np.random.default_rng(0).permutation(np.linspace(0, 1, 1000))
    assert np.bincount(equal_mass_bins(score, 10)).tolist() == [100] * 10
    tied = np.r_[np.zeros(35), np.linspace(0.1, 1, 65)]
    index = equal_mass_bins(tied, 10)
    assert len(set(index[:35])) == 1
    assert np.bincount(index).tolist() == [40, 10, 10, 10, 10, 10, 10]
    assert (np.diff(index) >= 0).all()
    assert equal_mass_bins(np.full(9, 0.3), 10).tolist() == [0] * 9
    assert equal_mass_bins(np.arange(4.0), 10).tolist() == [0, 1, 2, 3]


def test_the_line_is_that_of_a_logistic_regression():
    y_true, score = calibrated(5000)
    extreme = sharpened(score, 1.6, 0.3)
    line = calibration_line(y_true, extreme)
    log_odds = np.log(extreme / (1 - extreme))[:, None]
    reference = LogisticRegression(penalty=None, tol=1e-10).fit(log_odds, y_true)
    assert line.slope == pytest.approx(reference.coef_[0, 0], rel=1e-5)
    assert line.slope == pytest.approx(1 / 1.6, abs=0.06)
    # With a slope of 1 the intercept makes the mean score equal to the rate.
    moved = 1 / (1 + np.exp(-log_odds[:, 0] - line.intercept))
    assert moved.mean() == pytest.approx(y_true.mean(), abs=1e-9)


def test_the_slope_of_resamples_is_that_of_their_own_fits():
    y_true, score = calibrated(2000)
    line = calibration_line(y_true, sharpened(score))
    weights = np.concatenate([np.ones((1, 2000)), *Bootstrap(30, 0.95, 0).weights(2000)])
    slopes = line.slope_of(weights)
    assert slopes[0] == pytest.approx(line.slope, rel=1e-9)
    log_odds = np.log(sharpened(score) / (1 - sharpened(score)))[:, None]
    fits = [
        LogisticRegression(penalty=None, tol=1e-9).fit(log_odds, y_true, each).coef_[0, 0]
        for each in weights
    ]
    assert np.abs(slopes - fits).max() < 0.15 * np.std(fits)


@pytest.mark.parametrize(
    ("y_true", "score"),
    [
        (np.zeros(20), np.linspace(0.1, 0.9, 20)),
        (np.arange(20) % 2, np.full(20, 0.4)),
        (np.arange(20) // 10, np.linspace(0.1, 0.9, 20)),
    ],
    ids=["one class", "one score", "separated"],
)
def test_where_there_is_no_line_none_is_told(y_true, score):
    assert calibration_line(y_true, score) is None
    assert "line" not in shown("binary", y_true, score).stages["raw"].metrics


def test_the_table_tells_both_stages_and_they_differ_where_a_calibrator_works():
    y_true, score = calibrated(4000)
    found = shown("binary", y_true, sharpened(score, 1.8, 0.8), score)
    table = found.table()
    assert tuple(table.columns) == TABLE
    assert table.groupby(["stage", "binning"])["n"].sum().eq(4000).all()
    raw, after = (table[table["stage"] == name][list(BINS)] for name in ("raw", "calibrated"))
    assert not np.allclose(raw["mean_prediction"], after["mean_prediction"])
    # A monotone map moves no row to another bin of equal mass.
    of_mass = [stage.bins["equal_mass"]["mean_outcome"] for stage in found.stages.values()]
    np.testing.assert_allclose(*of_mass)
    stages = found.to_json()
    assert stages["raw"]["equal_mass_error"]["value"] > 0.1
    assert stages["verdict"].startswith("scores are no more miscalibrated than chance shows")
    assert "too high" in found.stages["raw"].verdict
    assert stages["raw"]["line"]["slope"]["ci_high"] < 0.7
    assert stages["raw"]["brier"]["resolution"] == pytest.approx(
        stages["calibrated"]["brier"]["resolution"]
    )


def test_without_a_calibrator_both_stages_are_the_same():
    found = shown("binary", *calibrated(500))
    assert found.stages["raw"] is found.stages["calibrated"]
    assert found.to_json()["raw"] == found.to_json()["calibrated"]


def test_bands_are_wilsons_of_rows_and_wider_for_groups():
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(200), 20)
    score = rng.uniform(0.2, 0.8, 200)[clusters]
    y_true = (rng.uniform(size=200) < 0.5).astype(int)[clusters]
    rows, groups = (
        shown("binary", y_true, score, plan=Bootstrap(200, 0.95, 0, each)).table()
        for each in (None, clusters)
    )
    low, high = wilson_interval(rows["mean_outcome"], rows["n"], 0.95)
    np.testing.assert_allclose(rows[["ci_low", "ci_high"]], np.column_stack([low, high]))
    wide, narrow = ((each["ci_high"] - each["ci_low"]).mean() for each in (groups, rows))
    assert wide > 3 * narrow


def test_of_classes_the_highest_probability_is_judged():
    rng = np.random.default_rng(2)
    y_prob = rng.dirichlet([3, 2, 1], 6000)
    y_true = (rng.uniform(size=(6000, 1)) > y_prob.cumsum(axis=1)).sum(axis=1)
    flat = 0.5 * y_prob + 0.5 / 3
    found = shown("multiclass", y_true, flat, y_prob)
    assert found.to_json()["of"] == "highest probability"
    assert "too low" in found.stages["raw"].verdict
    assert found.stages["calibrated"].verdict.startswith("scores are no more miscalibrated")


def test_holms_correction_by_hand():
    assert holm_adjusted(np.array([0.01, 0.04, 0.03, 0.5])).tolist() == pytest.approx(
        [0.04, 0.09, 0.09, 0.5]
    )
    assert holm_adjusted(np.array([0.9, 0.8])).tolist() == [1, 1]
    assert holm_adjusted(np.array([])).tolist() == []


def test_each_p_value_has_the_level_that_holms_correction_asks_of_it():
    levels = holm_levels(np.array([0.01, 0.04, 0.03, 0.5]), 0.05)
    # The second smallest fails, and what is behind it fails with it.
    assert levels.tolist() == pytest.approx([0.05 / 4, 0.05 / 3, 0.05 / 3, 0.05 / 3])
    for seed in range(50):
        p_values = np.random.default_rng(seed).random(6) ** 4
        below = p_values < holm_levels(p_values, 0.05)
        assert below.tolist() == (holm_adjusted(p_values) < 0.05).tolist()


def test_the_p_value_of_a_mean_is_that_of_a_t_test_and_of_groups_that_of_their_means():
    from scipy.stats import ttest_1samp

    rng = np.random.default_rng(0)
    values = rng.normal(0.2, 1, 50)
    assert zero_mean_p_value(values, None) == pytest.approx(ttest_1samp(values, 0).pvalue)
    clusters = np.repeat(np.arange(50), 4)
    assert zero_mean_p_value(values[clusters], clusters) == pytest.approx(
        ttest_1samp(values, 0).pvalue
    )
    assert zero_mean_p_value(np.zeros(5), None) == 1
    assert zero_mean_p_value(np.ones(5), None) == 0
    assert zero_mean_p_value(np.array([1.0]), None) == 1
