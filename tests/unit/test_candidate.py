"""From a search to what `train` hands on."""

from functools import cache

import numpy as np
import pytest
from cases import make_case

from assay.metrics.catalogue import task_metrics
from assay.predictions import predictions_of
from assay.search import selection
from assay.search.candidate import train_candidate
from assay.search.ensemble import Blend

TASKS = ["binary", "multiclass", "regression"]
QUICK = {"engine": "sklearn", "tune_top": 1, "trials": 2}


def train(case):
    params = case.params
    return train_candidate(
        case.problem(), case.train, case.schema, params.train, params.calibrate, 10, lambda _: None
    )


@cache
def trained(task):
    case = make_case(task, train=QUICK)
    return case, train(case)


@pytest.mark.parametrize("task", TASKS)
def test_the_out_of_fold_table_has_every_judged_row_with_its_own_outcome(task):
    case, found = trained(task)
    judged, rows = case.folds.validated, found.out_of_fold
    assert rows["assay_row"].tolist() == case.train["assay_row"][judged].tolist()
    assert rows["y_true"].tolist() == case.y_true[judged].tolist()
    assert rows["fold"].tolist() == case.folds.fold[judged].tolist()
    assert not rows.isna().any(axis=None)


@pytest.mark.parametrize("task", TASKS)
def test_calibrated_predictions_are_the_calibrators(task):
    case, found = trained(task)
    raw = predictions_of(found.out_of_fold, case.schema, "raw_")
    np.testing.assert_array_equal(raw, found.search.out_of_fold[case.folds.validated])
    calibrated = predictions_of(found.out_of_fold, case.schema)
    np.testing.assert_array_equal(calibrated, found.predictor.calibrator.apply(raw))
    assert found.metrics["calibration"]["applicable"] is (task != "regression")


@pytest.mark.parametrize("task", TASKS)
def test_the_predictor_is_the_chosen_model_fitted_on_all_training_rows(task):
    case, found = trained(task)
    again = case.problem().recipe(found.search.estimator).fit(case.features, case.y_true)
    expected = again.predict(case.features)
    np.testing.assert_array_equal(found.predictor.pipeline.predict(case.features), expected)


@pytest.mark.parametrize("task", TASKS)
def test_the_metrics_account_for_the_search(task):
    _, found = trained(task)
    told = found.metrics
    assert told["chosen_model"] == found.search.leaderboard["model"][0]
    assert (told["engine"], told["reproducible"]) == ("sklearn", True)
    assert told["trial_count"] == 2
    assert told["model_count"] == len(found.search.leaderboard)
    assert told["failure_count"] == 0
    assert set(told["out_of_fold"]) == set(task_metrics(task))
    assert told["blend"] == {"applicable": False}


def test_clipped_numbers_are_clipped_wherever_they_are_told():
    case = make_case(
        "regression", task={"clip_low": 18.0, "clip_high": 22.0}, train=QUICK | {"tune_top": 0}
    )
    found = train(case)
    rows = found.out_of_fold
    assert rows["raw_y_pred"].min() < 18
    assert rows["y_pred"].between(18, 22).all()
    assert found.predictor.predict(case.features).max() <= 22
    mae = [part.eval("abs(y_pred - y_true)").mean() for _, part in rows.groupby("fold")]
    assert found.metrics["out_of_fold"]["mae"]["cv_mean"] == pytest.approx(np.mean(mae))


def test_a_budget_makes_a_search_that_cannot_be_repeated():
    found = train(make_case(train=QUICK | {"budget_seconds": 1e-9, "trials": 50}))
    assert found.metrics["reproducible"] is False
    assert found.metrics["trial_count"] == 1


@pytest.mark.parametrize("gain", [0.02, 0.0])
def test_a_blend_is_told_whether_it_is_kept_or_not(gain, monkeypatch):
    blend = Blend({"logistic": 0.75, "lightgbm": 0.25}, gain, 0.01)
    monkeypatch.setattr(selection, "choose_blend", lambda *_: blend)
    found = train(make_case(train=QUICK | {"ensemble": "blend", "tune_top": 0}))
    assert found.metrics["blend"] == {
        "applicable": True, "kept": gain > 0.01, "gain": gain, "gain_error": 0.01,
        "weights": {"logistic": 0.75, "lightgbm": 0.25},
    }  # fmt: skip
    assert (found.metrics["chosen_model"] == "blend") is (gain > 0.01)
    assert found.metrics["tuned"] is False
