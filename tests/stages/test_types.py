"""A table of times, durations, amounts and gaps through every stage, then scored from three formats."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import STAGES, inside, make_params, make_table, run_stage, write_project

from assay import artifacts
from assay.batch.job import Wanted
from assay.batch.run import score_file
from assay.bundle import load_bundle
from assay.errors import DataError, SchemaError
from assay.interpretation.reasons import reason_columns
from assay.scoring import Extras, score_table

TIMED = ("called", "zoned", "joined")


def typed_columns(table, seed=3):
    """Return the table with a column of each type, as Arrow has it; the target depends on some."""
    rng, n = np.random.default_rng(seed), len(table)
    seconds = 1_704_000_000 + rng.integers(0, 10**7, n)
    days = 19_000 + (table["outcome"].to_numpy() * 200 + rng.integers(0, 400, n))
    gaps = rng.uniform(size=n) < 0.05

    def array(values, kind):
        return pa.array(values, kind, mask=gaps)

    made = pa.Table.from_pandas(table.drop(columns=["noise"]), preserve_index=False)
    for name, column in {
        "called": array(seconds * 10**6, pa.timestamp("us")),
        "zoned": array(seconds * 10**3, pa.timestamp("ms", "America/New_York")),
        "joined": array(days.astype("int32"), pa.date32()),
        "took": array(rng.integers(0, 10**7, n), pa.duration("ms")),
        "opens": array(rng.integers(0, 86_400, n).astype("int32"), pa.time32("s")),
        "amount": array(np.array([f"{v / 100:.2f}" for v in rng.integers(0, 10**6, n)]), pa.string())
        .cast(pa.decimal128(12, 2)),
        "class": array(rng.choice(["gold", "tin"], n), pa.string()).dictionary_encode(),
        "visits": array(rng.integers(0, 9, n), pa.int64()),
        "member": array(rng.uniform(size=n) < 0.5, pa.bool_()),
        "nothing": pa.nulls(n),
    }.items():  # fmt: skip
        made = made.append_column(name, column)
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    params = make_params()
    params["preprocess"] |= {"datetimes": "parts_and_age", "datetime_reference": "called"}
    params["split"] |= {"strategy": "random"}
    params["baseline"]["rule"] = "`joined.age_days` < 100"
    params["train"] |= {"engine": "sklearn", "candidates": ["logistic", "lightgbm"]}
    folder = write_project(tmp_path_factory.mktemp("types"), make_table(), params)
    # A date and a time with a zone have no common age: the zone stays out of it.
    table = typed_columns(make_table())
    index = table.column_names.index("zoned")
    table = table.set_column(index, "zoned", table["zoned"].cast(pa.timestamp("ms")))
    pq.write_table(table, folder / "data/processed/features.parquet")
    return folder


def test_ages_between_times_with_and_without_a_zone_are_refused(project):
    path = project / "data/processed/features.parquet"
    before = path.read_bytes()
    pq.write_table(typed_columns(make_table()), path)
    try:
        with (
            inside(project),
            pytest.raises(SchemaError, match="'zoned' has a time zone while 'called'"),
        ):
            run_stage("validate")
    finally:
        path.write_bytes(before)


@pytest.fixture(scope="module")
def zoned(tmp_path_factory):
    """A project with all types, whose stages ran."""
    params = make_params()
    params["preprocess"] |= {"datetimes": "parts"}
    params["train"] |= {"engine": "sklearn", "candidates": ["logistic", "lightgbm"]}
    params["baseline"]["rule"] = "`called.hour` > 12"
    folder = write_project(tmp_path_factory.mktemp("zoned"), make_table(), params)
    pq.write_table(typed_columns(make_table()), folder / "data/processed/features.parquet")
    with inside(folder):
        for name in STAGES:
            run_stage(name)
    return folder


@pytest.fixture(scope="module")
def aged(project):
    """A project with ages, whose stages ran."""
    with inside(project):
        for name in STAGES:
            run_stage(name)
    return project


def bundle_of(folder):
    return load_bundle(folder / (folder / "models/registry/latest.txt").read_text().strip())


def new_rows(folder):
    """Return rows that no stage has seen, as a Parquet file would have them."""
    table = typed_columns(make_table(200, seed=9), seed=5).drop_columns(["outcome", "aftermath"])
    if artifacts.read_yaml(folder / "params.yaml")["preprocess"]["datetime_reference"] == "called":
        table = table.set_column(
            table.column_names.index("zoned"), "zoned", table["zoned"].cast(pa.timestamp("ms"))
        )
    return table


def written(table, folder):
    """Write the rows as Parquet, and from it as CSV and as JSON Lines."""
    pq.write_table(table, folder / "new.parquet")
    frame = artifacts.read_table(folder / "new.parquet")
    frame.to_csv(folder / "new.csv", index=False)
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    lines = [json.dumps(record, default=told) for record in records]
    (folder / "new.jsonl").write_text("\n".join(lines))


def told(value):
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@pytest.mark.parametrize("name", ["zoned", "aged"])
def test_every_format_gives_the_same_predictions(name, request, tmp_path):
    folder = request.getfixturevalue(name)
    bundle, rows = bundle_of(folder), new_rows(folder)
    written(rows, tmp_path)
    scores = {}
    for kind in ("parquet", "csv", "jsonl"):
        output = tmp_path / f"out_{kind}.parquet"
        score_file(bundle, tmp_path / f"new.{kind}", output, Wanted(extras=Extras(reasons=3)))
        scored = pd.read_parquet(output)
        assert scored["row_key"].tolist() == rows["row_key"].to_pylist()
        scores[kind] = scored[["score", "prediction", *reason_columns(3)]]
        receipt = json.loads((tmp_path / f"{output.name}.receipt.json").read_text())
        assert receipt["counts"]["coerced"] == {}
    pd.testing.assert_frame_equal(scores["csv"], scores["parquet"])
    pd.testing.assert_frame_equal(scores["jsonl"], scores["parquet"])
    frame = artifacts.read_table(tmp_path / "new.parquet")
    again = score_table(bundle, frame).predictions["score"]
    assert again.tolist() == scores["parquet"]["score"].tolist()
    assert len(set(again)) > 100


def test_parts_are_features_by_their_names(zoned, aged):
    parts = bundle_of(zoned).contract.schema.feature_names
    assert [name for name in parts if "." in name] == [
        *("called.month", "called.day", "called.weekday", "called.hour"),
        *("zoned.month", "zoned.day", "zoned.weekday", "zoned.hour"),
        *("joined.month", "joined.day", "joined.weekday"),
    ]
    ages = [f.name for f in bundle_of(aged).contract.schema.features if f.part == "age_days"]
    assert ages == ["zoned.age_days", "joined.age_days"]
    assert "nothing" not in parts
    assert "joined.weekday" in (aged / "reports/tables/importance.csv").read_text()


def test_what_is_missing_and_at_fault_is_told_by_the_users_column(aged, tmp_path):
    bundle, rows = bundle_of(aged), new_rows(aged)
    pq.write_table(rows.drop_columns(["joined"]), tmp_path / "new.parquet")
    with pytest.raises(SchemaError, match="1 required column is missing: joined"):
        score_file(bundle, tmp_path / "new.parquet", tmp_path / "out.parquet")
    written(rows, tmp_path)
    frame = pd.read_csv(tmp_path / "new.csv", dtype=str)
    frame.loc[[3, 7], "joined"] = ["03/04/2024", "2024-03-04T00:00:00Z"]
    frame.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(
        DataError, match=r"joined: not a time in 1 row \(row 4: '03/04/2024'\)"
    ) as caught:
        score_file(bundle, tmp_path / "new.csv", tmp_path / "out.parquet")
    assert "joined: zone mismatch in 1 row (row 8: " in str(caught.value)
    score_file(
        bundle, tmp_path / "new.csv", tmp_path / "out.parquet", Wanted(bad_rows="quarantine")
    )
    rejected = pd.read_parquet(tmp_path / "out.parquet.rejected.parquet")
    assert rejected["rejected_column"].tolist() == ["joined", "joined"]
    assert rejected["rejected_reason"].tolist() == ["not_a_time", "zone_mismatch"]


def test_files_of_a_folder_may_tell_times_in_ways_of_their_own(zoned, tmp_path):
    bundle, rows = bundle_of(zoned), new_rows(zoned)
    pq.write_table(rows, tmp_path / "whole.parquet")
    score_file(bundle, tmp_path / "whole.parquet", tmp_path / "whole_out.parquet")
    folder = tmp_path / "parts"
    folder.mkdir()
    pq.write_table(rows.slice(0, 50), folder / "a.parquet")
    other = rows.slice(50)
    for name, change in {
        "zoned": lambda c: c.cast(pa.timestamp("us", "Asia/Tokyo")),
        "called": lambda c: pa.chunked_array([[v and str(v) for v in c.to_pylist()]]),
        "joined": lambda c: c.cast(pa.timestamp("s")),
        "took": lambda c: c.cast(pa.duration("us")),
        "amount": lambda c: c.cast(pa.string()).cast(pa.float64()),
    }.items():
        other = other.set_column(other.column_names.index(name), name, change(other[name]))
    pq.write_table(other, folder / "b.parquet")
    score_file(bundle, folder, tmp_path / "out.parquet")
    scores = [
        pd.read_parquet(tmp_path / n)["score"].tolist()
        for n in ("out.parquet", "whole_out.parquet")
    ]
    assert scores[0] == scores[1]


def test_a_regression_of_decimals_is_one_of_numbers(tmp_path):
    table = make_table(task="regression")
    amounts = pa.array([f"{value:.2f}" for value in table["outcome"]]).cast(pa.decimal128(9, 2))
    folder = write_project(tmp_path / "p", table, make_params("regression"))
    made = pa.Table.from_pandas(table.drop(columns="outcome"), preserve_index=False)
    made = made.append_column("outcome", amounts)
    pq.write_table(made, folder / "data/processed/features.parquet")
    with inside(folder):
        run_stage("validate")
        typed = pd.read_parquet("data/validated/table.parquet")
    assert typed["outcome"].tolist() == [float(amount.as_py()) for amount in amounts]
