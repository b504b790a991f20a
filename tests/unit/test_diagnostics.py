import numpy as np
import pytest
from cases import make_case

from assay.diagnostics import CURVES, PER_CLASS, curve_tables, per_class_table
from assay.reliability import judge_calibration
from assay.uncertainty.bootstrap import Bootstrap

SCHEMAS = {task: make_case(task).schema for task in ("binary", "multiclass", "regression")}


def binary(n=5000, seed=0):
    rng = np.random.default_rng(seed)
    score = rng.beta(2, 4, n)
    return (rng.uniform(size=n) < score).astype(int), score


def classes(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    y_prob = rng.dirichlet([3, 2, 1], n)
    return (rng.uniform(size=(n, 1)) > y_prob.cumsum(axis=1)).sum(axis=1), y_prob


def numbers(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    y_pred = rng.gamma(4, 5, n)
    return y_pred + rng.normal(1, 2, n), y_pred


def tables_of(task, y_true, predicted, bins=10):
    plan = Bootstrap(100, 0.95, 0)
    found = judge_calibration(task, y_true, predicted, predicted, "none", bins, plan)
    return curve_tables(y_true, predicted, SCHEMAS[task], found.stages["calibrated"])


ROWS = {"binary": binary(), "multiclass": classes(), "regression": numbers()}
DRAWN = {
    "binary": {"roc", "precision_recall", "calibration"},
    "multiclass": {"roc", "precision_recall", "calibration"},
    "regression": {"calibration", "residuals", "qq"},
}


@pytest.mark.parametrize("task", ROWS)
def test_every_task_has_every_table_and_those_without_use_are_empty(task):
    tables = tables_of(task, *ROWS[task])
    assert list(tables) == list(CURVES)
    assert {name for name, table in tables.items() if len(table)} == DRAWN[task]
    for name, table in tables.items():
        assert tuple(table.columns) == CURVES[name]
        assert np.isfinite(table.to_numpy(dtype=float)).all(), name


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_curves_are_thinned_and_keep_their_ends(task):
    curves = tables_of(task, *ROWS[task])
    roc = curves["roc"]
    assert len(roc) <= 200
    assert roc.iloc[0].tolist() == [0, 0]
    assert roc.iloc[-1].tolist() == [1, 1]
    pr = curves["precision_recall"]
    assert pr["recall"].is_monotonic_increasing
    assert len(pr) <= 200
    assert pr["recall"].iloc[0] > 0
    assert pr["recall"].iloc[-1] == 1


@pytest.mark.parametrize("task", ROWS)
def test_calibration_counts_every_row_once(task):
    y_true, predicted = ROWS[task]
    table = tables_of(task, y_true, predicted)["calibration"]
    assert table["row_count"].sum() == len(y_true)
    expected = {
        "binary": (predicted, y_true),
        "multiclass": (predicted.max(axis=-1), predicted.argmax(axis=-1) == y_true),
        "regression": (predicted, y_true),
    }[task]
    for name, values in zip(("mean_prediction", "mean_outcome"), expected, strict=True):
        assert (table[name] * table["row_count"]).sum() == pytest.approx(values.sum())


def test_calibration_of_numbers_has_bins_of_equal_count():
    table = tables_of("regression", *ROWS["regression"])["calibration"]
    assert table["row_count"].tolist() == [300] * 10
    assert table["mean_prediction"].is_monotonic_increasing


def test_fewer_rows_than_bins_are_no_fault():
    table = tables_of("regression", *numbers(4))["calibration"]
    assert table["row_count"].tolist() == [1, 1, 1, 1]


def test_residuals_are_actual_less_predicted_and_spread_over_the_predictions():
    y_true, y_pred = ROWS["regression"]
    table = tables_of("regression", y_true, y_pred)["residuals"]
    assert len(table) == 1000
    assert table["prediction"].is_monotonic_increasing
    assert table["prediction"].iloc[[0, -1]].tolist() == [y_pred.min(), y_pred.max()]
    of = dict(zip(y_pred, y_true - y_pred, strict=True))
    assert [of[p] for p in table["prediction"]] == table["residual"].tolist()


def test_normal_residuals_lie_on_the_diagonal():
    table = tables_of("regression", *numbers(50_000))["qq"]
    inner = table[table["normal_quantile"].abs() < 2]
    assert (inner["normal_quantile"] - inner["residual_quantile"]).abs().max() < 0.05


def test_a_model_without_error_breaks_no_table():
    y_true = numbers()[0]
    table = tables_of("regression", y_true, y_true)["qq"]
    assert (table["residual_quantile"] == 0).all()


def test_the_quality_of_a_class_by_hand():
    y_true = np.array([0, 0, 1, 1, 2, 2])
    y_prob = np.array(
        [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1],
         [0.1, 0.6, 0.3], [0.6, 0.2, 0.2], [0.1, 0.7, 0.2]]
    )  # fmt: skip
    table = per_class_table(y_true, y_prob, SCHEMAS["multiclass"], 10).set_index("class")
    assert table.index.tolist() == ["high", "low", "mid"]
    assert table["n"].tolist() == [2, 2, 2]
    assert table["predicted_count"].tolist() == [2, 4, 0]
    np.testing.assert_allclose(table["precision"], [0.5, 0.5, np.nan])
    np.testing.assert_allclose(table["recall"], [0.5, 1, 0])
    np.testing.assert_allclose(table["f1"], [0.5, 2 / 3, 0])
    np.testing.assert_allclose(table["roc_auc"], [7 / 8, 6 / 8, 6 / 8])
    np.testing.assert_allclose(table["mean_probability"], y_prob.mean(axis=0))


def test_a_class_without_rows_has_no_recall():
    y_true, y_prob = ROWS["multiclass"]
    rows = y_true != 1
    table = per_class_table(y_true[rows], y_prob[rows], SCHEMAS["multiclass"], 10)
    assert table["n"].tolist()[1] == 0
    assert table[["recall", "roc_auc"]].iloc[1].isna().all()
    assert table["precision"].iloc[1] == 0


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_only_classes_have_a_table_of_classes(task):
    table = per_class_table(*ROWS[task], SCHEMAS[task], 10)
    assert table.empty
    assert tuple(table.columns) == PER_CLASS
