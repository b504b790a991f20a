"""Partial dependence of known functions, and what is said of expected directions."""

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from signals import evidence_on, signal_case
from sklearn.linear_model import LinearRegression, LogisticRegression

from assay.interpretation.direction import (
    AGAINST,
    MOSTLY,
    OPEN,
    blocks,
    judge_directions,
    largest_drop,
)
from assay.interpretation.interpret import interpret_model
from assay.interpretation.partial_dependence import MISSING, partial_dependence
from assay.plots.partial import partial_dependence_figure
from assay.schema import ROW


def line_case(rows=800, seed=0):
    """Return y = 3 x1 - 2 x2 + f(city), some of x2 missing (the imputed median)."""
    rng = np.random.default_rng(seed)
    x1, x2 = rng.normal(5, 2, rows), rng.integers(0, 7, rows).astype(float)
    city = rng.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1])
    y = 3 * x1 - 2 * x2 + pd.Series(city).map({"a": 0.0, "b": 5.0, "c": -1.0}).to_numpy()
    x2 = np.where(x2 == 3, np.where(rng.uniform(size=rows) < 0.3, np.nan, 3.0), x2)
    return signal_case({"x1": x1, "x2": x2, "city": city}, y)


def test_the_curves_of_a_line_are_its_terms_row_by_row():
    case = line_case()
    evidence = evidence_on(case, LinearRegression(), partial_dependence_rows=60)
    found = partial_dependence(evidence, ["x1", "x2", "city"])
    for name, slope in (("x1", 3), ("x2", -2)):
        curve = found.of(name)
        known = curve[curve["value"].notna()]
        steps = np.diff(known["mean"]) / np.diff(known["value"])
        np.testing.assert_allclose(steps, slope, atol=1e-6)
        assert curve["row_share"].sum() == pytest.approx(1)
    city = found.of("city").set_index("value_label")
    assert list(city.index) == ["a", "b", "c"]
    assert city.loc["b", "mean"] - city.loc["a", "mean"] == pytest.approx(5, abs=1e-6)
    share = (case.train["city"] == "a").mean()
    assert city.loc["a", "row_share"] == pytest.approx(share)
    assert city["value"].isna().all()
    missing = found.of("x2").set_index("value_label")
    assert missing.index[-1] == MISSING
    assert missing.loc[MISSING, "mean"] == pytest.approx(missing.loc["3", "mean"], abs=1e-6)
    lines = found.lines[found.lines["feature"] == "x1"]
    assert found.row_count == 60
    assert lines["row"].isin(case.holdout[ROW]).all()
    by_row = lines.pivot_table(index="row", columns="point", values="prediction")
    np.testing.assert_allclose(by_row.mean(), found.of("x1")["mean"])
    # Setting a row's feature to a value is predicting the table that has it there.
    row = case.holdout[case.holdout[ROW] == by_row.index[5]][case.schema.feature_names].copy()
    value = found.of("x1")["value"].iloc[7]
    told = evidence.predictor.predict(row.assign(x1=value))[0]
    assert by_row.iloc[5, 7] == pytest.approx(told, abs=1e-12)


def test_a_number_has_quantiles_that_occur_as_points():
    case = line_case()
    curve = partial_dependence(evidence_on(case, LinearRegression()), ["x1"]).of("x1")
    assert len(curve) == 25
    assert curve["value"].isin(case.train["x1"]).all()
    low, high = case.train["x1"].quantile([0.01, 0.99])
    assert curve["value"].iloc[0] == pytest.approx(low, abs=0.2)
    assert curve["value"].iloc[-1] == pytest.approx(high, abs=0.2)


def test_of_many_classes_each_has_a_curve_and_they_add_up_to_one():
    case = make_case("multiclass")
    evidence = evidence_on(case, LogisticRegression(max_iter=500))
    found = partial_dependence(evidence, ["signal", "kind"])
    assert found.lines.empty
    assert list(found.lines) == ["feature", "row", "point", "value", "value_label", "prediction"]
    curves = found.of("signal")
    assert list(curves["class"].unique()) == ["high", "low", "mid"]
    np.testing.assert_allclose(curves.groupby("point")["mean"].sum(), 1)
    high = curves[(curves["class"] == "high") & curves["value"].notna()]["mean"]
    assert high.iloc[-1] < high.iloc[0]


def test_the_largest_drop_is_over_a_stretch():
    assert largest_drop(np.array([0.0, 1, 3, 2, 2.5, 1, 4])) == (2, 5, 2.0)
    assert largest_drop(np.array([0.0, 1, 1, 2]))[2] == 0


def test_blocks_hold_about_as_many_rows_each():
    np.testing.assert_array_equal(blocks(np.full(16, 1 / 16)), np.repeat(np.arange(8), 2))
    # What holds most rows is a block by itself.
    np.testing.assert_array_equal(blocks(np.array([0.9, 0.05, 0.05])), [0, 1, 1])


def bent_case(seed, rows=3000, bend=2.0):
    """Return an outcome that rises with x1 but for a stretch from 0.3 to 0.6."""
    rng = np.random.default_rng(seed)
    x1, other = rng.uniform(size=(2, rows))
    rise = np.interp(x1, [0, 0.3, 0.6, 1], [0, 2, 2 - bend, 4])
    return signal_case({"x1": x1, "other": other}, rise + rng.normal(size=rows))


def directions_of(case, model=None, **expected):
    evidence = evidence_on(case, model, expected_direction=expected, partial_dependence_rows=100)
    return judge_directions(evidence, partial_dependence(evidence, list(expected)))


def test_a_reversed_stretch_is_caught_with_its_place():
    found = directions_of(bent_case(0), x1="increasing").iloc[0]
    assert found["verdict"] == MOSTLY
    assert found["reversal_from"] < 0.35
    assert 0.5 < found["reversal_to"] < 0.75
    assert found["reversal_share"] > 0.2
    assert found["outcome_change"] < 0
    assert found["outcome_p_value"] < 0.001
    assert found["outcome"] == "outcomes of training rows go the other way there, too"


def test_a_model_that_falls_where_it_should_rise_is_against_what_is_expected():
    found = directions_of(bent_case(0, bend=0), x1="decreasing", other="increasing")
    row = found.iloc[0]
    assert row["verdict"] == AGAINST
    assert row["net_change"] > 0
    assert row["rows_against"] > 0.9
    assert row["outcome_p_value"] < 1e-6
    line = directions_of(bent_case(0, bend=0), LinearRegression(), x1="increasing").iloc[0]
    assert line["verdict"] == "as expected"
    assert line["reversal"] == 0
    assert np.isnan(line["reversal_from"])
    assert line["rows_against"] == 0


def test_of_clean_monotone_data_no_alarm_is_made():
    """The rate is stated in docs/interpretation.md."""
    alarms = 0
    for seed in range(6):
        rng = np.random.default_rng([1, seed])
        x1, x2 = rng.normal(size=(2, 1000))
        case = signal_case(
            {"x1": x1, "x2": x2}, 0.5 * x1 - 0.5 * np.minimum(x2, 0.5) + rng.normal(size=1000)
        )
        found = directions_of(case, x1="increasing", x2="decreasing")
        alarms += int(found["verdict"].isin(OPEN).sum())
    assert alarms == 0


def test_what_has_no_direction_is_not_judged():
    found = directions_of(line_case(), LinearRegression(), city="increasing")
    assert found["verdict"].tolist() == ["not judged"]
    assert "no number" in found["meaning"][0]
    case = make_case("multiclass")
    evidence = evidence_on(
        case, LogisticRegression(max_iter=500), expected_direction={"signal": "increasing"}
    )
    found = judge_directions(evidence, partial_dependence(evidence, ["signal"]))
    assert found["verdict"].tolist() == ["not judged"]
    none = judge_directions(
        evidence_on(line_case(), LinearRegression()), partial_dependence(evidence, [])
    )
    assert none.empty
    assert list(none) == list(found)


def test_the_curve_of_noise_is_no_alarm_whatever_is_expected_of_it():
    """A deep model makes something of noise; half of such curves go the wrong way."""
    verdicts = []
    for seed in range(4):
        rng = np.random.default_rng([2, seed])
        signal, noise = rng.normal(size=(2, 600))
        case = signal_case({"signal": signal, "noise": noise}, signal + rng.normal(size=600))
        both = [directions_of(case, noise=way) for way in ("increasing", "decreasing")]
        verdicts += [table["verdict"][0] for table in both]
    assert "no sure effect" in verdicts
    assert not set(verdicts) & set(OPEN)


def test_a_curve_that_matters_is_an_alarm_although_outcomes_hide_it():
    """Other features hide in the outcomes what this one does; the model knows."""
    rng = np.random.default_rng(3)
    x1 = rng.normal(size=2000)
    other = x1 + 0.5 * rng.normal(size=2000)
    case = signal_case({"x1": x1, "other": other}, other - x1 + 0.1 * rng.normal(size=2000))
    evidence = evidence_on(
        case, LinearRegression(), expected_direction={"x1": "increasing"}, resamples=200
    )
    found = interpret_model(evidence).directions.iloc[0]
    assert found["verdict"] == AGAINST
    assert found["outcome"] == "outcomes of training rows do not show it"


def test_the_picture_tells_of_missing_values_where_there_are_some_and_has_one_scale():
    case = line_case(300)
    evidence = evidence_on(case, LinearRegression(), partial_dependence_rows=20)
    found = partial_dependence(evidence, case.schema.feature_names)
    figure = partial_dependence_figure(found, "Prediction")
    missing = (found.curves["value_label"] == MISSING).any()
    assert ("dotted" in figure._suptitle.get_text()) == missing
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    curves = found.curves[(found.curves["value_label"] != MISSING).to_numpy()]
    known = type(found)(curves, found.lines.head(0), found.row_count)
    assert "dotted" not in partial_dependence_figure(known, "Prediction")._suptitle.get_text()
