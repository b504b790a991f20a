import pytest
from conftest import ROOT, make_params, read_yaml

from assay.errors import ParamsError
from assay.params import Params, parse_params, section_names
from assay.sections import TASK_METRICS


def refusal(document) -> str:
    with pytest.raises(ParamsError, match=r"params\.yaml") as caught:
        parse_params(document)
    return str(caught.value)


def test_the_bundled_params_are_valid():
    assert isinstance(parse_params(read_yaml(ROOT / "params.yaml")), Params)


def test_sections_have_the_names_of_the_file():
    assert section_names() == list(read_yaml(ROOT / "params.yaml"))


def test_a_value_out_of_range_is_answered_with_its_interval(raw_params):
    raw_params["threshold"]["min_precision"] = 1.2
    assert refusal(raw_params) == (
        "params.yaml: threshold.min_precision must be in [0, 1], got 1.2"
    )


def test_open_ends_and_single_bounds(raw_params):
    raw_params["split"]["holdout_fraction"] = 1
    raw_params["split"]["embargo_days"] = -1
    text = refusal(raw_params)
    assert "split.holdout_fraction must be in (0, 1), got 1" in text
    assert "split.embargo_days must be at least 0, got -1" in text


def test_a_misspelt_key_is_answered_with_the_nearest_and_the_missing_one(raw_params):
    raw_params["threshold"]["min_precison"] = raw_params["threshold"].pop("min_precision")
    text = refusal(raw_params)
    assert text.startswith("2 faults:")
    assert "threshold.min_precison is not a known key; nearest: min_precision" in text
    assert "threshold.min_precision is missing" in text


def test_a_misspelt_section(raw_params):
    raw_params["trian"] = raw_params.pop("train")
    text = refusal(raw_params)
    assert "trian is not a known key; nearest: train" in text
    assert "train is missing" in text


def test_an_unknown_model_name_lists_the_known(raw_params):
    raw_params["train"]["candidates"] = ["logistic", "lightgmb"]
    text = refusal(raw_params)
    assert "train.candidates[1] must be one of" in text
    assert "'lightgbm'" in text
    assert "got 'lightgmb'" in text


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("task", "seed", "7", "a whole number, got '7'"),
        ("task", "seed", 7.5, "a whole number, got 7.5"),
        ("package", "refit", "no", "true or false, got 'no'"),
        ("data", "target", None, "a text, got None"),
        ("data", "id_columns", "flight_id", "a list, got 'flight_id'"),
        ("train", "candidates", [], "a list that is not empty, got []"),
        ("split", "embargo_days", float("inf"), "finite"),
    ],
)
def test_types_are_strict(raw_params, section, key, value, expected):
    raw_params[section][key] = value
    text = refusal(raw_params)
    assert f"{section}.{key} must be" in text
    assert expected in text


def test_each_excluded_column_needs_a_reason(raw_params):
    raw_params["data"]["exclude_columns"] = {"aftermath": ""}
    assert "data.exclude_columns.aftermath must be a text that is not empty" in refusal(raw_params)


def test_a_label_of_no_known_type_is_reported_once(raw_params):
    raw_params["task"]["positive_label"] = [1]
    assert refusal(raw_params).count("task.positive_label") == 1


def test_a_column_has_one_role(raw_params):
    raw_params["data"]["exclude_columns"] = {"outcome": "it is the target"}
    assert "'outcome' is in target and in exclude_columns" in refusal(raw_params)


def test_the_target_cannot_pass_through(raw_params):
    raw_params["data"]["passthrough_columns"] = ["outcome"]
    assert "'outcome' is in target and in passthrough_columns" in refusal(raw_params)


def test_a_column_is_not_kept_and_excluded(raw_params):
    raw_params["data"]["passthrough_columns"] = ["aftermath"]
    assert "'aftermath' is in exclude_columns and in passthrough_columns" in refusal(raw_params)


@pytest.mark.parametrize("role", ["passthrough_columns", "id_columns", "group_column"])
@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("binary", "score"), ("binary", "threshold"), ("multiclass", "confidence"),
        ("multiclass", "probability_low"), ("regression", "prediction_low"),
        ("regression", "prediction"),
    ],
)  # fmt: skip
def test_no_carried_column_has_the_name_of_a_prediction(task, name, role):
    raw = make_params(task)
    raw["data"][role] = name if role == "group_column" else [name]
    assert f"data: {name!r} is in {role} and is the name of a column" in refusal(raw)
    # It may be a feature, or excluded.
    raw["data"][role] = None if role == "group_column" else []
    raw["data"]["exclude_columns"] = {name: "a model's"}
    assert parse_params(raw).data.exclude_columns


@pytest.mark.parametrize(("task", "name"), [("binary", "confidence"), ("regression", "score")])
def test_names_of_the_predictions_of_other_tasks_are_free(task, name):
    raw = make_params(task)
    raw["data"]["passthrough_columns"] = [name]
    assert parse_params(raw).data.passthrough_columns == [name]


def test_only_features_are_declared_categories(raw_params):
    raw_params["data"]["categorical_columns"] = ["row_key"]
    assert "'row_key' is in id_columns, so it is no feature" in refusal(raw_params)


def test_a_column_that_is_named_twice_is_told_with_its_place_once(raw_params):
    raw_params["evaluate"]["sensitive_columns"] = ["sex", "sex"]
    assert "evaluate.sensitive_columns: names a column twice: sex" in refusal(raw_params)


def test_some_error_costs_something(raw_params):
    raw_params["threshold"]["costs"] |= {"false_positive": 0, "false_negative": 0}
    assert "cannot both cost what being right costs" in refusal(raw_params)


def test_a_cost_may_be_a_column(raw_params):
    raw_params["threshold"]["costs"] |= {"false_negative": "amount", "true_positive": "amount"}
    assert parse_params(raw_params).threshold.costs.columns() == ["amount"]


def test_every_fault_is_told_at_once(raw_params):
    raw_params["split"]["fold_count"] = 1
    raw_params["train"]["trials"] = 0
    raw_params["evaluate"]["gate"]["action"] = "stop"
    text = refusal(raw_params)
    for place in ("split.fold_count", "train.trials", "evaluate.gate.action"):
        assert place in text


@pytest.mark.parametrize("document", [None, [], "text"])
def test_a_file_without_sections_is_refused(document):
    assert "expected sections" in refusal(document)


def test_the_feature_table_is_parquet(raw_params):
    raw_params["data"]["table"] = "data/table.csv"
    assert "data.table must be the path of a Parquet file" in refusal(raw_params)


@pytest.mark.parametrize("task", TASK_METRICS)
def test_every_metric_of_a_type_suits_it_and_no_other(task):
    for name in {name for names in TASK_METRICS.values() for name in names}:
        raw = make_params(task)
        raw["task"]["primary_metric"] = name
        if name in TASK_METRICS[task]:
            assert parse_params(raw).task.primary_metric == name
        else:
            assert f"task.primary_metric {name} is none of {task}; choose from" in refusal(raw)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_only_two_classes_have_a_positive_label(task):
    raw = make_params(task)
    raw["task"]["positive_label"] = "high"
    assert f"task.positive_label must be null, since type is {task}" in refusal(raw)


def test_two_classes_need_a_positive_label(raw_params):
    raw_params["task"]["positive_label"] = None
    assert "positive_label must name a value of the target, since type is binary" in refusal(
        raw_params
    )


@pytest.mark.parametrize("label", [0, False, "", "no"])
def test_any_value_may_be_the_positive_label(raw_params, label):
    raw_params["task"]["positive_label"] = label
    assert parse_params(raw_params).task.positive_label is label


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize(
    ("key", "value"), [("target_transform", "log1p"), ("clip_low", 0.0), ("clip_high", 0.0)]
)
def test_classes_are_neither_transformed_nor_clipped(task, key, value):
    raw = make_params(task)
    raw["task"][key] = value
    assert f"{key} is for regression, and type is {task}" in refusal(raw)


def test_limits_are_in_order():
    raw = make_params("regression")
    raw["task"] |= {"clip_low": 5.0, "clip_high": 5.0}
    assert "clip_low 5.0 must lie below clip_high 5.0" in refusal(raw)
    raw["task"]["clip_high"] = None
    assert parse_params(raw).task.clip_low == 5


@pytest.mark.parametrize(
    ("task", "section", "change", "words"),
    [
        ("binary", "train", {"candidates": ["ridge"]}, "train.candidates: ridge cannot do binary"),
        ("multiclass", "train", {"candidates": ["ridge", "dummy"]}, "ridge cannot do multiclass"),
        ("regression", "train", {"candidates": ["logistic"]}, "logistic cannot do regression"),
        ("regression", "train", {"class_weight": "balanced"}, "must be none for regression"),
        ("regression", "train", {"resampling": "smote"}, "must be none for regression"),
        ("multiclass", "baseline", {"rule": "signal > 1"}, "baseline.rule must be null"),
        ("binary", "calibrate", {"methods": ["temperature"]}, "temperature is for multiclass"),
        ("regression", "calibrate", {"methods": ["temperature"]}, "and type is regression"),
    ],
)
def test_what_does_not_suit_the_type_is_refused(task, section, change, words):
    raw = make_params(task)
    parse_params(raw)
    raw[section] |= change
    assert words in refusal(raw)


def test_what_does_not_suit_the_type_is_told_all_at_once():
    raw = make_params("multiclass")
    raw["task"] |= {"type": "regression", "positive_label": 1, "clip_low": 2.0, "clip_high": 1.0}
    raw["train"] |= {"candidates": ["logistic"], "class_weight": "balanced"}
    text = refusal(raw)
    for words in (
        "task.primary_metric neg_log_loss is none of regression; choose from neg_root_mean",
        "task.positive_label must be null",
        "task.clip_low 2.0 must lie below clip_high 1.0",
        "logistic cannot do regression",
        "class_weight and train.resampling must be none",
        "temperature is for multiclass, and type is regression",
    ):
        assert words in text


def test_a_candidate_is_named_once(raw_params):
    raw_params["train"]["candidates"] = ["dummy", "logistic", "dummy"]
    assert "train: candidates names a model twice: dummy, logistic, dummy" in refusal(raw_params)


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("train", "engine", "h2o", "one of 'pycaret' or 'sklearn'"),
        ("train", "preset", "quick", "one of 'fast', 'balanced' or 'thorough'"),
        ("train", "budget_seconds", 0, "greater than 0"),
        ("train", "tune_top", -1, "at least 0"),
        ("threshold", "accept_accuracy", 1.5, "in [0, 1]"),
        ("threshold", "interval_coverage", 1.0, "in (0, 1)"),
        ("threshold", "interval_bins", 0, "at least 1"),
        ("baseline", "ridge_alpha", 0, "greater than 0"),
        ("calibrate", "methods", ["platt"], "one of 'sigmoid', 'isotonic' or 'temperature'"),
    ],
)
def test_the_keys_of_searches_and_decisions_have_their_limits(
    raw_params, section, key, value, expected
):
    raw_params[section][key] = value
    text = refusal(raw_params)
    assert f"{section}.{key}" in text
    assert expected in text
