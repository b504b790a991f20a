"""Feature tables that cannot be read, or that nothing can be learnt from.

A table with errors leaves what was found in it, and no table that a later stage could take.
"""

import os
import shutil
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import inside, make_params, make_table, run_stage, write_project
from corpus import Case, assert_refused, assert_told, each, snapshot, time_limit

from assay.artifacts import read_json
from assay.errors import ArtifactError, DataError, SchemaError

TABLE = make_table()
ARROW = pa.Table.from_pandas(TABLE, preserve_index=False)
ROWS = len(TABLE)
# What a table with errors leaves: the findings.
FOUND = {"metrics", "metrics/validation.json", "reports/readiness.md"}


def written(table, **options):
    """Return a builder of a Parquet file with this table."""

    def build(path):
        arrow = (
            pa.Table.from_pandas(table, preserve_index=False)
            if isinstance(table, pd.DataFrame)
            else table
        )
        pq.write_table(arrow, path, **options)

    return build


def raw(change):
    """Return a builder that changes the bytes of the valid file."""

    def build(path):
        path.write_bytes(change(path.read_bytes()))

    return build


def column(name, values, kind=None):
    """Return a builder of the table with other values in a column, or with one more."""
    made = values if isinstance(values, pa.Array) else pa.array(values, kind)
    if name in ARROW.column_names:
        return written(ARROW.set_column(ARROW.column_names.index(name), name, made))
    return written(ARROW.append_column(name, made))


def some(name, value, count=3):
    """Return a builder of the table with another value in the first rows of a column."""
    values = [value] * count + ARROW[name].to_pylist()[count:]
    return column(name, values, pa.float64() if isinstance(value, float) else None)


def place(make):
    """Return a builder that puts something else in the place of the file."""

    def build(path):
        path.unlink()
        make(path)

    return build


UNREADABLE = [
    Case("no file", place(lambda p: None), ArtifactError, "features.parquet does not exist"),
    Case("zero bytes", raw(lambda b: b""), ArtifactError, "is not a readable parquet file"),
    Case("one byte", raw(lambda b: b[:1]), ArtifactError, "is not a readable parquet file"),
    Case("magic bytes only", raw(lambda b: b"PAR1"), ArtifactError, "is not a readable parquet"),
    Case("magic bytes twice", raw(lambda b: b"PAR1PAR1"), ArtifactError, "is not a readable parquet"),
    Case("cut in the middle", raw(lambda b: b[: len(b) // 2]), ArtifactError, "not a readable parq"),
    Case("cut at the footer", raw(lambda b: b[:-8]), ArtifactError, "is not a readable parquet"),
    Case("cut by one byte", raw(lambda b: b[:-1]), ArtifactError, "is not a readable parquet file"),
    Case("wrong magic bytes", raw(lambda b: b[:-4] + b"PAR2"), ArtifactError, "not a readable parq"),
    Case("an encrypted footer", raw(lambda b: b[:-4] + b"PARE"), ArtifactError, "not a readable parq"),
    Case("a footer without sense", raw(lambda b: b[:-400] + bytes(392) + b[-8:]), ArtifactError,
         "is not a readable parquet file"),
    Case("a length beyond the file", raw(lambda b: b[:-8] + b"\xff\xff\xff\x7fPAR1"), ArtifactError,
         "is not a readable parquet file"),
    Case("pages without sense", raw(lambda b: b[:4] + bytes([255]) * 2_000 + b[2_004:]),
         ArtifactError, "is not a readable parquet file"),
    Case("a CSV file", place(TABLE.to_csv), ArtifactError, "not a readable parquet"),
    Case("a picture", raw(lambda b: b"\x89PNG\r\n\x1a\n" + b), ArtifactError, "not a readable parq"),
    Case("a folder", place(lambda p: p.mkdir()), ArtifactError, "is a folder, expected a file"),
    Case("a link to itself", place(lambda p: p.symlink_to(p.name)), ArtifactError,
         "is a link to no file"),
    Case("a pipe", place(os.mkfifo), ArtifactError, "is a pipe or a device"),
    Case("a column twice", written(ARROW.append_column("noise", ARROW["noise"])), SchemaError,
         "column names must be unique, got more than one of: noise"),
    Case("texts that are no UTF-8",
         column("kind", pa.Array.from_buffers(
             pa.string(), ROWS, [None, pa.py_buffer(np.arange(ROWS + 1, dtype="int32").tobytes()),
                                 pa.py_buffer(b"\xff" * ROWS)])),
         ArtifactError, "is not a readable parquet file.*UTF"),
]  # fmt: skip

STRUCTURE = [
    Case("no rows", written(ARROW.slice(0, 0)), DataError, "the table is empty, expected at least 100"),
    Case("one row", written(ARROW.slice(0, 1)), DataError, "has 1 rows?, expected at least 100"),
    Case("no columns", written(pa.table({})), SchemaError, "'outcome', named in data.target, is not"),
    Case("one column", written(ARROW.select(["outcome"])), SchemaError, "no column is left"),
    Case("no target", written(ARROW.drop_columns("outcome")), SchemaError,
         "'outcome', named in data.target, is not in the table"),
    Case("a renamed target", written(ARROW.rename_columns(
        ["outcom" if n == "outcome" else n for n in ARROW.column_names])), SchemaError,
         "Nearest in the table: outcom"),
    Case("no key", written(ARROW.drop_columns("row_key")), SchemaError, "data.id_columns, is not"),
    Case("a saved index", written(TABLE.rename(columns={"noise": "__index_level_0__"})), SchemaError,
         "is a pandas index that was saved"),
    Case("a reserved name", written(TABLE.rename(columns={"noise": "y_true"})), SchemaError,
         "a name that Assay gives to a column of its own"),
    Case("lists as a feature", column("noise", [[1.0]] * ROWS), SchemaError,
         "feature 'noise' of type object holds nested values, which no model reads"),
    Case("structures as a feature", column("noise", [{"a": 1}] * ROWS), SchemaError,
         "feature 'noise' of type object holds nested values"),
    Case("mappings as a feature", column("noise", [[("a", 1)]] * ROWS, pa.map_("string", "int64")),
         SchemaError, "feature 'noise' of type object holds nested values"),
    Case("bytes as a feature", column("noise", [b"a"] * ROWS), SchemaError, "'noise' of type object"),
    Case("lists as a target", column("outcome", [[1]] * ROWS), SchemaError, "column 'outcome' of type"),
    Case("lists as a key", column("row_key", [[1]] * ROWS), SchemaError, "column 'row_key' of type"),
    Case("bytes as a group", column("entity", [b"a"] * ROWS), SchemaError, "column 'entity' of type"),
    Case("texts as times", column("moment", TABLE["moment"].astype(str) + " o'clock"), SchemaError,
         "time_column 'moment' is of type object, expected dates, timestamps, or texts that are all one"),
    Case("times of day as times", column("moment", TABLE["moment"].dt.time), SchemaError,
         "time_column 'moment' is of type object"),
    Case("times that no calendar has", column("noise", np.array([2**45] * ROWS, "datetime64[s]")), DataError,
         "600 times beyond the years 1 to 9999"),
    Case("dates that no calendar has", column("noise", [-10**6] * ROWS, pa.date32()), DataError,
         "600 times beyond the years 1 to 9999, such as -768-02-04"),
    Case("periods as a feature", column("noise", pa.array(pd.period_range("2000", periods=ROWS, freq="D"))),
         SchemaError, "holds periods, which no model reads. Convert it to times"),
    Case("numbers as times", column("moment", np.arange(ROWS)), SchemaError, "is of type int64"),
    Case("nothing but missing features", written(TABLE.assign(
        signal=np.nan, noise=np.nan, count=np.nan, kind=pd.Series([None] * ROWS, dtype=object))),
         DataError, "no feature has a value in any row"),
]  # fmt: skip

CONTENT = [
    Case("a constant target", column("outcome", np.zeros(ROWS)), DataError, "has 1 distinct values"),
    Case("a target of three", column("outcome", np.arange(ROWS) % 3), DataError,
         "has 3 distinct values .*Set task.type to multiclass"),
    Case("a target of many", column("outcome", np.arange(ROWS)), DataError, "regression if it is"),
    Case("missing targets", some("outcome", None), DataError, "missing in 3 of 600 rows"),
    Case("nothing but missing targets", column("outcome", [None] * ROWS, pa.int64()), DataError,
         "missing in 600 of 600 rows"),
    Case("a target without a type", column("outcome", [None] * ROWS, pa.null()), DataError,
         "missing in 600 of 600 rows"),
    Case("NaN among targets", some("outcome", np.nan), DataError, "missing in 3 of 600 rows"),
    Case("infinite targets", some("outcome", np.inf), DataError, "has 3 distinct values"),
    Case("targets as texts", column("outcome", TABLE["outcome"].astype(str)), DataError,
         "positive_label 1 is no value of the target 'outcome', which has '1', '0'"),
    Case("targets as truths", column("outcome", TABLE["outcome"].astype(bool)), DataError,
         "positive_label 1 is no value of the target 'outcome', which has"),
    Case("infinite features", some("noise", -np.inf), DataError, "'noise' is infinite in 3 rows"),
    Case("enormous features", some("noise", 1e300), DataError, r"'noise' is beyond 3\.4e\+38 in 3 rows"),
    Case("missing keys", some("row_key", None), DataError, "has missing values"),
    Case("a key twice", some("row_key", "k00000"), DataError, "the key .*is repeated in [23] rows"),
    Case("missing groups", some("entity", None), DataError, "'entity' is missing in 3 rows"),
    Case("missing times", some("moment", None), DataError, "'moment' is missing in 3 rows"),
    Case("several faults", written(TABLE.assign(outcome=1, noise=np.inf, entity=None)), DataError,
         "^3 faults:"),
]  # fmt: skip


@each(UNREADABLE)
def test_what_cannot_be_read_is_refused(project, case):
    folder = project()
    case.build(folder / "data/processed/features.parquet")
    message = assert_refused(lambda: run_stage("validate"), case, folder)
    assert message.startswith("data/processed/features.parquet")


@each([*STRUCTURE, *CONTENT])
def test_what_cannot_be_learnt_from_is_refused(project, case):
    folder = project()
    case.build(folder / "data/processed/features.parquet")
    before = snapshot(folder)
    with time_limit(), pytest.raises(case.kind, match=f"(?s){case.message}") as caught:
        run_stage("validate")
    assert type(caught.value) is case.kind
    assert_told(str(caught.value))
    after = snapshot(folder)
    assert set(after) - set(before) == FOUND
    assert {name: after[name] for name in before} == before
    assert read_json(folder / "metrics/validation.json")["error_count"] > 0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("noise", pa.array([2**63 - 1] * 300 + [-(2**63)] * 300, pa.int64())),
        ("noise", pa.array([2**64 - 1] * ROWS, pa.uint64())),
        ("noise", pa.array(np.ones(ROWS, dtype="float16"))),
        ("noise", pa.array([None, True] * 300)),
        ("noise", pa.array([None] * ROWS, pa.null())),
        ("kind", ARROW["kind"].combine_chunks().dictionary_encode()),
        ("kind", ARROW["kind"].combine_chunks().cast(pa.large_string())),
        ("moment", ARROW["moment"].combine_chunks().cast(pa.timestamp("us", "Asia/Kathmandu"))),
        ("moment", pa.array([datetime(9999, 1, 1)] * ROWS, pa.timestamp("s"))),
        ("moment", ARROW["moment"].combine_chunks().cast(pa.date32(), safe=False)),
        ("remark", pa.array([-(10**6)] * ROWS, pa.date32())),
        ("remark", pa.array([1001] * ROWS, pa.time64("ns"))),
    ],
    ids=[
        *("int64", "uint64", "float16", "truths", "null", "codes", "large", "zone", "far", "dates"),
        *("far dates", "parts of microseconds"),
    ],
)
def test_uncommon_types_of_columns_are_read(project, name, values):
    folder = project()
    column(name, values)(folder / "data/processed/features.parquet")
    run_stage("validate")
    found = pq.read_table(folder / "data/validated/table.parquet")
    assert len(found) == ROWS
    if name in found.column_names:
        wanted = found.schema.field(name).type
        # What may not be taken as it is: a whole number as the nearest float, a time in UTC.
        assert found[name].combine_chunks().equals(values.cast(wanted, safe=False))


@pytest.fixture(scope="module")
def validated(tmp_path_factory):
    """A project in which `validate` has run; tests work on copies."""
    folder = write_project(tmp_path_factory.mktemp("validated"), TABLE, make_params())
    with inside(folder):
        run_stage("validate")
    return folder


TABLE_FILE, SCHEMA_FILE, FINDINGS_FILE = (
    f"data/validated/{name}" for name in ("table.parquet", "schema.json", "findings.json")
)
BETWEEN = [
    Case("no table", lambda f: (f / TABLE_FILE).unlink(), ArtifactError, "table.parquet does not exist"),
    Case("no schema", lambda f: (f / SCHEMA_FILE).unlink(), ArtifactError, "schema.json does not exist"),
    Case("a table that is cut", lambda f: os.truncate(f / TABLE_FILE, 900), ArtifactError,
         "table.parquet is not a readable parquet file"),
    Case("a schema that is cut", lambda f: os.truncate(f / SCHEMA_FILE, 90), ArtifactError,
         "schema.json is not a readable JSON file"),
    Case("an empty schema", lambda f: os.truncate(f / SCHEMA_FILE, 0), ArtifactError,
         "schema.json is not a readable JSON file"),
    Case("findings that are binary", lambda f: (f / FINDINGS_FILE).write_bytes(b"\xff\xfe\0"),
         ArtifactError, "findings.json is not a readable JSON file"),
]  # fmt: skip


@each(BETWEEN)
def test_files_between_stages_are_not_trusted_blindly(validated, tmp_path, case):
    folder = shutil.copytree(validated, tmp_path / "project", symlinks=True)
    case.build(folder)
    with inside(folder):
        assert_refused(lambda: run_stage("split"), case, folder)
