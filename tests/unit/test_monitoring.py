import json

import numpy as np
import pandas as pd
import pytest
from cases import make_case

from assay.conformal import fit_intervals
from assay.costs import NumberCosts
from assay.monitoring.reference import reference_profile
from assay.newsvendor import fit_quantile
from assay.predictions import prediction_columns

TASKS = ["binary", "multiclass", "regression"]


def profile_of(task, case=None, n=400, costs=None):
    """The profile of a case whose out-of-fold predictions are made up."""
    case, rng = case or make_case(task), np.random.default_rng(0)
    if task == "binary":
        predicted, decision = np.linspace(0, 1, n), {"threshold": 0.75}
        y_true = (rng.uniform(size=n) < predicted).astype(int)
    elif task == "multiclass":
        predicted, decision = rng.dirichlet([1, 1, 1], n), {"min_confidence": 0.6}
        y_true = rng.integers(0, 3, n)
    else:
        predicted = rng.normal(20, 3, n)
        y_true = predicted + rng.normal(size=n)
        decision = fit_intervals(y_true, predicted, 0.9, 1).to_json()
        if costs:
            decision["quantile"] = fit_quantile(y_true, predicted, costs, 1).to_json()
    rows = pd.concat(
        [pd.DataFrame({"y_true": y_true}), prediction_columns(predicted, case.schema)], axis=1
    )
    told = reference_profile(case.train, case.schema, rows, decision)
    json.dumps(told, allow_nan=False)
    return case, y_true, predicted, told


@pytest.mark.parametrize("task", TASKS)
def test_shares_add_up_and_are_those_of_the_rows(task):
    case, _, _, told = profile_of(task)
    assert told["row_count"] == len(case.train)
    assert set(told["numeric"]) == {"signal", "noise", "count"}
    for name, entry in told["numeric"].items():
        assert sum(entry["bin_shares"]) == pytest.approx(1)
        assert len(entry["bin_shares"]) == len(entry["bin_edges"]) + 1
        assert entry["missing_rate"] == pytest.approx(case.train[name].isna().mean())
    kinds = told["categorical"]["kind"]
    assert sum(kinds["shares"].values()) + kinds["other_share"] == pytest.approx(1)
    assert kinds["shares"]["b"] == pytest.approx((case.train["kind"].dropna() == "b").mean())


def test_two_classes_have_the_rate_of_alarms_and_of_positives():
    _, y_true, _, told = profile_of("binary")
    assert told["prediction"]["flagged_rate"] == pytest.approx(0.25, abs=0.01)
    assert told["prediction"]["positive_rate"] == pytest.approx(y_true.mean())
    assert told["prediction"]["quantiles"] == pytest.approx(np.linspace(0, 1, 11).tolist())


def test_many_classes_have_the_shares_of_predictions_and_outcomes():
    case, y_true, y_prob, told = profile_of("multiclass")
    prediction = told["prediction"]
    assert list(prediction["predicted_shares"]) == list(case.schema.labels)
    assert prediction["decided_rate"] == pytest.approx((y_prob.max(axis=1) >= 0.6).mean())
    shares = np.bincount(y_prob.argmax(axis=1)) / len(y_prob)
    assert list(prediction["predicted_shares"].values()) == pytest.approx(shares.tolist())
    outcomes = np.bincount(y_true) / len(y_true)
    assert list(prediction["outcome_shares"].values()) == pytest.approx(outcomes.tolist())


def test_numbers_have_the_width_of_their_intervals():
    _, y_true, y_pred, told = profile_of("regression")
    prediction = told["prediction"]
    assert prediction["mean"] == pytest.approx(y_pred.mean())
    assert prediction["outcome_mean"] == pytest.approx(y_true.mean())
    assert prediction["mean_interval_width"] == pytest.approx(2 * 1.645, abs=0.4)


def test_a_feature_without_values_has_a_profile():
    from dataclasses import replace

    case = make_case()
    case = replace(case, train=case.train.assign(noise=np.nan))
    told = profile_of("binary", case)[-1]
    assert told["numeric"]["noise"]["missing_rate"] == 1


def test_the_number_to_act_on_has_figures_where_there_is_one():
    assert "prediction_quantile" not in profile_of("regression")[-1]["prediction"]
    costs = NumberCosts(np.ones(400), np.full(400, 3.0))
    _, _, predicted, told = profile_of("regression", costs=costs)
    found = told["prediction"]["prediction_quantile"]
    assert found["level"] == 0.75
    assert found["outcome_at_or_below_rate"] == pytest.approx(0.75, abs=0.01)
    # Of normal errors, the quantile lies two thirds of a deviation above.
    assert found["mean"] - predicted.mean() == pytest.approx(0.674, abs=0.15)
    assert len(found["quantiles"]) == len(told["prediction"]["quantiles"])
