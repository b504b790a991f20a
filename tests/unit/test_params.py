import pytest
from conftest import ROOT, read_yaml

from assay.errors import ParamsError
from assay.params import Params, parse_params, section_names


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


def test_no_kept_column_has_the_name_of_a_prediction(raw_params):
    raw_params["data"]["passthrough_columns"] = ["score"]
    assert "'score' is in passthrough_columns and is the name of a column" in refusal(raw_params)


def test_only_features_are_declared_categories(raw_params):
    raw_params["data"]["categorical_columns"] = ["row_key"]
    assert "'row_key' is in id_columns, so it is no feature" in refusal(raw_params)


def test_some_error_costs_something(raw_params):
    raw_params["threshold"] |= {"cost_false_positive": 0, "cost_false_negative": 0}
    assert "cannot both be 0" in refusal(raw_params)


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
