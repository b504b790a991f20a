import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from conftest import ROOT, make_table
from explained import background_of, candidates_of, case_of, fitted, model_of, new_rows, pipeline_of

from assay import artifacts
from assay.interpretation.contributions import Contributions, explained_output, row_explainer
from assay.interpretation.reasons import reason_columns, strongest_reasons
from assay.predictor import raw_predictions
from assay.schema import Feature, model_frame


def row_reasons(pipeline, schema, rows, background, k, codes=None):
    return strongest_reasons(row_explainer(pipeline, schema, background), rows, k, codes)


def reasons_for(task, *names, rows=None, k=3):
    case = case_of(task)
    rows = new_rows(case) if rows is None else rows
    return row_reasons(pipeline_of(task, *names), case.schema, rows, background_of(case), k)


def planted(kind, name):
    """Return a case whose outcome one feature decides, and its model."""
    table = make_table()
    if kind == "number":
        table["outcome"] = (table["signal"].fillna(0) > 0).astype("int64")
    elif kind == "category":
        table["outcome"] = (table["kind"] == "b").astype("int64")
    else:
        rng = np.random.default_rng(3)
        table["signal"] = table["signal"].where(rng.uniform(size=len(table)) > 0.4)
        table["outcome"] = table["signal"].isna().astype("int64")
    case = make_case(table=table)
    return case, fitted(case, model_of(case, name))


DECIDES = {
    "number": ("signal", lambda column: column.fillna(0) > 0),
    "category": ("kind", lambda column: column == "b"),
    "missing": ("signal", lambda column: column.isna()),
}


@pytest.mark.parametrize("name", [name for name in candidates_of("binary") if name != "dummy"])
@pytest.mark.parametrize("kind", list(DECIDES))
def test_the_feature_that_decides_is_the_first_reason(kind, name):
    """Indicators of categories and of missing values count for the user's feature."""
    case, pipeline = planted(kind, name)
    rows = case.holdout[case.schema.feature_names].reset_index(drop=True)
    found = row_reasons(pipeline, case.schema, rows, case.features.head(50), 2)
    feature, raises = DECIDES[kind]
    named = found["reason_1"] == feature
    # Trees that split at random look at other features too.
    assert named.mean() > (0.85 if name == "extra_trees" else 0.95)
    right = (found["reason_1_effect"] > 0) == raises(rows[feature])
    assert right[named].mean() > 0.95
    pd.testing.assert_series_equal(
        found["reason_1_value"].isna()[named], rows[feature].isna()[named], check_names=False
    )


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("binary", ["lightgbm"]),
        ("binary", ["dummy"]),
        ("multiclass", ["logistic"]),
        ("regression", ["random_forest"]),
        ("log1p", ["catboost"]),
        ("binary", ["logistic", "lightgbm"]),
    ],
)
def test_reasons_have_the_same_columns_and_types_whatever_the_rows(task, names, tmp_path):
    rows = new_rows(case_of(task)).head(9)
    found = reasons_for(task, *names, rows=rows, k=6)
    assert list(found) == reason_columns(6)
    types = {name: "float64" if name.endswith("effect") else "string" for name in found}
    assert found.dtypes.astype(str).to_dict() == types
    assert found.index.equals(pd.RangeIndex(9))
    none = reasons_for(task, *names, rows=rows.head(0), k=6)
    assert len(none) == 0
    assert none.dtypes.equals(found.dtypes)
    # The table has four features.
    assert found.filter(regex="reason_[56]").isna().all(axis=None)
    for number in (0, 3, 8):
        alone = reasons_for(task, *names, rows=rows.iloc[[number]], k=6)
        pd.testing.assert_frame_equal(
            alone, found.iloc[[number]].reset_index(drop=True), check_exact=True
        )
    # A part without a reason is written with the types of one that has some.
    for number, part in enumerate((none, found, found.assign(reason_1=pd.NA).astype(types))):
        artifacts.write_table(tmp_path / f"{number}.parquet", part)
    kinds = {
        str(artifacts.read_table(tmp_path / f"{number}.parquet").dtypes.to_dict())
        for number in range(3)
    }
    assert len(kinds) == 1


def test_reason_columns_are_in_order_of_rank():
    assert reason_columns(2) == [
        *("reason_1", "reason_1_value", "reason_1_effect"),
        *("reason_2", "reason_2_value", "reason_2_effect"),
    ]


def test_fewer_than_one_reason_cannot_be_asked_for():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        reasons_for("binary", "lightgbm", k=0)


def test_all_reasons_of_a_row_add_up_to_its_output():
    case, pipeline = case_of("binary"), pipeline_of("binary", "lightgbm")
    rows = new_rows(case)
    found = reasons_for("binary", "lightgbm", rows=rows, k=4)
    explained = row_explainer(pipeline, case.schema, background_of(case)).contributions(rows)
    total = explained.base + found.filter(regex="effect$").sum(axis=1)
    probability = 1 / (1 + np.exp(-total))
    np.testing.assert_allclose(probability, raw_predictions(pipeline, rows), atol=1e-9)


class Fixed:
    """Explains rows with given contributions."""

    def __init__(self, schema, values):
        self.schema, self.values = schema, np.array(values, dtype=float)

    def contributions(self, features, codes=None):
        return Contributions(self.values, np.zeros(len(self.values)))


def fixed_reasons(frame, kinds, values, k=3):
    features = tuple(Feature(name, kind, str(frame[name].dtype)) for name, kind in kinds.items())
    schema = replace(case_of("binary").schema, features=features)
    return strongest_reasons(Fixed(schema, values), model_frame(frame, features), k)


def test_ranks_are_by_absolute_effect_then_by_the_order_of_features():
    frame = pd.DataFrame({"a": [1.0, 1, 1], "b": [2.0, 2, 2], "c": [3.0, 3, 3]})
    found = fixed_reasons(
        frame, dict.fromkeys("abc", "numeric"), [[0.5, -2, 1], [1, -1, 1], [0, 0, -0.1]]
    )
    assert found["reason_1"].tolist() == ["b", "a", "c"]
    assert found["reason_2"].tolist() == ["c", "b", pd.NA]
    assert found["reason_3"].tolist() == ["a", "c", pd.NA]
    assert found["reason_1_effect"].tolist() == [-2, 1, -0.1]
    assert found["reason_1_value"].tolist() == ["2", "1", "3"]
    # What has no effect is no reason.
    assert found.loc[2].isna().sum() == 6


def test_values_are_told_as_a_file_would_have_them():
    frame = pd.DataFrame(
        {
            "share": [0.1, -2.0, np.nan],
            "flag": [True, False, True],
            "code": [7.0, np.nan, 12.0],
            "name": ["x", None, "50"],
            "sure": pd.array([True, None, False], dtype="boolean"),
        }
    )
    kinds = {
        "share": "numeric",
        "flag": "numeric",
        "code": "categorical",
        "name": "categorical",
        "sure": "numeric",
    }
    found = fixed_reasons(frame, kinds, [[5, 4, 3, 2, 1]] * 3, k=5)
    texts = {
        names[0]: found[f"reason_{rank}_value"].tolist()
        for rank, names in enumerate(zip(kinds, strict=True), start=1)
    }
    assert texts == {
        "share": ["0.1", "-2", pd.NA],
        "flag": ["True", "False", "True"],
        "code": ["7", pd.NA, "12"],
        "name": ["x", pd.NA, "50"],
        "sure": ["True", pd.NA, "False"],
    }


def test_an_unknown_category_is_told_as_it_came():
    found = reasons_for("binary", "logistic", k=4)
    texts = [
        found.loc[2, f"reason_{rank}_value"]
        for rank in range(1, 5)
        if found.loc[2, f"reason_{rank}"] == "kind"
    ]
    assert texts == ["unheard of"]


def effect_of(feature, found, k):
    """Return the effect of a feature by row, whichever its rank; NaN where it is no reason."""
    effects = pd.Series(np.nan, index=found.index)
    for rank in range(1, k + 1):
        effects = effects.where(found[f"reason_{rank}"] != feature, found[f"reason_{rank}_effect"])
    return effects


def test_of_many_classes_the_reasons_are_those_of_the_class_that_is_asked_for():
    case, pipeline = case_of("multiclass"), pipeline_of("multiclass", "logistic")
    rows = new_rows(case)
    # The signal is least in the rows called "high" and greatest in those called "mid".
    least, greatest = (
        effect_of(
            "signal",
            row_reasons(
                pipeline, case.schema, rows, background_of(case), 4, np.full(len(rows), code)
            ),
            4,
        )
        for code in (case.schema.labels.index("high"), case.schema.labels.index("mid"))
    )
    known = rows["signal"].notna()
    assert (np.sign(least) == -np.sign(greatest))[known].all()
    above = rows["signal"] > rows["signal"].quantile(0.7)
    assert (greatest[above] > 0).all()


OUTPUTS = [
    ("binary", ["lightgbm"], "log-odds of outcome = 1"),
    ("binary", ["extra_trees"], "probability of outcome = 1"),
    ("binary", ["logistic", "lightgbm"], "probability of outcome = 1"),
    ("multiclass", ["xgboost"], "score of the predicted class of outcome"),
    ("multiclass", ["random_forest"], "probability of the predicted class of outcome"),
    ("regression", ["ridge"], "outcome"),
    ("log1p", ["hist_gradient_boosting"], "log1p of outcome"),
    ("log1p", ["ridge", "lightgbm"], "outcome"),
]


@pytest.mark.parametrize(("task", "names", "phrase"), OUTPUTS)
def test_the_scale_of_effects_has_a_name(task, names, phrase):
    assert explained_output(pipeline_of(task, *names), case_of(task).schema) == phrase


def test_the_scale_names_the_positive_label():
    schema = replace(case_of("binary").schema, target="late", labels=("no", "yes"))
    assert explained_output(pipeline_of("binary", "logistic"), schema) == "log-odds of late = yes"


SCORER = """
import sys
for name in ("shap", "matplotlib", "optuna", "pycaret", "dvc", "imblearn"):
    sys.modules[name] = None
from assay.interpretation.reasons import strongest_reasons
from assay.interpretation.contributions import explained_output
"""


def test_reasons_need_no_more_than_a_scorer_has():
    subprocess.run([sys.executable, "-c", SCORER], cwd=ROOT, check=True)
