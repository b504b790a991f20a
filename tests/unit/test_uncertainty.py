import numpy as np
import pytest
from scipy import stats

from assay.metrics.catalogue import primary_metric, task_metrics
from assay.uncertainty import bootstrap as bootstrap_module
from assay.uncertainty.bootstrap import Bootstrap, affordable_resamples, expanded_z
from assay.uncertainty.paired import compared, metric_estimate, paired_estimates
from assay.uncertainty.rates import mean_estimate, rate_estimate, wilson_interval

AUC = primary_metric("binary", "roc_auc")


def draw(rng, n, separation):
    y_true = (rng.uniform(size=n) < 0.3).astype(int)
    return y_true, 1 / (1 + np.exp(-(rng.normal(size=n) + separation * y_true)))


def test_weights_are_counts_of_draws():
    weights = np.concatenate(list(Bootstrap(50, 0.95, 0).weights(30)))
    assert weights.shape == (50, 30)
    assert (weights.sum(axis=1) == 30).all()
    assert (weights == np.floor(weights)).all()
    assert not (weights[0] == weights[1]).all()


def test_the_same_plan_draws_the_same_rows():
    first, second = (np.concatenate(list(Bootstrap(9, 0.9, 4).weights(20))) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_interval_holds_the_value_and_narrows_with_rows():
    rng = np.random.default_rng(0)
    widths = []
    for n in (200, 5000):
        estimate = metric_estimate(AUC, *draw(rng, n, 1.0), Bootstrap(300, 0.95, 1))
        assert estimate.ci_low < estimate.value < estimate.ci_high
        assert estimate.n == n
        widths.append(estimate.ci_high - estimate.ci_low)
    assert widths[1] < widths[0] / 3


def test_a_paired_gain_is_surer_than_two_separate_intervals():
    rng = np.random.default_rng(2)
    y_true, score = draw(rng, 2000, 1.0)
    worse = 0.9 * score + 0.1 * rng.uniform(size=2000)
    plan = Bootstrap(300, 0.95, 0)
    gain = paired_estimates(AUC, y_true, score, worse, plan).gain
    apart = [metric_estimate(AUC, y_true, s, plan) for s in (score, worse)]
    assert gain.value == pytest.approx(apart[0].value - apart[1].value)
    assert gain.ci_high - gain.ci_low < 0.5 * (apart[0].ci_high - apart[0].ci_low)


def test_a_gain_over_oneself_is_exactly_zero():
    y_true, score = draw(np.random.default_rng(3), 500, 1.0)
    gain = paired_estimates(
        task_metrics("binary")["log_loss"], y_true, score, score, Bootstrap(100, 0.9, 0)
    ).gain
    assert (gain.value, gain.ci_low, gain.ci_high) == (0.0, 0.0, 0.0)


def test_groups_are_drawn_whole():
    clusters = np.array([0, 0, 0, 1, 1, 2])
    weights = np.concatenate(list(Bootstrap(40, 0.95, 0, clusters).weights(6)))
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 3] == weights[:, 4]).all()
    assert (weights[:, [0, 3, 5]].sum(axis=1) == 3).all()
    part = Bootstrap(40, 0.95, 0, clusters).within(clusters != 1)
    assert part.clusters.tolist() == [0, 0, 0, 1]


def dependent(rng, groups=60, size=20):
    """Outcomes and two useless scores that are alike within each group."""
    clusters = np.repeat(np.arange(groups), size)
    rate = rng.beta(1, 2, groups)[clusters]
    y_true = (rng.uniform(size=groups * size) < rate).astype(int)
    first, second = rng.uniform(0.01, 0.99, (2, groups))[:, clusters]
    return y_true, first, second, clusters


def test_a_gain_of_noise_passes_no_more_often_than_stated_where_rows_share_groups():
    """The lower end of a 95% interval is above zero in 2.5% of cases; by rows it would be in 20%."""
    rng = np.random.default_rng(11)
    passed = {"rows": 0, "groups": 0}
    for seed in range(200):
        y_true, first, second, clusters = dependent(rng)
        for name, groups in (("rows", None), ("groups", clusters)):
            gain = paired_estimates(
                AUC, y_true, first, second, Bootstrap(200, 0.95, seed, groups)
            ).gain
            passed[name] += gain.ci_low > 0
    assert passed["groups"] <= 14
    assert passed["rows"] >= 25


def test_the_calibration_error_has_no_interval():
    y_true, score = draw(np.random.default_rng(3), 500, 1.0)
    ece = task_metrics("binary")["ece"]
    estimate = metric_estimate(ece, y_true, score, Bootstrap(100, 0.9, 0))
    assert estimate.value == estimate.ci_low == estimate.ci_high
    assert estimate.method == ""
    assert paired_estimates(ece, y_true, score, score, Bootstrap(100, 0.9, 0)).gain.value == 0


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_a_bootstrap_serves_predictions_of_any_shape(task):
    rng = np.random.default_rng(7)
    y_true, predicted = predicted_rows(task, rng)
    worse = predicted[rng.permutation(300)]
    plan = Bootstrap(100, 0.95, 0)
    for metric in task_metrics(task).values():
        if metric.resamplable and not metric.signed:
            estimate = metric_estimate(metric, y_true, predicted, plan)
            assert estimate.ci_low < estimate.value < estimate.ci_high, metric.name
            gain = paired_estimates(metric, y_true, predicted, worse, plan).gain
            assert gain.ci_low > 0, metric.name


def test_bias_has_an_interval_and_its_gain_has_none():
    rng = np.random.default_rng(8)
    y_true = rng.normal(size=300)
    bias, plan = task_metrics("regression")["bias"], Bootstrap(100, 0.95, 0)
    estimate = metric_estimate(bias, y_true, y_true + rng.normal(0.5, 1, 300), plan)
    assert 0 < estimate.ci_low < estimate.value < estimate.ci_high
    gain = paired_estimates(bias, y_true, y_true + 0.5, y_true - 2.0, plan).gain
    assert gain.value == gain.ci_low == gain.ci_high == pytest.approx(1.5)
    assert gain.method == ""


def test_a_metric_that_few_resamples_have_has_no_interval():
    """One row of a class: a third of the resamples lack it, and the others are no fair sample."""
    y_true = np.r_[1, np.zeros(60, dtype=int)]
    score = np.linspace(1, 0, 61)
    estimate = metric_estimate(
        task_metrics("binary")["roc_auc"], y_true, score, Bootstrap(200, 0.95, 0)
    )
    assert estimate.method == ""
    assert estimate.value == estimate.ci_low == estimate.ci_high == 1.0


@pytest.mark.parametrize("kind", ["percentile", "bca"])
@pytest.mark.parametrize("statistic", ["mean", "roc_auc"])
def test_the_interval_is_scipys(kind, statistic):
    """On other resamples; their number leaves a difference of a twentieth of the width."""
    rng = np.random.default_rng(4)
    plan = Bootstrap(10_000, 0.95, 0, None, kind)
    name = {"percentile": "percentile", "bca": "BCa"}[kind]
    if statistic == "mean":
        values = rng.exponential(size=40)
        ours, data, measure = mean_estimate(values, plan), values, np.mean
    else:
        y_true, score = draw(rng, 80, 1.0)
        ours, data = metric_estimate(AUC, y_true, score, plan), np.arange(80)

        def measure(rows, axis):
            drawn = np.atleast_2d(rows)
            counts = np.stack([np.bincount(each, minlength=80) for each in drawn]).astype(float)
            return AUC.function(y_true, score, counts).reshape(rows.shape[:-1])

    theirs = stats.bootstrap(
        (data,), measure, n_resamples=10_000, method=name, vectorized=True, axis=-1, random_state=1
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours.method == f"{name} bootstrap of rows"
    assert ours.ci_low == pytest.approx(theirs.low, abs=0.05 * width)
    assert ours.ci_high == pytest.approx(theirs.high, abs=0.05 * width)


def test_of_a_skewed_mean_bca_moves_both_ends_up():
    values = np.random.default_rng(4).exponential(size=40)
    plain, bca = (mean_estimate(values, Bootstrap(4000, 0.95, 0, None, kind))
                  for kind in ("percentile", "bca"))  # fmt: skip
    assert bca.ci_low > plain.ci_low
    assert bca.ci_high > plain.ci_high + 0.02


def test_leaving_out_groups_of_rows_gives_the_acceleration_of_single_rows():
    """Of a mean it is a sixth of the skewness over the root of n, whatever is left out at once."""
    values = np.random.default_rng(0).exponential(size=30_000)
    found = Bootstrap(100, 0.95, 0, None, "bca").resampled(
        [lambda weights: weights @ values / weights.sum(axis=1)], 30_000
    )[0]
    assert len(found.influence) == 200
    grouped = np.sum(found.influence**3) / (6 * np.sum(found.influence**2) ** 1.5)
    assert grouped == pytest.approx(stats.skew(values) / 6 / np.sqrt(30_000), abs=0.006)


def predicted_rows(task, rng, n=300):
    """Outcomes and predictions of a task."""
    if task == "binary":
        return draw(rng, n, 1.0)
    if task == "multiclass":
        predicted = rng.dirichlet(np.ones(3), n)
        return (rng.uniform(size=(n, 1)) > predicted.cumsum(axis=1)).sum(axis=1), predicted
    predicted = rng.normal(5, 2, n)
    return predicted + rng.normal(size=n), predicted


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("clusters", [None, np.repeat(np.arange(50), 6)])
def test_the_interval_does_not_depend_on_the_size_of_chunks(monkeypatch, clusters, task):
    """To the last bit."""
    y_true, score = predicted_rows(task, np.random.default_rng(1))
    found = []
    for cells in (1, 1000, 1_000_000):
        monkeypatch.setattr(bootstrap_module, "_CHUNK_CELLS", cells)
        plan = Bootstrap(100, 0.95, 3, clusters, "bca")
        other = {"other": np.roll(score, 1, axis=0)}
        found.append(compared(task_metrics(task), y_true, score, other, plan))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("kind", ["percentile", "bca"])
@pytest.mark.parametrize("noise", [0.0, 1e-15])
def test_where_no_resample_changes_a_metric_there_is_no_interval_and_the_reason_is_told(
    kind, noise
):
    """Three positive rows above all others are so in each resample, and not in every sample."""
    y_true = np.r_[np.ones(3, dtype=int), np.zeros(97, dtype=int)]
    score = np.where(y_true == 1, 0.9, 0.1) + np.linspace(0, 0.01, 100)
    plan = Bootstrap(200, 0.95, 0, None, kind)
    found = paired_estimates(AUC, y_true, score, np.full(100, 0.5), plan)
    assert (found.model.value, found.gain.value) == (1.0, 0.5)
    for estimate in (found.model, found.gain):
        assert estimate.method == ""
        assert estimate.reason.startswith("no resample changes it")
        assert "ci_low" not in estimate.to_json()
    # A mean of numbers that rounding alone makes differ.
    rounded = mean_estimate(0.1 + noise * (np.arange(100) % 3), plan)
    assert (rounded.method, rounded.reason) == ("", estimate.reason)


def test_only_the_same_predictions_have_a_gain_of_exactly_zero():
    """Two scores that separate few rows alike are not the same, though no resample tells."""
    y_true = np.r_[np.ones(3, dtype=int), np.zeros(97, dtype=int)]
    score = np.where(y_true == 1, 0.9, 0.1) + np.linspace(0, 0.01, 100)
    plan = Bootstrap(200, 0.95, 0, None, "bca")
    same = paired_estimates(AUC, y_true, score, score.copy(), plan).gain
    assert (same.value, same.ci_low, same.ci_high) == (0, 0, 0)
    assert same.method
    other = paired_estimates(AUC, y_true, score, score[::-1] * 0.1 + score, plan).gain
    assert other.value == 0
    assert other.method == ""


@pytest.mark.parametrize("kind", ["percentile", "bca"])
def test_of_few_units_the_interval_is_expanded(kind):
    """Of a mean it is nearly that of Student; of five units the normal quantile would be far too short."""
    rng = np.random.default_rng(0)
    ratios = []
    for seed in range(20):
        values = rng.normal(size=12)
        found = mean_estimate(values, Bootstrap(2000, 0.95, seed, None, kind))
        student = 2 * stats.t.ppf(0.975, 11) * values.std(ddof=1) / np.sqrt(12)
        ratios.append((found.ci_high - found.ci_low) / student)
    # Unexpanded it is 0.85.
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)
    assert expanded_z(0.95, 12) == pytest.approx(np.sqrt(12 / 11) * stats.t.ppf(0.975, 11))
    assert expanded_z(0.95, 10**6) == pytest.approx(stats.norm.ppf(0.975), abs=1e-5)
    assert expanded_z(0.95, 1) == np.inf


def test_the_units_are_groups_where_groups_are_drawn():
    clusters = np.repeat(np.arange(8), 5)
    plan = Bootstrap(500, 0.95, 0, clusters)
    values = np.random.default_rng(0).normal(size=8)[clusters]
    assert (plan.units(40), Bootstrap(5, 0.95, 0).units(40)) == (8, 40)
    low, high = plan.interval(np.linspace(0, 1, 1001), 40)
    tail = stats.norm.sf(np.sqrt(8 / 7) * stats.t.ppf(0.975, 7))
    assert (low, high) == pytest.approx((tail, 1 - tail))
    assert mean_estimate(values, plan).method == "percentile bootstrap of groups"


@pytest.mark.parametrize(
    ("asked", "cells", "drawn"),
    [(1000, 4000, 1000), (1000, 200_000, 500), (1000, 10**6, 200), (100, 10**6, 100)],
)
def test_fewer_resamples_are_drawn_of_very_many_predictions(asked, cells, drawn):
    assert affordable_resamples(asked, cells) == drawn


def test_the_jackknife_has_fewer_parts_of_very_many_rows():
    count = []

    def counted(weights):
        count.append(len(weights))
        return np.zeros(len(weights))

    n = 300_000
    found = Bootstrap(1, 0.95, 0, None, "bca").resampled([counted], n)[0]
    assert len(found.influence) == 20_000_000 // n == 66
    assert sum(count) == 66 + 2


def test_bca_is_not_defined_for_what_all_resamples_change_to_one_side():
    plan = Bootstrap(200, 0.95, 0, None, "bca")
    # Each resample has fewer different rows than there are.
    different = plan.estimate(lambda weights: (weights > 0).sum(axis=1).astype(float), 40)
    assert different.method == "percentile bootstrap of rows"
    assert different.ci_high < different.value == 40
    # One group holds a class: without it there is no AUC, and a third of the resamples lack it.
    clusters = np.r_[0, 0, np.arange(1, 61)]
    rare = np.r_[1, 1, np.zeros(60, dtype=int)]
    groups = Bootstrap(200, 0.95, 0, clusters, "bca")
    assert metric_estimate(AUC, rare, np.linspace(1, 0, 62), groups).method == ""


def test_a_rate_of_independent_rows_has_wilsons_interval_and_needs_no_resamples():
    hits = np.r_[np.ones(45), np.zeros(5)]
    found = rate_estimate(hits, Bootstrap(100, 0.95, 0))
    assert (found.ci_low, found.ci_high) == pytest.approx(wilson_interval(0.9, 50, 0.95))
    assert (found.value, found.method, found.n) == (0.9, "Wilson of rows", 50)


def test_wilsons_ends_are_exactly_0_and_1_where_all_rows_are_alike():
    """Rounding leaves a lower end of 1e-17 above a rate of 0 for some numbers of rows."""
    counts = np.arange(1, 3000)
    for rate, end in ((0.0, 0), (1.0, 1)):
        ends = wilson_interval(np.full(len(counts), rate), counts, 0.95)
        assert (ends[end] == rate).all()
        assert (ends[0] >= 0).all()
        assert (ends[1] <= 1).all()
        assert wilson_interval(rate, 7, 0.95)[end] == rate
        assert rate_estimate(np.full(77, rate), Bootstrap(100, 0.95, 0)).to_json()["value"] == rate


def test_a_rate_of_groups_is_less_sure_and_never_sure_of_everything():
    rng = np.random.default_rng(0)
    clusters = np.repeat(np.arange(40), 25)
    hits = rng.uniform(size=1000) < rng.beta(1, 1, 40)[clusters]
    by_row = rate_estimate(hits, Bootstrap(300, 0.95, 0))
    by_group = rate_estimate(hits, Bootstrap(300, 0.95, 0, clusters))
    assert by_group.method == "percentile bootstrap of groups"
    assert by_group.ci_high - by_group.ci_low > 2 * (by_row.ci_high - by_row.ci_low)
    all_hit = rate_estimate(np.ones(1000), Bootstrap(300, 0.95, 0, clusters))
    assert all_hit.method == "Wilson of groups"
    few = clusters < 10
    assert rate_estimate(hits[few], Bootstrap(300, 0.95, 0, clusters[few])).method == (
        "Wilson of groups"
    )
    assert all_hit.ci_low == pytest.approx(wilson_interval(1.0, 40, 0.95)[0])
