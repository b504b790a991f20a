from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from cases import make_case

from assay.batch.sources import BATCH_ROWS, open_files
from assay.errors import DataError, SchemaError
from assay.monitoring import labels_file
from assay.monitoring.labels_file import plain, read_labels
from assay.monitoring.outcome_values import UnknownOutcomes, class_code, read_outcomes
from assay.monitoring.outcomes import open_outcomes


def schema_of(task="binary", ids=("row_key",), dtypes=None, **changes):
    schema = make_case(task).schema
    dtypes = dtypes or dict.fromkeys(ids, "object")
    return replace(schema, id_columns=tuple(ids), carried_dtypes=dtypes, **changes)


def written(path, table):
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_parquet(path)
    return path


def outcomes_of(opened, source, size=BATCH_ROWS):
    """Everything that a batch gives, read in pieces."""
    keys, values, first = [], [], 0
    for batch in source.batches(opened.columns, plain(opened.schema)):
        for start in range(0, batch.table.num_rows, size):
            piece = batch.table.slice(start, size)
            columns = {name: piece.column(name) for name in opened.columns}
            got = opened.keys_and_outcomes(columns, first)
            first += piece.num_rows
            keys.append(got[0])
            values.append(got[1])
    opened.check()
    return np.concatenate(keys), np.concatenate(values)


def joined(tmp_path, schema, batch, labels, batch_as="batch.parquet", labels_as="labels.csv"):
    source = open_files(written(tmp_path / batch_as, batch), BATCH_ROWS)
    opened = open_outcomes(None, written(tmp_path / labels_as, labels), schema, source)
    return opened, outcomes_of(opened, source)


def test_outcomes_meet_their_rows_whatever_the_types_of_ids(tmp_path):
    numbers = pd.DataFrame({"row_key": [7, 8, 9, 10]})
    texts = pd.DataFrame({"row_key": ["007", "8.0", "+9", "11"], "outcome": [1, 0, 1, 0]})
    for ending in ("csv", "jsonl", "parquet"):
        for dtype in ("int64", "object"):
            schema = schema_of(dtypes={"row_key": dtype})
            _, (_, values) = joined(tmp_path, schema, numbers, texts, labels_as=f"labels.{ending}")
            np.testing.assert_array_equal(values, [1, 0, 1, np.nan])


def test_texts_of_digits_are_no_numbers_where_training_had_texts(tmp_path):
    batch = pd.DataFrame({"row_key": ["007", "7", " 8 ", None]})
    labels = pd.DataFrame({"row_key": ["007", "8"], "outcome": ["True", "no"]})
    schema = schema_of(labels=("no", "True"))
    _, (_, values) = joined(tmp_path, schema, batch, labels)
    np.testing.assert_array_equal(values, [1, np.nan, 0, np.nan])


def test_several_id_columns_join_together(tmp_path):
    ids = ("plane", "day")
    schema = schema_of(ids=ids, dtypes={"plane": "object", "day": "datetime64[us]"})
    days = pd.to_datetime(["2024-01-01", "2024-01-02"]).astype("datetime64[us]")
    batch = pd.DataFrame({"plane": ["a|b", "a|b", "c"], "day": [*days, days[0]]})
    labels = pd.DataFrame(
        {"day": ["2024-01-02", "2024-01-01"], "outcome": [1, 0], "plane": ["a|b", "c"]}
    )
    _, (keys, values) = joined(tmp_path, schema, batch, labels)
    np.testing.assert_array_equal(values, [np.nan, 1, 0])
    assert len(set(keys.tolist())) == 3


def test_a_missing_outcome_is_not_there_yet_and_a_later_line_may_tell_it(tmp_path):
    batch = pd.DataFrame({"row_key": ["a", "b", "c"]})
    labels = pd.DataFrame(
        {"row_key": ["a", "b", "a", "a", None], "outcome": [None, None, "1", "1", "0"]}
    )
    opened, (_, values) = joined(tmp_path, schema_of(), batch, labels)
    np.testing.assert_array_equal(values, [1, np.nan, np.nan])
    assert opened.unknown == {}


def test_keys_are_those_of_ids_and_of_places_where_there_are_none(tmp_path):
    batch = pd.DataFrame({"row_key": [f"k{n}" for n in range(50)] + [None] * 50})
    source = open_files(written(tmp_path / "batch.parquet", batch), BATCH_ROWS)
    keys, values = outcomes_of(open_outcomes(None, None, schema_of(), source), source, 7)
    assert np.isnan(values).all()
    assert len(set(keys.tolist())) == 100
    back = written(tmp_path / "back.parquet", batch[::-1])
    again, _ = outcomes_of(
        open_outcomes(None, None, schema_of(), open_files(back, BATCH_ROWS)),
        open_files(back, BATCH_ROWS),
    )
    assert set(keys[:50].tolist()) < set(again.tolist())


def test_of_too_many_outcomes_those_of_the_batch_are_kept(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    names = np.array([f"k{number}" for number in range(60_000)])
    table = pd.DataFrame({"row_key": names, "outcome": rng.integers(0, 2, 60_000)})
    schema = schema_of()
    batch = table.sample(900, random_state=1)[["row_key"]]
    source = open_files(written(tmp_path / "batch.csv", batch), BATCH_ROWS)
    path = written(tmp_path / "labels.parquet", table)
    monkeypatch.setattr(labels_file, "KEPT", 1_000)
    opened = read_labels(path, schema, source, kept=1_000)
    assert (opened.row_count, opened.id_count, opened.kept_below) == (60_000, 900, None)
    wanted = table.set_index("row_key")["outcome"]
    few = read_labels(path, schema, source, kept=300)
    assert few.id_count == 300
    assert few.kept_below == few.hashes[-1]
    # The rows with the smallest keys have their outcomes.
    every = open_outcomes(None, path, schema, source)
    keys, values = outcomes_of(every, source)
    np.testing.assert_array_equal(values, wanted[batch["row_key"]].to_numpy())
    known = few.of(keys, np.ones(900, dtype=bool))
    np.testing.assert_array_equal(known.named, keys <= np.sort(keys)[299])
    np.testing.assert_array_equal(known.values[known.named], values[known.named])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            {"row_key": ["a", "b", "a"], "outcome": [1, 0, 0]},
            "names 1 row more than once .*row_key='a'",
        ),
        ({"row_key": ["x", "y"], "outcome": [1, 0]}, "none of the 3 rows .* row_key='x'.*'a'"),
        ({"row_keys": ["a"], "outcome": [1]}, r"no column 'row_key' \(nearest: row_keys\)"),
        ({"row_key": ["a"], "result": [1]}, "no column 'outcome'.* the target"),
        (
            {"row_key": ["a", "b"], "outcome": ["good", "bad"]},
            "none of 2 outcomes .* got bad, good, expected 0, 1",
        ),
    ],
)
def test_a_table_of_outcomes_that_cannot_be_theirs_is_refused(tmp_path, labels, message):
    batch = pd.DataFrame({"row_key": ["a", "b", "c"]})
    with pytest.raises((DataError, SchemaError), match=message):
        joined(tmp_path, schema_of(), batch, pd.DataFrame(labels))


def test_a_model_without_ids_cannot_look_outcomes_up(tmp_path):
    schema = schema_of(ids=())
    batch = pd.DataFrame({"signal": [1.0]})
    with pytest.raises(SchemaError, match="the model has no id columns"):
        joined(tmp_path, schema, batch, pd.DataFrame({"outcome": [1]}))


@pytest.mark.parametrize(
    ("column", "message"),
    [("aftermaths", "no column 'aftermaths'. Nearest: aftermath"), ("signal", "is a feature")],
)
def test_a_column_of_outcomes_must_be_one(tmp_path, column, message):
    batch = pd.DataFrame({"row_key": ["a"], "aftermath": [1], "signal": [0.5]})
    source = open_files(written(tmp_path / "batch.csv", batch), BATCH_ROWS)
    with pytest.raises(SchemaError, match=message):
        open_outcomes(column, None, schema_of(), source)


def test_values_that_are_no_class_are_counted_and_alarm(tmp_path):
    values = ["1", "0", "x", "", "x", "<script>", "NaN", "1.0"] * 20
    batch = pd.DataFrame({"row_key": range(160), "late": values})
    source = open_files(written(tmp_path / "batch.csv", batch), BATCH_ROWS)
    opened = open_outcomes("late", None, schema_of(), source)

    pieces = []
    for batch in source.batches(opened.columns, plain(opened.schema)):
        for start in range(0, 160, 16):
            piece = batch.table.slice(start, 16)
            pieces.append(({n: piece.column(n) for n in opened.columns}, start))
    with ThreadPoolExecutor(4) as pool:
        read = [*pool.map(lambda each: opened.keys_and_outcomes(*each)[1], pieces)]
    opened.check()
    outcome = np.concatenate(read)
    assert np.isnan(outcome).sum() == 100
    assert opened.unknown == {"<script>": 20, "x": 40}
    (check,) = opened.checks()
    assert "outcome 'x' is no class of the model in 40 rows" in check.sentence
    assert check.effect == 60 / 120 > check.alarm_from
    assert check.p_value == 0


def test_unknown_values_are_counted_alike_in_any_order():
    counts = [{f"v{number:03d}": number % 7 + 1} for number in range(200)]
    orders = [np.random.default_rng(seed).permutation(200) for seed in range(3)]
    told = []
    for order in orders:
        unknown = UnknownOutcomes()
        for place in order:
            unknown.add(counts[place])
        told.append(unknown.told())
    assert told[0] == told[1] == told[2]
    assert sum(told[0].values()) == sum(number % 7 + 1 for number in range(200))


@pytest.mark.parametrize(
    ("labels", "value", "code"),
    [
        ((False, True), "TRUE", 1), ((False, True), "0", 0), ((False, True), 1, 1),
        ((False, True), 1.0, 1), ((0, 1), True, 1), ((0, 1), "true", 1), ((0, 1), "1.0", 1),
        ((0, 1), 2, None), ((0, 1), "", None), ((0.5, 1.5), "1.50", 1), (("no", "yes"), " yes ", 1),
        (("no", "yes"), "Yes", None), (("1", "2"), 2, 1), (("1", "2"), 2.0, 1),
        (("NA", "EU"), "NA", 0), ((0, 1), "1_0", None), ((0, 10), "1_0", None),
        ((1, 2), "1e400", None),
    ],
)  # fmt: skip
def test_a_value_means_the_class_that_training_had(labels, value, code):
    assert class_code(value, labels) == code


def test_missing_values_and_dictionaries_are_read():
    schema = schema_of("multiclass")
    column = pa.array(["low", None, "mid", "NA", "high", "huge"]).dictionary_encode()
    read = read_outcomes(column, schema, "it")
    np.testing.assert_array_equal(read.values, [1, np.nan, 2, np.nan, 0, np.nan])
    assert read.counts() == {"huge": 1}
    assert np.isnan(read_outcomes(pa.nulls(3), schema, "it").values).all()


def test_numbers_are_read_from_texts_and_infinite_ones_are_none():
    schema = schema_of("regression")
    read = read_outcomes(pa.array(["1.5", "", "many", "inf", None]), schema, "it")
    np.testing.assert_array_equal(read.values, [1.5, np.nan, np.nan, np.nan, np.nan])
    assert read.counts() == {"inf": 1, "many": 1}
    with pytest.raises(SchemaError, match=r"it holds .*expected numbers"):
        read_outcomes(pa.array([[1]]), schema, "it")
