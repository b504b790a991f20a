"""The rows that the model predicts worst, and what misled it."""

from dataclasses import replace

import numpy as np
import pytest
from examined import evidence_of
from explained import case_of, pipeline_of

from assay.calibration.maps import Identity
from assay.interpretation.reasons import strongest_reasons
from assay.interpretation.shap_values import trained_explainer
from assay.predictor import Predictor
from assay.slices.worst import worst_cases

LINEAR = {"binary": "logistic", "multiclass": "logistic", "regression": "ridge"}


def first_rows(task, outcomes, predicted, count):
    case = case_of(task)
    rows = case.holdout.head(3).assign(outcome=outcomes)
    return evidence_of(
        case,
        Predictor(pipeline_of(task, LINEAR[task]), Identity()),
        holdout=rows,
        y_predicted=np.array(predicted),
        worst_case_count=count,
    )


def test_the_worst_case_is_the_surest_mistake():
    evidence = first_rows("binary", [1, 0, 1], [0.9, 0.99, 0.4], 2)
    worst, rows = worst_cases(evidence), evidence.holdout.rows
    assert worst["row_key"].tolist() == [rows["row_key"][1], rows["row_key"][2]]
    assert list(worst.columns[:8]) == [
        "row_key", "moment", "entity", "remark", "y_score", "row_log_loss", "what_went_wrong",
        "reasons_for",
    ]  # fmt: skip
    assert worst["what_went_wrong"][0].startswith("outcome is 0, scored 0.99 for 1: ")
    assert set(worst["reasons_for"]) == {"outcome = 1"}


def test_the_worst_class_has_the_least_probability_for_what_happened():
    y_prob = [[0.6, 0.2, 0.2], [0.9, 0.05, 0.05], [0.3, 0.3, 0.4]]
    evidence = first_rows("multiclass", [0, 1, 2], y_prob, 50)
    worst, rows = worst_cases(evidence), evidence.holdout.rows
    assert worst["row_key"].tolist() == rows["row_key"][[1, 2, 0]].tolist()
    assert worst["row_log_loss"].tolist() == pytest.approx((-np.log([0.05, 0.4, 0.6])).tolist())
    assert list(worst.columns[4:8]) == ["y_prob_0", "y_prob_1", "y_prob_2", "row_log_loss"]
    assert worst["what_went_wrong"][0].startswith(
        "outcome is low, which has 0.05; predicted high with 0.9: "
    )


def test_the_worst_number_is_the_farthest_off():
    evidence = first_rows("regression", [10.0, 20.0, 30.0], [11.0, 5.0, 32.0], 1)
    worst = worst_cases(evidence)
    assert worst["row_key"].tolist() == [evidence.holdout.rows["row_key"][1]]
    assert worst[["y_pred", "absolute_error", "outcome"]].iloc[0].tolist() == [5, 15, 20]
    assert worst["what_went_wrong"][0].startswith("outcome is 20, predicted 5, 15 too little: ")


def test_of_several_classes_reasons_are_those_of_the_one_that_is_predicted():
    """Calibration may prefer another class than the model does."""
    y_prob = [[0.1, 0.1, 0.8], [0.8, 0.1, 0.1], [0.2, 0.7, 0.1]]
    evidence = first_rows("multiclass", [0, 1, 2], y_prob, 3)
    worst = worst_cases(evidence)
    codes = worst[["y_prob_0", "y_prob_1", "y_prob_2"]].to_numpy().argmax(axis=1)
    labels = np.array(evidence.schema.labels)[codes]
    assert worst["reasons_for"].tolist() == [f"outcome = {label}" for label in labels]
    features = worst[evidence.schema.feature_names]
    for code in range(3):
        of_code = strongest_reasons(
            trained_explainer(evidence), features, 3, np.full(3, code, dtype=int)
        )
        for row in np.flatnonzero(codes == code):
            assert worst["reason_1"][row] == of_code["reason_1"][row]
            assert worst["reason_1_effect"][row] == of_code["reason_1_effect"][row]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_misled_points_to_the_error(task):
    case = case_of(task)
    model = Predictor(pipeline_of(task, "lightgbm"), Identity())
    evidence = evidence_of(case, model, worst_case_count=40)
    worst = worst_cases(evidence)
    misled = worst["what_went_wrong"].str.contains(": misled by ")
    assert misled.mean() > 0.5
    for _, row in worst.iterrows():
        told = row["what_went_wrong"].split(": misled by ")
        if task == "binary":
            high = row["outcome"] == 0
        elif task == "regression":
            high = row["y_pred"] > row["outcome"]
        else:
            shares = [row[f"y_prob_{code}"] for code in range(3)]
            high = int(np.argmax(shares)) != row["outcome"]
        effects = [row[f"reason_{rank}_effect"] for rank in (1, 2, 3)]
        pointing = [effect for effect in effects if (effect > 0 if high else effect < 0)]
        assert len(told) == 1 + bool(pointing)
        assert told[-1].count(" (") == len(pointing) if pointing else len(told) == 1


def test_a_missing_value_is_told_as_missing():
    evidence = first_rows("binary", [1, 0, 1], [0.01, 0.99, 0.4], 2)
    rows = evidence.holdout.rows.assign(signal=np.nan)
    worst = worst_cases(replace(evidence, holdout=replace(evidence.holdout, rows=rows)))
    assert not worst["what_went_wrong"].str.contains("nan").any()
