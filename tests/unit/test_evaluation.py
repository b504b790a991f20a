import numpy as np
import pytest

from assay.errors import GateError
from assay.evaluation import (
    curve_tables,
    gate_verdict,
    judge_holdout,
    judgement_json,
    refuse_at_gate,
    worst_cases,
)
from assay.uncertainty import Estimate


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


def test_the_worst_case_is_the_surest_mistake(table):
    y_true = np.array([1, 0, 1])
    score = np.array([0.9, 0.99, 0.4])
    worst = worst_cases(table.head(3), y_true, score, ["row_key"], 2)
    assert worst["row_key"].tolist() == [table["row_key"][1], table["row_key"][2]]
    assert list(worst.columns[:3]) == ["row_key", "y_score", "row_log_loss"]


def test_curves_are_thinned_and_keep_their_ends():
    y_true, score, _ = rows(5000)
    curves = curve_tables(y_true, score, 10)
    roc = curves["roc"]
    assert len(roc) <= 200
    assert roc.iloc[0].tolist() == [0, 0]
    assert roc.iloc[-1].tolist() == [1, 1]
    assert curves["calibration"]["row_count"].sum() == 5000
    pr = curves["precision_recall"]
    assert pr["recall"].is_monotonic_increasing
    assert len(pr) <= 200
    assert pr["recall"].iloc[0] > 0
    assert pr["recall"].iloc[-1] == 1
