import numpy as np
import pytest
from cases import changed_params

from assay.errors import DataError, GateError
from assay.evaluation import (
    baseline_gains,
    bootstrap_of,
    judge_holdout,
    judgement_json,
)
from assay.gate import gate_verdict, refuse_at_gate
from assay.metrics.catalogue import task_metrics
from assay.uncertainty import bootstrap as bootstrap_module
from assay.uncertainty.estimate import Estimate, without_interval


def rows(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(2, 4, n)
    return (rng.uniform(size=n) < score).astype(int), score, rng


def judged(y_true, predicted, baseline, params, **others):
    baselines = {"best": baseline, **others}
    return judge_holdout(y_true, predicted, baselines, "best", params.task, params.evaluate)


def test_a_better_model_passes_the_gate(params):
    y_true, score, rng = rows()
    weaker = np.clip(score + rng.normal(0, 0.2, len(score)), 0.01, 0.99)
    judgement = judged(y_true, score, weaker, params)
    assert judgement.gate.passed
    assert judgement.gain["roc_auc"].ci_low > 0
    assert judgement.gain["log_loss"].value > 0
    content = judgement_json(judgement, params.evaluate)
    assert content["baseline"]["name"] == "best"
    assert content["model"]["roc_auc"]["value"] == judgement.model["roc_auc"].value


def one_of(task, rng, n=300):
    """Outcomes, a prediction that knows something of them, and one that knows nothing."""
    if task == "binary":
        known = rng.beta(1, 1, n)
        return (rng.uniform(size=n) < known).astype(int), known, np.full(n, 0.5), rng.beta(2, 2, n)
    if task == "multiclass":
        known = rng.dirichlet(np.ones(3), n)
        y_true = (rng.uniform(size=(n, 1)) > known.cumsum(axis=1)).sum(axis=1)
        return y_true, known, np.full((n, 3), 1 / 3), rng.dirichlet(np.ones(3) * 20, n)
    known = rng.normal(5, 2, n)
    return known + rng.normal(size=n), known, np.full(n, 5.0), rng.normal(5, 0.3, n)


@pytest.mark.parametrize(
    ("task", "scorer"),
    [
        ("binary", "roc_auc"), ("binary", "neg_log_loss"), ("multiclass", "neg_log_loss"),
        ("multiclass", "accuracy"), ("regression", "neg_root_mean_squared_error"),
    ],
)  # fmt: skip
def test_noise_does_not_pass_the_gate_and_a_signal_does(task, scorer):
    """A lower end above zero is seen in 1 of 40 cases of nothing to gain; 40 cases, at most 4."""
    params = changed_params(task, task={"primary_metric": scorer})
    passed = {"noise": 0, "other noise": 0, "signal": 0}
    for seed in range(40):
        rng = np.random.default_rng([2, seed])
        y_true, known, constant, noise = one_of(task, rng)
        other = rng.permutation(noise)
        for name, model, baseline in (
            ("noise", noise, constant), ("other noise", noise, other), ("signal", known, constant),
        ):  # fmt: skip
            passed[name] += judged(y_true, model, baseline, params).gate.passed
    assert passed["noise"] <= 4
    assert passed["other noise"] <= 4
    assert passed["signal"] == 40


def gain(value, low) -> Estimate:
    return Estimate(value, low, value + 0.1, "test", 100)


def verdict_of(gained, params, model=None, scorer="roc_auc", **gate):
    changed = params.evaluate.gate.model_copy(update=gate)
    evaluate = params.evaluate.model_copy(update={"gate": changed})
    model = Estimate(0.8, 0.75, 0.85, "test", 100) if model is None else model
    return gate_verdict(model, gained, scorer, "prior", params.task, evaluate)


@pytest.mark.parametrize(
    ("on", "wanted", "passes"),
    [("value", 0.0, True), ("ci_low", 0.0, False), ("value", 0.05, False), ("ci_low", -0.1, True)],
)
def test_the_gate_looks_where_it_is_told(params, on, wanted, passes):
    found = verdict_of(gain(0.02, -0.01), params, on=on, min_gain_over_baseline=wanted)
    assert found.passed is passes
    assert ("(met)" in found.sentence) is passes


@pytest.mark.parametrize(
    ("on", "least", "passes"),
    [("value", 0.8, True), ("value", 0.81, False), ("ci_low", 0.75, True), ("ci_low", 0.76, False)],
)
def test_the_gate_asks_for_a_least_value(params, on, least, passes):
    found = verdict_of(gain(0.2, 0.1), params, on=on, min_value=least)
    assert found.passed is passes
    assert f"roc_auc: 0.8000 (95% interval 0.7500 to 0.8500); asked for: {on}" in found.sentence


@pytest.mark.parametrize(
    ("on", "least", "passes"),
    [
        ("value", -0.3, True),
        ("value", -0.29, False),
        ("ci_low", -0.4, True),
        ("ci_low", -0.3, False),
    ],
)
def test_a_least_value_of_a_loss_is_negative_and_its_lower_end_is_the_greatest_loss(
    params, on, least, passes
):
    loss = Estimate(0.3, 0.25, 0.4, "test", 100)
    found = verdict_of(gain(0.2, 0.1), params, loss, "neg_log_loss", on=on, min_value=least)
    assert found.passed is passes
    assert "gain in log_loss" in found.sentence
    assert "neg_log_loss: -0.3000 (95% interval -0.4000 to -0.2500)" in found.sentence


def test_every_condition_that_does_not_hold_is_named(params):
    found = verdict_of(gain(0.02, -0.01), params, min_value=0.9)
    assert found.failures == ("to beat the baseline", "to reach roc_auc 0.9")
    assert found.sentence.count("(not met)") == 2
    gate = params.evaluate.gate.model_copy(update={"action": "fail"})
    with pytest.raises(GateError, match=r"not shown to beat the baseline and to reach roc_auc 0.9"):
        refuse_at_gate(found, gate)


def test_the_gate_judges_by_its_own_metric():
    params = changed_params("binary")
    gate = params.evaluate.gate.model_copy(update={"metric": "neg_brier_score", "min_value": -0.3})
    params = params.model_copy(
        update={"evaluate": params.evaluate.model_copy(update={"gate": gate})}
    )
    y_true, score, _ = rows()
    judgement = judged(y_true, score, np.full(len(score), y_true.mean()), params)
    content = judgement_json(judgement, params.evaluate)
    assert content["gate"]["metric"] == "brier"
    assert content["gate"]["min_value"] == -0.3
    assert content["gate"]["passed"] is True
    assert judgement.primary == "roc_auc"
    assert list(content["gain_over"]["best"]) == ["brier"]


def test_the_gain_over_every_baseline_is_told_by_every_metric(params):
    y_true, score, rng = rows()
    others = {
        "logistic": np.clip(score + rng.normal(0, 0.15, len(score)), 0.01, 0.99),
        "oracle": np.where(y_true == 1, 0.9, 0.1),
    }
    weak = np.clip(score + rng.normal(0, 0.4, len(score)), 0.01, 0.99)
    judgement = judged(y_true, score, weak, params, **others)
    table = baseline_gains(judgement)
    assert list(dict.fromkeys(table["baseline"])) == ["best", "logistic", "oracle"]
    first = table.groupby("baseline", sort=False).head(1)
    assert (first["metric"] == judgement.primary).all()
    assert (first.set_index("baseline")["ci_low"] > 0).to_dict() == {
        "best": True, "logistic": True, "oracle": False,
    }  # fmt: skip
    sign = np.where(table["metric"].isin(["log_loss", "brier", "ece"]), -1, 1)
    np.testing.assert_allclose(
        table["gain"], sign * (table["model_value"] - table["baseline_value"]), atol=1e-12
    )
    assert table.loc[table["metric"] == "ece", "ci_low"].isna().all()
    assert set(table.loc[table["metric"] != "ece", "method"]) == {"BCa bootstrap of rows"}
    told = judgement_json(judgement, params.evaluate)
    assert told["gain_over"]["oracle"]["roc_auc"]["ci_high"] < 0
    assert told["interval"] == {
        "method": "BCa bootstrap of rows", "gain_method": "BCa bootstrap of rows", "confidence": 0.95, "resamples": 100, "units": 1500,
        "rarer_class_rows": min(int(y_true.sum()), int((1 - y_true).sum())),
    }  # fmt: skip
    assert "left_out" not in told


def test_a_baseline_that_predicts_infinite_numbers_is_left_out_unless_it_is_the_best():
    params = changed_params("regression")
    y_true = np.arange(100.0)
    infinite = np.where(y_true == 3, np.inf, y_true)
    judgement = judged(y_true, y_true + 1, y_true + 2, params, ridge=infinite)
    assert list(judgement.versus) == ["best"]
    told = judgement_json(judgement, params.evaluate)
    assert told["left_out"] == {"ridge": "it predicts infinite numbers"}
    assert "rarer_class_rows" not in told["interval"]


@pytest.mark.parametrize("action", ["warn", "off"])
def test_only_fail_stops(params, action):
    gate = params.evaluate.gate.model_copy(update={"action": action})
    verdict = verdict_of(gain(-0.1, -0.2), params)
    refuse_at_gate(verdict, gate)
    with pytest.raises(GateError, match=r"is not shown to beat the baseline.*Do not ship"):
        refuse_at_gate(verdict, gate.model_copy(update={"action": "fail"}))


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task_is_judged_by_all_of_its_metrics(task):
    params = changed_params(task)
    rng = np.random.default_rng(0)
    if task == "multiclass":
        predicted = rng.dirichlet(np.ones(3), 900)
        y_true = (rng.uniform(size=(900, 1)) > predicted.cumsum(axis=1)).sum(axis=1)
        baseline = np.tile(np.bincount(y_true) / 900, (900, 1))
    else:
        predicted = rng.normal(10, 3, 900)
        y_true, baseline = predicted + rng.normal(0, 1, 900), np.full(900, 10.0)
    judgement = judged(y_true, predicted, baseline, params)
    assert judgement.gate.passed
    content = judgement_json(judgement, params.evaluate)
    assert content["row_count"] == 900
    assert set(content["model"]) == set(task_metrics(task))
    assert set(content["baseline"]) == {"name", *task_metrics(task)}
    for part in ("model", "gain_over_baseline"):
        for name, told in content[part].items():
            assert np.isfinite(list(told.values())).all(), (part, name)
    signed = {"ece", "bias"} & set(content["gain_over_baseline"])
    assert [list(content["gain_over_baseline"][name]) for name in signed] == [["value"]]


def test_a_metric_that_the_rows_cannot_have_is_left_out():
    params = changed_params("regression")
    predicted = np.linspace(1, 2, 50)
    judgement = judged(np.zeros(50), predicted, predicted + 1, params)
    assert set(judgement.model) == set(task_metrics("regression")) - {"mape", "r2"}


def test_a_primary_metric_that_the_holdout_cannot_have_is_told():
    params = changed_params("regression", task={"primary_metric": "r2"})
    predicted = np.linspace(1, 2, 50)
    with pytest.raises(DataError, match="r2 is not defined on the holdout"):
        judged(np.ones(50), predicted, predicted, params)


def test_nothing_is_told_as_minus_zero(params):
    sentence = verdict_of(gain(-1e-9, -1e-7), params).sentence
    assert "0.0000 (95% interval 0.0000 to" in sentence
    assert "-0.0000" not in sentence


def test_a_gain_without_interval_passes_no_gate_on_its_lower_end(params):
    unknown = without_interval(0.2, 100, "too few resamples have a value")
    verdict = verdict_of(unknown, params)
    assert not verdict.passed
    assert "without interval: too few resamples have a value" in verdict.sentence
    assert verdict_of(unknown, params, on="value").passed


def few_positives(count, n=100):
    """Outcomes of which so many are positive, and a score that puts all of these first."""
    y_true = (np.arange(n) < count).astype(int)
    return y_true, np.where(y_true == 1, 0.8, 0.1) + np.linspace(0, 0.1, n)


def gated(y_true, score, params, **gate):
    changed = params.evaluate.gate.model_copy(update=gate)
    params = params.model_copy(
        update={"evaluate": params.evaluate.model_copy(update={"gate": changed})}
    )
    return judged(y_true, score, np.full(len(score), 0.5), params)


def test_a_perfect_score_of_few_rows_passes_no_gate_on_an_interval_that_resampling_cannot_tell():
    params = changed_params("binary")
    y_true, score = few_positives(40)
    found = gated(y_true, score, params, min_value=0.95, on="ci_low")
    assert not found.gate.passed
    assert found.gate.sentence.count("1.0000 (without interval: no resample changes it") == 1
    assert "ci_low" not in judgement_json(found, params.evaluate)["model"]["roc_auc"]
    assert gated(y_true, score, params, min_value=0.95, on="value").gate.passed


@pytest.mark.parametrize("turned", [False, True])
def test_of_a_rare_class_the_gate_does_not_judge_by_an_interval(turned):
    """With 9 rows of it a good score does not pass, with 10 it does."""
    params, rng = changed_params("binary"), np.random.default_rng(0)
    for count in (9, 10):
        y_true, _ = few_positives(count, 400)
        score = np.clip(0.3 + 0.4 * y_true + rng.normal(0, 0.15, 400), 0.01, 0.99)
        if turned:
            y_true, score = 1 - y_true, 1 - score
        found = gated(y_true, score, params)
        assert found.gain["roc_auc"].ci_low > 0.2
        assert found.gate.passed is (count == 10)
        assert gated(y_true, score, params, on="value").gate.passed
        assert found.interval["rarer_class_rows"] == count
        assert f"{count} rows of the rarer class: of fewer than 30" in found.interval["caution"]
        if count == 9:
            assert "the holdout has 9 rows of the rarer class" in found.gate.sentence
            assert "asked for: at least 10 where evaluate.gate.on is ci_low" in found.gate.sentence
            gate = params.evaluate.gate.model_copy(update={"action": "fail"})
            with pytest.raises(GateError, match=r"relied on.*larger split.holdout_fraction, or ev"):
                refuse_at_gate(found.gate, gate)
    y_true, score = few_positives(30)
    assert "caution" not in gated(y_true, score, params).interval


def test_the_work_on_very_many_predictions_is_capped_and_the_number_told(params, monkeypatch):
    asked = params.evaluate.model_copy(update={"resamples": 3000})
    assert bootstrap_of(asked, params.task, 30_000).resamples == 3000
    assert bootstrap_of(asked, params.task, 40_000).resamples == 2500
    monkeypatch.setattr(bootstrap_module, "_RESAMPLED_CELLS", 1500 * 220)
    y_true, score, rng = rows()
    baselines = {"best": rng.permutation(score)}
    judgement = judge_holdout(y_true, score, baselines, "best", params.task, asked)
    assert judgement.interval["resamples"] == 220


@pytest.mark.parametrize("who", ["the model", "the baseline 'best'"])
def test_infinite_predictions_are_told_with_a_remedy(who):
    case = changed_params("regression")
    y_true = np.arange(100.0)
    parts = [y_true.copy(), y_true.copy()]
    parts[who != "the model"][3] = np.inf
    with pytest.raises(DataError, match=rf"{who} predicts infinite numbers for 1 rows.*clip_high"):
        judged(y_true, *parts, case)
