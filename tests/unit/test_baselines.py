from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import make_case, positive_table
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline

from assay.baselines import (
    RuleClassifier,
    RuleRegressor,
    build_baselines,
    fit_baselines,
    load_baseline,
)
from assay.calibration.maps import Clip, Sigmoid
from assay.errors import ArtifactError, DataError, ParamsError
from assay.metrics.catalogue import task_metrics
from assay.predictor import Predictor, raw_predictions, save_predictor

TASKS = ["binary", "multiclass", "regression"]


def built(case):
    return build_baselines(case.preprocessor, case.params.baseline, case.params.task)


def fitted(case):
    params = case.params
    return fit_baselines(
        case.train, case.schema, case.folds, built(case), params.task, params.calibrate, 10
    )


NAMES = {
    "binary": ["most_frequent", "prior", "logistic", "rule"],
    "multiclass": ["most_frequent", "prior", "logistic"],
    "regression": ["mean", "median", "ridge", "rule"],
}


@pytest.mark.parametrize("task", TASKS)
def test_the_best_baseline_is_chosen_on_the_folds(task):
    case = make_case(task)
    found = fitted(case)
    assert list(found.models) == NAMES[task]
    assert found.best == ("ridge" if task == "regression" else "logistic")
    assert len(found.out_of_fold) == case.folds.validated.sum()
    assert not found.out_of_fold.isna().any(axis=None)
    for name, predictor in found.models.items():
        assert np.isfinite(predictor.predict(case.features)).all(), name
        assert set(found.metrics[name]) >= {"calibration_method"}


def test_constants_score_as_constants_do():
    binary, classes, numbers = (fitted(make_case(task)).metrics for task in TASKS)
    assert binary["prior"]["roc_auc"]["cv_mean"] == 0.5
    assert 0.6 < binary["rule"]["roc_auc"]["cv_mean"] < 0.9
    assert classes["prior"]["roc_auc_ovr"]["cv_mean"] == 0.5
    assert numbers["mean"]["r2"]["cv_mean"] < 0
    assert numbers["mean"]["rmse"]["cv_mean"] > numbers["rule"]["rmse"]["cv_mean"]


def test_the_mean_and_the_median_are_those_of_the_training_rows():
    case = make_case("regression")
    models = fitted(case).models
    for name, expected in (("mean", case.y_true.mean()), ("median", np.median(case.y_true))):
        predicted = models[name].predict(case.features)
        np.testing.assert_allclose(predicted, expected)


def test_the_metrics_are_those_of_the_out_of_fold_rows():
    case = make_case("regression")
    found = fitted(case)
    rows = found.out_of_fold
    values = [
        task_metrics("regression")["mae"].value(*part[["y_true", "ridge_y_pred"]].to_numpy().T)
        for _, part in rows.groupby("fold")
    ]
    assert found.metrics["ridge"]["mae"]["cv_mean"] == pytest.approx(np.mean(values))
    assert found.metrics["ridge"]["calibration_method"] == "none"


def test_a_transformed_target_is_predicted_in_its_own_unit():
    case = make_case("regression", positive_table(), task={"target_transform": "log1p"})
    predicted = raw_predictions(built(case)["ridge"].fit(case.features, case.y_true), case.features)
    alpha, seed = case.params.baseline.ridge_alpha, case.params.task.seed
    by_hand = Pipeline(
        [("features", case.preprocessor), ("model", Ridge(alpha=alpha, random_state=seed))]
    ).fit(case.features, np.log1p(case.y_true))
    np.testing.assert_allclose(predicted, np.expm1(by_hand.predict(case.features)), rtol=1e-9)
    # Constants and rules have no use for it.
    mean = built(case)["mean"].fit(case.features, case.y_true)
    np.testing.assert_allclose(mean.predict(case.features), case.y_true.mean())


def test_numbers_are_clipped_before_they_are_judged():
    low, high = 18.0, 22.0
    case = make_case("regression", task={"clip_low": low, "clip_high": high})
    found = fitted(case)
    assert found.models["ridge"].calibrator == Clip(low, high)
    assert found.out_of_fold["ridge_y_pred"].between(low, high).all()
    assert found.models["ridge"].predict(case.features).min() == low


def test_a_metric_without_a_value_on_some_fold_cannot_choose():
    case = make_case("regression", task={"primary_metric": "r2"})
    level = case.train["outcome"].where(case.folds.fold != 3, 7.0)
    case = replace(case, train=case.train.assign(outcome=level))
    with pytest.raises(DataError, match=r"r2 is not defined on every fold, where outcomes do"):
        fitted(case)


def test_a_rule_learns_two_rates():
    x = pd.DataFrame({"signal": [1.0, 1.0, 0.0, 0.0, np.nan]})
    rule = RuleClassifier("signal > 0.5").fit(x, np.array([1, 0, 0, 0, 1]))
    np.testing.assert_allclose(rule.predict_proba(x)[:, 1], [0.5, 0.5, 1 / 3, 1 / 3, 1 / 3])
    assert rule.predict(x).tolist() == [1, 1, 0, 0, 0]


def test_a_rule_for_numbers_gives_what_it_says_and_the_mean_where_it_cannot():
    x = pd.DataFrame({"sales": [1.0, 2.0, np.nan, 0.0], "days": [1.0, 2.0, 2.0, 0.0]})
    rule = RuleRegressor("sales * 10 / days").fit(x, np.array([4.0, 5.0, 6.0, 9.0]))
    # A missing feature, and nothing divided by nothing.
    assert rule.predict(x).tolist() == [10, 10, 6, 6]
    whole = RuleRegressor("days").fit(x.assign(days=[1, 2, 3, 4]), np.zeros(4))
    assert whole.predict(x.assign(days=[1, 2, 3, 4])).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("rule", "query", "message"),
    [
        (RuleClassifier, "outcome > 0", "may use features only: signal, kind"),
        (RuleClassifier, "signal >", "cannot be evaluated"),
        (RuleClassifier, "signal + 1", "must be true or false for each row, got float64"),
        (RuleClassifier, "True", "must have one value for each row, got a single one"),
        (RuleRegressor, "outcome + 1", "may use features only: signal, kind"),
        (RuleRegressor, "signal > 1", "must be a number for each row, got bool"),
        (RuleRegressor, "kind", "must be a number for each row, got object"),
        (RuleRegressor, "7", "must have one value for each row, got a single one"),
        (RuleRegressor, "signal.mean()", "must have one value for each row, got a single one"),
    ],
)
def test_a_rule_that_cannot_be_read_is_a_params_error(rule, query, message):
    x = pd.DataFrame({"signal": [1.0, 2.0], "kind": ["a", "b"]})
    with pytest.raises(ParamsError, match=f"baseline.rule .*{message}"):
        rule(query).fit(x, np.array([0, 1]))


@pytest.mark.parametrize("task", TASKS)
def test_a_stored_baseline_predicts_alike(task, tmp_path):
    case = make_case(task)
    calibrator = {"binary": Sigmoid(0.5, 0.1), "regression": Clip(0.0, None)}
    for name, baseline in built(case).items():
        choice = calibrator.get(task, fitted(case).models[name].calibrator)
        predictor = Predictor(clone(baseline).fit(case.features, case.y_true), choice)
        save_predictor(tmp_path / name, predictor)
        np.testing.assert_array_equal(
            load_baseline(tmp_path, name).predict(case.features), predictor.predict(case.features)
        )
    with pytest.raises(ArtifactError, match="does not exist"):
        load_baseline(tmp_path, "absent")
