import numpy as np
import pytest
from cases import changed_params, make_case

from assay.errors import DataError, GateError
from assay.evaluation import (
    gate_verdict,
    judge_holdout,
    judgement_json,
    refuse_at_gate,
    worst_cases,
)
from assay.metrics.catalogue import task_metrics
from assay.uncertainty.estimate import Estimate


def rows(n=1500, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(2, 4, n)
    return (rng.uniform(size=n) < score).astype(int), score, rng


def test_a_better_model_passes_the_gate(params):
    y_true, score, rng = rows()
    weaker = np.clip(score + rng.normal(0, 0.2, len(score)), 0.01, 0.99)
    judgement = judge_holdout(y_true, score, weaker, "logistic", params.task, params.evaluate)
    assert judgement.gate.passed
    assert judgement.gain["roc_auc"].ci_low > 0
    assert judgement.gain["log_loss"].value > 0
    content = judgement_json(judgement)
    assert content["baseline"]["name"] == "logistic"
    assert content["model"]["roc_auc"]["value"] == judgement.model["roc_auc"].value


def test_noise_does_not_pass_the_gate(params):
    """Fifty models of pure noise against a baseline of pure noise: hardly one may pass."""
    passed = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        y_true = rng.integers(0, 2, 400)
        model, baseline = rng.uniform(0.01, 0.99, (2, 400))
        judgement = judge_holdout(y_true, model, baseline, "prior", params.task, params.evaluate)
        passed += judgement.gate.passed
    assert passed <= 5


def gain(value, low) -> Estimate:
    return Estimate(value, low, value + 0.1, "test", 100)


@pytest.mark.parametrize(
    ("on", "wanted", "passes"),
    [("value", 0.0, True), ("ci_low", 0.0, False), ("value", 0.05, False), ("ci_low", -0.1, True)],
)
def test_the_gate_looks_where_it_is_told(params, on, wanted, passes):
    gate = params.evaluate.gate.model_copy(update={"on": on, "min_gain_over_baseline": wanted})
    evaluate = params.evaluate.model_copy(update={"gate": gate})
    assert gate_verdict(gain(0.02, -0.01), "roc_auc", "prior", evaluate).passed is passes


@pytest.mark.parametrize("action", ["warn", "off"])
def test_only_fail_stops(params, action):
    gate = params.evaluate.gate.model_copy(update={"action": action})
    verdict = gate_verdict(gain(-0.1, -0.2), "roc_auc", "prior", params.evaluate)
    refuse_at_gate(verdict, gate)
    with pytest.raises(GateError, match=r"is not shown to beat the baseline.*Do not ship"):
        refuse_at_gate(verdict, gate.model_copy(update={"action": "fail"}))


def test_the_worst_case_is_the_surest_mistake():
    case = make_case()
    first = case.holdout.head(3).assign(outcome=[1, 0, 1])
    worst = worst_cases(first, np.array([0.9, 0.99, 0.4]), case.schema, 2)
    assert worst["row_key"].tolist() == [first["row_key"][1], first["row_key"][2]]
    assert list(worst.columns[:6]) == [
        "row_key", "moment", "entity", "remark", "y_score", "row_log_loss",
    ]  # fmt: skip


def test_the_worst_class_has_the_least_probability_for_what_happened():
    case = make_case("multiclass")
    first = case.holdout.head(3).assign(outcome=[0, 1, 2])
    y_prob = np.array([[0.6, 0.2, 0.2], [0.9, 0.05, 0.05], [0.3, 0.3, 0.4]])
    worst = worst_cases(first, y_prob, case.schema, 50)
    assert worst["row_key"].tolist() == first["row_key"][[1, 2, 0]].tolist()
    assert worst["row_log_loss"].tolist() == pytest.approx((-np.log([0.05, 0.4, 0.6])).tolist())
    assert list(worst.columns[4:8]) == ["y_prob_0", "y_prob_1", "y_prob_2", "row_log_loss"]


def test_the_worst_number_is_the_farthest_off():
    case = make_case("regression")
    first = case.holdout.head(3).assign(outcome=[10.0, 20.0, 30.0])
    worst = worst_cases(first, np.array([11.0, 5.0, 32.0]), case.schema, 1)
    assert worst["row_key"].tolist() == [first["row_key"][1]]
    assert worst[["y_pred", "absolute_error", "outcome"]].iloc[0].tolist() == [5, 15, 20]


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
    judgement = judge_holdout(y_true, predicted, baseline, "x", params.task, params.evaluate)
    assert judgement.gate.passed
    content = judgement_json(judgement)
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
    judgement = judge_holdout(
        np.zeros(50), predicted, predicted + 1, "mean", params.task, params.evaluate
    )
    assert set(judgement.model) == set(task_metrics("regression")) - {"mape", "r2"}


def test_a_primary_metric_that_the_holdout_cannot_have_is_told():
    params = changed_params("regression", task={"primary_metric": "r2"})
    predicted = np.linspace(1, 2, 50)
    with pytest.raises(DataError, match="r2 is not defined on the holdout"):
        judge_holdout(np.ones(50), predicted, predicted, "mean", params.task, params.evaluate)


def test_nothing_is_told_as_minus_zero(params):
    sentence = gate_verdict(gain(-1e-9, -1e-7), "roc_auc", "prior", params.evaluate).sentence
    assert "0.0000 (95% interval 0.0000 to" in sentence
    assert "-0.0000" not in sentence


def test_a_gain_without_interval_passes_no_gate_on_its_lower_end(params):
    unknown = Estimate(0.2, 0.2, 0.2, "", 100)
    verdict = gate_verdict(unknown, "roc_auc", "prior", params.evaluate)
    assert not verdict.passed
    assert "without interval: too few resamples have a value" in verdict.sentence
    gate = params.evaluate.gate.model_copy(update={"on": "value"})
    evaluate = params.evaluate.model_copy(update={"gate": gate})
    assert gate_verdict(unknown, "roc_auc", "prior", evaluate).passed


@pytest.mark.parametrize("who", ["the model", "the baseline 'ridge'"])
def test_infinite_predictions_are_told_with_a_remedy(who):
    case = changed_params("regression")
    y_true = np.arange(100.0)
    parts = [y_true.copy(), y_true.copy()]
    parts[who != "the model"][3] = np.inf
    with pytest.raises(DataError, match=rf"{who} predicts infinite numbers for 1 rows.*clip_high"):
        judge_holdout(y_true, *parts, "ridge", case.task, case.evaluate)
