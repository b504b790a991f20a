"""Files that are what the manifest says, and nonsense all the same."""

from copy import deepcopy

import pytest
from conftest import TASKS

from assay.calibration.maps import Clip, Identity, PerClass, Sigmoid, Temperature
from assay.contents import calibrator_of, contract_of, decision_of, meta_of
from assay.errors import ArtifactError

LABELS = {"binary": [0, 1], "multiclass": ["low", "mid", "high"], "regression": []}


def contract_document(task="binary"):
    return {
        "schema": {
            "unit": "case",
            "task": task,
            "target": "outcome",
            "labels": LABELS[task],
            "id_columns": ["key"],
            "passthrough_columns": [],
            "time_column": "moment",
            "group_column": None,
            "carried_dtypes": {"key": "object", "moment": "datetime64[ns]"},
            "excluded": {"aftermath": "known later"},
            "features": [
                {"name": "signal", "kind": "numeric", "source_dtype": "float64"},
                {"name": "kind", "kind": "categorical", "source_dtype": "object"},
            ],
        },
        "categories": {"kind": ["a", "b"]},
        "ranges": {"signal": [-2, 3.5]},
    }


DECISIONS = {
    "binary": {"kind": "threshold", "threshold": 0.25, "labels": [0, 1]},
    "multiclass": {
        "kind": "most_probable_class", "min_confidence": 0, "labels": ["low", "mid", "high"],
    },
    "regression": {
        "kind": "interval", "coverage": 0.9, "edges": [1, 2.5], "low": [-1, -2, -3.0],
        "high": [1, 2, 3], "limits": [0, None], "rationale": "from residuals",
    },
}  # fmt: skip


QUANTILE = {"level": 0.75, "edges": [2.0], "shift": [1.0, 2.0]}


def schema(task="binary"):
    return contract_of(contract_document(task), "c").schema


@pytest.mark.parametrize("task", TASKS)
def test_what_makes_sense_is_read(task):
    contract = contract_of(contract_document(task), "input_schema.json")
    assert contract.schema.labels == tuple(LABELS[task])
    assert contract.schema.feature_names == ["signal", "kind"]
    assert decision_of(DECISIONS[task], contract.schema, "d") == DECISIONS[task]
    if task == "regression":
        decision = DECISIONS[task] | {"quantile": QUANTILE}
        assert decision_of(decision, contract.schema, "d") == decision
    assert meta_of({"run_id": "x", "more": 1}, "m") == {"run_id": "x", "more": 1}


def test_members_of_a_later_assay_are_ignored_everywhere():
    document = contract_document()
    later = {"colour": {"of": ["a", "later"]}}
    for part in (document, document["schema"], *document["schema"]["features"]):
        part.update(later)
    contract = contract_of(document, "c")
    assert contract == contract_of(contract_document(), "c")
    assert decision_of(DECISIONS["binary"] | later, contract.schema, "d")["threshold"] == 0.25
    sigmoid = {"method": "sigmoid", "slope": 1, "intercept": 0.5, **later}
    assert calibrator_of(sigmoid, contract.schema, "k") == Sigmoid(1, 0.5)
    assert meta_of(later | {"run_id": "x"}, "m") == later | {"run_id": "x"}


def changed(document, path, value):
    """Return a copy with one member changed; `...` takes it away."""
    copy = deepcopy(document)
    *parents, last = path
    inner = copy
    for key in parents:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return copy


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["schema"], ..., "schema: Field required"),
        (["schema"], None, "schema: Input should be"),
        (["categories"], ["a"], "categories: Input should be a valid dict"),
        (["categories"], {}, "no categories or range of: kind"),
        (["categories", "kind"], [1], "categories.kind.0: Input should be a valid string"),
        (["ranges", "signal"], [1], "ranges.signal: List should have at least 2 items"),
        (["ranges", "signal"], ["low", "high"], "ranges.signal.0: .*; ranges.signal.1: "),
        (["ranges"], {}, "no categories or range of: signal"),
        (["schema", "task"], "ranking", "schema.task: Input should be 'binary', 'multiclass'"),
        (["schema", "task"], "regression", "2 labels do not suit regression"),
        (["schema", "labels"], [0, 1, 2], "3 labels do not suit binary"),
        (["schema", "labels"], "01", "schema.labels: Input should be a valid list"),
        (["schema", "features"], [], "schema.features: List should have at least 1 item"),
        (["schema", "features"], "signal", "schema.features: Input should be a valid list"),
        (["schema", "features", 0], "signal", "schema.features.0: Input should be a valid dict"),
        (["schema", "features", 0, "kind"], "time", "schema.features.0.kind: Input should be 'num"),
        (["schema", "features", 0, "name"], "kind", "a column has more than one role"),
        (["schema", "features", 0, "name"], "outcome", "a column has more than one role"),
        (["schema", "target"], 7, "schema.target: Input should be a valid string"),
        (["schema", "carried_dtypes"], ["key"], "schema.carried_dtypes: Input should be"),
        (["schema", "time_column"], ..., "schema.time_column: Field required"),
    ],
)
def test_a_contract_without_sense_is_refused_by_place(path, value, message):
    with pytest.raises(ArtifactError, match=f"^c.json does not hold what it should .*{message}"):
        contract_of(changed(contract_document(), path, value), "c.json")


def with_times():
    """Return a contract of a time with a part and an age, and of a duration."""
    document = contract_document()
    part = {"source": "born", "source_dtype": "date", "reference": None, "reference_dtype": None}
    age = {"part": "age_days", "reference": "moment", "reference_dtype": "datetime64[ns]"}
    document["schema"]["features"] += [
        {"name": "born.weekday", "kind": "categorical", **part, "part": "weekday"},
        {"name": "born.age_days", "kind": "numeric", **part, **age},
        {"name": "took", "kind": "numeric", **part, "source": "took", "part": None,
         "source_dtype": "timedelta64[ns]"},
    ]  # fmt: skip
    document["categories"]["born.weekday"] = ["Monday"]
    document["ranges"] |= {"born.age_days": [0, 1], "took": [0, 1]}
    return document


def test_parts_of_times_are_read_with_what_they_are_made_of():
    schema = contract_of(with_times(), "c").schema
    assert schema.feature_names[2:] == ["born.weekday", "born.age_days", "took"]
    assert schema.input_columns == ["signal", "kind", "born", "took", "moment"]
    assert contract_of(contract_document(), "c").schema.input_columns == ["signal", "kind"]


FEATURE = ["schema", "features"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ([*FEATURE, 0, "source"], "other", "'signal' is another column than its source"),
        ([*FEATURE, 0, "source"], 7, "features.0.source: Input should be a valid string"),
        ([*FEATURE, 0, "source_dtype"], "datetime64[ns]", "'signal' is a time, and no part of one"),
        ([*FEATURE, 0, "part"], "month", "'signal' is a part of float64, which is no time"),
        ([*FEATURE, 2, "part"], "year", "features.2.part: Input should be 'month', 'day'"),
        ([*FEATURE, 2, "part"], "hour", "is not named for its source and its part hour"),
        ([*FEATURE, 2, "kind"], "numeric", "is numeric, which weekday is not"),
        ([*FEATURE, 2, "name"], "weekday", "is not named for its source"),
        ([*FEATURE, 2, "source"], "died", "is not named for its source"),
        ([*FEATURE, 2, "source_dtype"], "object", "is a part of object, which is no time"),
        ([*FEATURE, 2, "reference"], "moment", "a reference without an age"),
        ([*FEATURE, 3, "reference"], None, "an age without a reference"),
        ([*FEATURE, 3, "reference_dtype"], "int64", "is counted to moment, which is no time"),
        ([*FEATURE, 3, "reference_dtype"], ..., "is counted to moment, which is no time"),
        ([*FEATURE, 3, "reference"], "outcome", "made of a column that has another role"),
        ([*FEATURE, 3, "reference"], "aftermath", "made of a column that has another role"),
        ([*FEATURE, 3, "reference"], "signal", "a column is a feature and a time behind others"),
        (["schema", "target"], "born", "made of a column that has another role"),
        (
            ["schema", "carried_dtypes"],
            {"born": "object"},
            "made of a column that has another role",
        ),
        (["schema", "excluded"], {"born": "late"}, "made of a column that has another role"),
        (["categories"], {"kind": ["a"]}, "no categories or range of: born.weekday"),
    ],
)
def test_a_contract_of_times_without_sense_is_refused_by_place(path, value, message):
    with pytest.raises(ArtifactError, match=f"^c.json does not hold what it should .*{message}"):
        contract_of(changed(with_times(), path, value), "c.json")


@pytest.mark.parametrize("document", [None, [], "text", 7, {}])
def test_files_of_another_shape_are_refused(document):
    for read in (
        lambda: contract_of(document, "f.json"),
        lambda: decision_of(document, schema(), "f.json"),
        lambda: calibrator_of(document, schema(), "f.json"),
    ):
        with pytest.raises(ArtifactError, match=r"^f.json does not hold .* Package the run anew"):
            read()
    with pytest.raises(ArtifactError, match=r"expected an object with a run_id"):
        meta_of(document, "f.json")
    with pytest.raises(ArtifactError, match=r"expected an object with a run_id"):
        meta_of({"run_id": 7}, "f.json")


@pytest.mark.parametrize(
    ("task", "path", "value", "message"),
    [
        ("binary", ["threshold"], "high", "threshold: Input should be a valid number"),
        ("binary", ["threshold"], True, "threshold: Input should be a valid number"),
        ("binary", ["threshold"], float("inf"), "threshold: Input should be a finite number"),
        ("binary", ["threshold"], ..., "threshold: Field required"),
        ("binary", ["kind"], "interval", "kind: Input should be 'threshold'"),
        ("binary", ["labels"], [1, 0], "its labels are not those of the input schema"),
        ("binary", ["labels"], [False, True], "its labels are not those of the input schema"),
        ("binary", ["labels"], [0], "its labels are not those of the input schema"),
        ("multiclass", ["min_confidence"], None, "min_confidence: Input should be a valid number"),
        ("multiclass", ["labels"], ["low", "high"], "its labels are not those of the input"),
        ("regression", ["coverage"], 1.5, "coverage: Input should be less than 1"),
        ("regression", ["low"], [1.0], "low and high need one number more than edges"),
        ("regression", ["edges"], [2, 1], "edges must ascend"),
        ("regression", ["edges"], [1, "2"], "edges.1: Input should be a valid number"),
        ("regression", ["limits"], [0], "limits: List should have at least 2 items"),
        ("regression", ["rationale"], ..., "rationale: Field required"),
        (
            "regression",
            ["quantile"],
            QUANTILE | {"level": 2},
            "quantile.level: Input should be less",
        ),
        ("regression", ["quantile"], QUANTILE | {"shift": [1]}, "shift needs one number more than"),
        ("regression", ["quantile"], QUANTILE | {"edges": [2, 1]}, "shift needs one number more"),
        (
            "regression",
            ["quantile"],
            {"level": 0.5, "edges": [2, 1], "shift": [0, 0, 0]},
            "edges must ascend",
        ),
    ],
)
def test_a_decision_without_sense_is_refused_by_place(task, path, value, message):
    with pytest.raises(ArtifactError, match=f"^d.json does not hold what it should .*{message}"):
        decision_of(changed(DECISIONS[task], path, value), schema(task), "d.json")


SIGMOID = {"method": "sigmoid", "slope": 1.5, "intercept": 0}
ISOTONIC = {"method": "isotonic", "score_knots": [0, 1], "probability_knots": [0.1, 0.9]}


@pytest.mark.parametrize(
    ("task", "document", "calibrator"),
    [
        ("binary", {"method": "none"}, Identity()),
        ("binary", SIGMOID, Sigmoid(1.5, 0)),
        ("multiclass", {"method": "temperature", "temperature": 2}, Temperature(2)),
        (
            "multiclass",
            {"method": "per_class", "calibrators": [SIGMOID, {"method": "none"}, SIGMOID]},
            PerClass((Sigmoid(1.5, 0), Identity(), Sigmoid(1.5, 0))),
        ),
        ("regression", {"method": "clip", "low": 0, "high": None}, Clip(0, None)),
    ],
)
def test_the_calibrators_of_a_task_are_read(task, document, calibrator):
    assert calibrator_of(document, schema(task), "k") == calibrator


@pytest.mark.parametrize(
    ("task", "document", "message"),
    [
        ("binary", {"method": "magic"}, "does not match any of the expected tags"),
        ("binary", {"method": "clip", "low": 0, "high": 1}, "does not match any of the expected"),
        ("binary", {"slope": 1}, "Unable to extract tag"),
        ("binary", {**SIGMOID, "slope": "steep"}, "slope: Input should be a valid number"),
        ("binary", {**SIGMOID, "slope": float("nan")}, "slope: Input should be a finite number"),
        ("binary", {**ISOTONIC, "score_knots": []}, "score_knots: List should have at least 1"),
        ("binary", {**ISOTONIC, "score_knots": [1, 0]}, "score_knots must ascend"),
        ("binary", {**ISOTONIC, "score_knots": [0, 0.5, 1]}, "differ in length"),
        ("multiclass", SIGMOID, "does not match any of the expected tags"),
        ("multiclass", {"method": "temperature", "temperature": 0}, "should be greater than 0"),
        ("multiclass", {"method": "per_class", "calibrators": [SIGMOID]}, "3 classes need a"),
        ("regression", SIGMOID, "does not match any of the expected tags"),
        ("regression", {"method": "clip", "low": "0", "high": None}, "low: Input should be"),
    ],
)
def test_a_calibrator_without_sense_is_refused(task, document, message):
    with pytest.raises(ArtifactError, match=f"^k.json does not hold what it should .*{message}"):
        calibrator_of(document, schema(task), "k.json")
