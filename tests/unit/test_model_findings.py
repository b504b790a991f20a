"""Is the model too good to be true: its score, and what it leans on."""

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from conftest import make_table

from assay.checks.importance import fold_importance
from assay.checks.model import SCORE_OF, judge_model
from assay.predictor import raw_predictions
from assay.search.candidates import CANDIDATES

EVEN = pd.DataFrame(
    {"feature": ["a", "b", "c"], "loss": [0.2, 0.1, 0.0], "share": [0.67, 0.33, 0.0]}
)
LEANING = EVEN.assign(share=[0.9, 0.1, 0.0])


def judged(task="binary", holdout=None, out_of_fold=None, importance=EVEN, ignore=None):
    return judge_model(task, holdout or {}, out_of_fold or {}, importance, 0.99, 0.8, ignore or {})


def test_an_honest_model_has_no_finding():
    assert judged(holdout={"roc_auc": 0.9}, out_of_fold={"roc_auc": 0.91}) == []


@pytest.mark.parametrize("task", SCORE_OF)
@pytest.mark.parametrize("where", ["holdout", "out_of_fold"])
def test_a_model_that_is_too_good_is_told(task, where):
    found = judged(task, **{where: {SCORE_OF[task]: 0.995, "other": 1.0}})
    assert [(f.code, f.severity) for f in found] == [("leak_model_score", "warning")]
    assert (
        f"0.995 {where.replace('_', '-')}, above 0.99 (validate.max_model_score)"
        in found[0].message
    )
    assert found[0].evidence[f"{where}_score"] == 0.995


def test_a_metric_that_no_place_has_is_no_finding():
    assert judged("multiclass", holdout={"accuracy": 1.0}) == []


def test_one_feature_that_holds_the_model_up_is_told():
    found = judged(importance=LEANING)
    assert [(f.code, f.severity, f.columns) for f in found] == [
        ("leak_importance", "warning", ("a",))
    ]
    assert "holds 90% of what the model loses" in found[0].message
    assert judged(importance=LEANING.head(2)) == []
    assert judged(importance=LEANING.head(0)) == []


def test_findings_of_the_model_can_be_accepted():
    ignore = {
        "leak_importance:a": "it is the price",
        "leak_model_score": "?",
        "constant": "of the table",
    }
    found = judged(importance=LEANING, ignore=ignore)
    assert [(f.code, f.severity) for f in found] == [
        ("ignore_unused", "warning"),
        ("leak_importance", "accepted"),
    ]
    assert found[1].reason == "it is the price"


def importance_of(case, model, **changes):
    problem = case.problem()
    recipe = problem.recipe(problem.model(CANDIDATES[model], {}))
    given = {"features": problem.features, "y_true": problem.y_true} | changes
    return fold_importance(recipe, **given, folds=problem.folds, metric=problem.metric, seed=1)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("model", ["linear", "lightgbm", "hist_gradient_boosting"])
def test_the_signal_is_what_the_model_loses_most_by(task, model):
    linear = "ridge" if task == "regression" else "logistic"
    found = importance_of(make_case(task), linear if model == "linear" else model)
    assert found.columns.tolist() == ["feature", "loss", "share"]
    assert found["feature"].tolist()[:2] == ["signal", "kind"]
    assert sorted(found["feature"]) == ["count", "kind", "noise", "signal"]
    assert found["share"].sum() == pytest.approx(1)
    assert found["loss"].is_monotonic_decreasing
    assert found["loss"].iloc[0] > 10 * abs(found["loss"].iloc[-1])


def test_the_loss_is_that_of_shuffled_columns():
    case = make_case("regression")
    problem = case.problem()
    found = importance_of(case, "ridge").set_index("feature")
    *_, (fitted, validated) = problem.folds.split()
    recipe = problem.recipe(problem.model(CANDIDATES["ridge"], {}))
    model = recipe.fit(problem.features.iloc[fitted], problem.y_true[fitted])
    rows, outcome = problem.features.iloc[validated], problem.y_true[validated]
    before = problem.metric.value(outcome, raw_predictions(model, rows))
    for name in ("signal", "kind"):
        losses = []
        for seed in range(20):
            order = np.random.default_rng(seed).permutation(len(rows))
            shuffled = rows.assign(**{name: rows[name].to_numpy()[order]})
            losses.append(problem.metric.value(outcome, raw_predictions(model, shuffled)) - before)
        assert found.loc[name, "loss"] == pytest.approx(np.mean(losses), abs=3 * np.std(losses))


def test_a_leak_takes_nearly_all():
    table = make_table().assign(leak=lambda t: t["outcome"] + 0.1 * t["noise"])
    found = importance_of(make_case(table=table), "lightgbm")
    assert found["feature"][0] == "leak"
    assert judged(importance=found)[0].columns == ("leak",)


def test_a_model_of_noise_leans_on_nothing():
    table = make_table()
    table["outcome"] = np.random.default_rng(3).integers(0, 2, len(table))
    for model in ("lightgbm", "dummy", "logistic"):
        found = importance_of(make_case(table=table), model)
        assert found["share"].tolist() == [0.0] * 4
        assert judged(importance=found) == []


def test_many_features_are_measured_in_one_shuffle_and_unused_ones_in_none():
    table = make_table()
    noise = np.random.default_rng(0).normal(size=(600, 120))
    more = pd.DataFrame(noise, columns=[f"x{number}" for number in range(120)])
    found = importance_of(make_case(table=pd.concat([table, more], axis=1)), "lightgbm")
    assert len(found) == 124
    assert found["feature"][0] == "signal"
    assert (found["loss"] == 0).sum() > 5


def test_the_same_seed_gives_the_same_table():
    case = make_case()
    pd.testing.assert_frame_equal(importance_of(case, "lightgbm"), importance_of(case, "lightgbm"))
