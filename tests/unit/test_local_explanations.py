import numpy as np
import pandas as pd
import pytest
from cases import make_case
from signals import evidence_on, signal_case
from sklearn.linear_model import LinearRegression

from assay.errors import ParamsError
from assay.interpretation.local import local_explanations
from assay.metrics.catalogue import row_loss
from assay.plots.labels import plain_number
from assay.schema import ROW


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    features = {"x1": rng.normal(size=300), "on": rng.uniform(size=300) < 0.5}
    features["x1"][::7] = np.nan
    return signal_case(features, 3 * np.nan_to_num(features["x1"]) + rng.normal(size=300))


def test_effects_and_base_add_up_to_the_prediction(case):
    evidence = evidence_on(case, LinearRegression())
    found = local_explanations(evidence)
    assert list(found["why"].unique()) == [
        "highest prediction",
        "lowest prediction",
        "largest loss",
    ]
    for name, row in found.groupby("row"):
        whole = row["base"].iloc[0] + row["effect"].sum()
        assert whole == pytest.approx(row["prediction"].iloc[0], abs=1e-9)
        assert row["rank"].tolist() == [1, 2]
        assert row["effect"].abs().is_monotonic_decreasing
        source = evidence.holdout.rows.set_index("row_key").loc[name]
        assert set(row["value"][row["feature"] == "on"]) == {str(bool(source["on"]))}
        assert float(row["outcome"].iloc[0]) == pytest.approx(source["outcome"])
    by_row = found.drop_duplicates("row").set_index("why")["prediction"]
    assert by_row["highest prediction"] == evidence.holdout.y_predicted.max()
    loss = row_loss("regression", evidence.holdout.y_true, evidence.holdout.y_predicted)
    worst = found[found["why"] == "largest loss"]["row"].iloc[0]
    assert worst == evidence.holdout.rows["row_key"][loss.argmax()]


def test_the_rows_that_are_asked_for_are_explained_in_their_order(case):
    names = case.holdout["row_key"].iloc[[9, 2]].tolist()
    found = local_explanations(evidence_on(case, LinearRegression(), explain_rows=names))
    assert list(dict.fromkeys(found["row"])) == names
    assert set(found["why"]) == {"asked for"}
    missing = case.holdout[case.holdout["x1"].isna()].iloc[0]
    found = local_explanations(
        evidence_on(case, LinearRegression(), explain_rows=[missing["row_key"]])
    )
    assert found[found["feature"] == "x1"]["value"].isna().all()


def test_a_row_without_an_id_goes_by_its_position_in_the_source(case):
    from dataclasses import replace

    unnamed = replace(case, schema=replace(case.schema, id_columns=()))
    row = int(case.holdout[ROW].iloc[3])
    found = local_explanations(evidence_on(unnamed, LinearRegression(), explain_rows=[row]))
    assert set(found["row"]) == {str(row)}


def test_a_row_that_is_none_of_the_holdout_is_refused(case):
    trained = case.train["row_key"].iloc[0]
    with pytest.raises(
        ParamsError, match=f"{trained}, which is in the training set; expected row_key"
    ):
        local_explanations(evidence_on(case, LinearRegression(), explain_rows=[trained]))
    known = case.holdout["row_key"].iloc[0]
    wrong = rf"^interpret.explain_rows names {known}x, which is neither.*such as {known}, which is nearest"
    with pytest.raises(ParamsError, match=wrong):
        local_explanations(evidence_on(case, LinearRegression(), explain_rows=[f"{known}x"]))


def test_every_fault_has_a_sentence_and_a_next_action(case):
    first, second = case.train["row_key"].iloc[:2]
    asked = [first, "zzz", second, "zzz", case.holdout["row_key"].iloc[0], "yyy"]
    with pytest.raises(ParamsError, match="3 faults") as error:
        local_explanations(evidence_on(case, LinearRegression(), explain_rows=asked))
    _, trained, *unknown = str(error.value).splitlines()
    assert f"names {first}, {second}, which are in the training set" in trained
    assert [line.split(",")[0] for line in unknown] == [
        f"  - interpret.explain_rows names {name}" for name in ("zzz", "yyy")
    ]
    assert all(line.endswith("holdout.parquet, or delete the entry.") for line in unknown)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_classes_are_told_by_their_labels(task):
    case = make_case(task)
    found = local_explanations(evidence_on(case))
    labels = {str(label) for label in case.schema.labels}
    assert set(found["outcome"]) <= labels
    if task == "binary":
        assert found["predicted_class"].isna().all()
    else:
        assert set(found["predicted_class"]) <= labels
        assert set(found["why"]) >= {"most certain prediction", "least certain prediction"}
    assert found["prediction"].between(0, 1).all()
    assert pd.api.types.is_float_dtype(found["effect"])


def test_pictures_write_numbers_in_plain_digits():
    shown = [plain_number(value) for value in (1141.6, 0.04321, -12.345, 99.96, 123.4)]
    assert shown == ["1,142", "0.0432", "-12.3", "100", "123"]
    assert plain_number(2e6, sign="+") == "+2,000,000"
    assert plain_number(0.404, sign="+") == "+0.404"
