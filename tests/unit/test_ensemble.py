from functools import cache

import numpy as np
import pytest
from cases import make_case, plain_folds, positive_table
from conftest import make_table

from assay.calibration.maps import Identity
from assay.metrics.catalogue import primary_metric
from assay.predictor import (
    Predictor,
    Recipe,
    load_predictor,
    out_of_fold_predictions,
    save_predictor,
)
from assay.search import selection
from assay.search.candidates import CANDIDATES
from assay.search.ensemble import Blend, blend, blended_estimator, choose_blend
from assay.search.selection import search_best
from assay.skops_files import model_bytes
from assay.splits.folds import Folds

RMSE = primary_metric("regression", "neg_root_mean_squared_error")


def planted(n=600, seed=0):
    """Outcomes, and two models of them whose errors have nothing to do with each other."""
    rng = np.random.default_rng(seed)
    y_true = rng.normal(50, 10, n)
    return (
        y_true,
        {
            "first": y_true + rng.normal(0, 3, n),
            "second": y_true + rng.normal(0, 3.2, n),
        },
        rng,
    )


def chosen(predictions, y_true, best="first"):
    return choose_blend(predictions, best, y_true, plain_folds(len(y_true)), RMSE)


def test_two_models_whose_errors_differ_are_better_together():
    y_true, predictions, rng = planted()
    predictions["useless"] = rng.normal(80, 10, len(y_true))
    found = chosen(predictions, y_true)
    assert found.pays
    assert found.gain > 5 * found.gain_error
    assert set(found.weights) == {"first", "second"}
    assert sum(found.weights.values()) == pytest.approx(1)
    assert found.weights["first"] == pytest.approx(0.53, abs=0.08)
    together = RMSE.value(y_true, blend(predictions, found.weights))
    for name in ("first", "second"):
        assert together < RMSE.value(y_true, predictions[name]) - 0.5


def test_the_gain_is_judged_on_folds_that_had_no_part_in_the_weights():
    """Close to what independent errors of these sizes promise, on rows of its own."""
    y_true, predictions, _ = planted(20_000)
    found = chosen(predictions, y_true)
    promised = 3 - 3 * 3.2 / np.hypot(3, 3.2)
    assert found.gain == pytest.approx(promised, abs=3 * found.gain_error)


@pytest.mark.parametrize("seed", range(20))
def test_a_copy_of_the_best_brings_nothing(seed):
    """Nor does what rounding makes of it."""
    y_true, predictions, _ = planted(seed=seed)
    first = predictions["first"]
    found = chosen({"first": first, "copy": first.copy(), "another": first.copy()}, y_true)
    assert not found.pays


@pytest.mark.parametrize("kind", ["noise", "noisy copies"])
def test_what_cannot_help_is_kept_no_more_often_than_chance_suggests(kind):
    """A gain above its standard error comes to one useless partner in six at most."""
    kept = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        best = rng.normal(50, 10, 150)
        y_true = best + rng.normal(0, 3, 150)
        others = (
            rng.normal(50, 10, (2, 150)) if kind == "noise" else best + rng.normal(0, 1, (2, 150))
        )
        kept += chosen({"first": best, "a": others[0], "b": others[1]}, y_true).pays
    assert kept <= 6


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_probabilities_are_blended_by_the_metric_of_their_task(task):
    rng = np.random.default_rng(0)
    truth = rng.dirichlet([1, 1, 1], 900)
    y_true = (rng.uniform(size=(900, 1)) > truth.cumsum(axis=1)).sum(axis=1)
    noisy = [truth * np.exp(rng.normal(0, 1, truth.shape)) for _ in range(2)]
    first, second = (each / each.sum(axis=1, keepdims=True) for each in noisy)
    if task == "binary":
        y_true, first, second = (y_true == 0).astype(int), first[:, 0], second[:, 0]
    metric = primary_metric(task, "neg_log_loss")
    found = choose_blend(
        {"first": first, "second": second}, "first", y_true, plain_folds(900), metric
    )
    assert found.pays
    blended = blend({"first": first, "second": second}, found.weights)
    assert blended.shape == first.shape
    assert metric.value(y_true, blended) < metric.value(y_true, first)


TASKS = {
    "binary": ("logistic", "lightgbm", "random_forest"),
    "multiclass": ("logistic", "lightgbm", "extra_trees"),
    "regression": ("ridge", "lightgbm", "random_forest"),
    "log1p": ("ridge", "lightgbm", "extra_trees"),
}


@cache
def members(name):
    """A case with the models of a blend, and its weights."""
    case = make_case(name) if name != "log1p" else make_case(
        "regression", positive_table(), task={"target_transform": "log1p"}
    )  # fmt: skip
    problem = case.problem()
    few = {"n_estimators": 10}
    models = {
        kind: problem.model(CANDIDATES[kind], {} if kind in {"logistic", "ridge"} else few)
        for kind in TASKS[name]
    }
    weights = dict(zip(models, (0.5, 0.2, 0.3), strict=True))
    return case, models, Blend(weights, 1.0, 0.0)


@pytest.mark.parametrize("name", TASKS)
def test_a_blend_is_one_estimator_that_predicts_the_weighted_mean(name):
    case, models, found = members(name)
    estimator = blended_estimator(case.schema.task, models, found)
    predictions = {
        kind: out_of_fold_predictions(
            Recipe(case.preprocessor, model).fit, case.features, case.y_true, case.folds
        )
        for kind, model in models.items()
    }
    together = out_of_fold_predictions(
        Recipe(case.preprocessor, estimator).fit, case.features, case.y_true, case.folds
    )
    np.testing.assert_allclose(together, blend(predictions, found.weights), rtol=1e-12)


@pytest.mark.parametrize("name", TASKS)
def test_a_blend_is_stored_without_pickle_and_comes_back_to_the_last_bit(name, tmp_path):
    case, models, found = members(name)
    recipe = Recipe(case.preprocessor, blended_estimator(case.schema.task, models, found))
    fitted = Predictor(recipe.fit(case.features, case.y_true), Identity())
    save_predictor(tmp_path, fitted)
    back = load_predictor(tmp_path)
    np.testing.assert_array_equal(back.predict(case.features), fitted.predict(case.features))
    again = recipe.fit(case.features, case.y_true)
    assert model_bytes(again) == model_bytes(fitted.pipeline)


@pytest.mark.parametrize("engine", ["pycaret", "sklearn"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_blend_that_pays_is_chosen_and_reproduces_its_scores(engine, task, monkeypatch):
    case = make_case(task, train={"engine": engine, "ensemble": "blend", "tune_top": 0})
    first, second = TASKS[task][:2]
    found = Blend({first: 0.75, second: 0.25}, 0.02, 0.01)
    monkeypatch.setattr(selection, "choose_blend", lambda *_: found)
    lines = []
    result = search_best(case.problem(), case.params.train, lines.append)
    top = result.leaderboard.iloc[0]
    assert (top["model"], top["rank"]) == ("blend", 1)
    assert result.chosen.candidate.name == "blend"
    assert top["params"] == ", ".join(sorted([f"{first}=0.75", f"{second}=0.25"]))
    assert result.blend is found
    assert lines[-1].endswith("standard error 0.01000: kept")
    recipe = case.problem().recipe(result.estimator)
    predicted = out_of_fold_predictions(recipe.fit, case.features, case.y_true, case.folds)
    np.testing.assert_allclose(predicted, result.out_of_fold, rtol=1e-12)


def test_a_blend_that_does_not_pay_is_told_and_left(monkeypatch):
    case = make_case(train={"engine": "sklearn", "ensemble": "blend", "tune_top": 0})
    found = Blend({"logistic": 0.75, "lightgbm": 0.25}, 0.01, 0.02)
    monkeypatch.setattr(selection, "choose_blend", lambda *_: found)
    lines = []
    result = search_best(case.problem(), case.params.train, lines.append)
    assert result.chosen.candidate.name == "logistic"
    assert "blend" not in set(result.leaderboard["model"])
    assert result.blend is found
    assert lines[-1].endswith("not kept")


def test_a_single_model_cannot_be_blended():
    case = make_case(
        train={"engine": "sklearn", "ensemble": "blend", "candidates": ["dummy", "logistic"]}
    )
    lines = []
    result = search_best(case.problem(), case.params.train, lines.append)
    assert result.blend is None
    assert lines[-1] == "blend: there are no two models to blend that beat the dummy"


def test_where_the_dummy_is_best_nothing_is_blended():
    """On noise the best model is often the dummy, whose predictions are no member's."""
    table = make_table().assign(outcome=lambda t: np.random.default_rng(1).integers(0, 2, len(t)))
    case = make_case(
        table=table,
        task={"primary_metric": "neg_log_loss"},
        train={
            "engine": "sklearn", "ensemble": "blend", "tune_top": 0,
            "candidates": ["dummy", "lightgbm", "random_forest"],
        },
    )  # fmt: skip
    result = search_best(case.problem(), case.params.train, lambda _: None)
    assert result.chosen.candidate.name == "dummy"
    assert result.blend is None


def test_in_time_order_weights_come_from_earlier_folds():
    """A member that is perfect in the last fold must not be chosen by it for an earlier one."""
    rng = np.random.default_rng(0)
    fold = np.repeat([1, 2], 1000)
    y_true = rng.normal(size=2000)
    steady = y_true + rng.normal(0, 1.0, 2000)
    late = y_true + np.where(fold == 1, rng.normal(0, 30, 2000), 0.0)
    members = {"steady": steady, "late": late}
    plain = choose_blend(members, "steady", y_true, Folds(fold, np.zeros(2000, dtype=int)), RMSE)
    ordered = choose_blend(members, "steady", y_true, Folds(fold, fold), RMSE)
    assert plain.gain < -10
    assert ordered.gain == 0
    # A single judged fold tells nothing of chance.
    assert not ordered.pays
