"""Rows of every format come out alike, in order, with their numbers."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather, ipc

from assay.batch import csv_files
from assay.batch.sources import open_files
from assay.errors import ArtifactError, SchemaError


def read(path, bundle, columns=None, batch_rows=64):
    source = open_files(path, batch_rows)
    return source, list(source.batches(columns, bundle.contract.schema))


def write(rows, path):
    kind = path.name.split(".", 1)[1]
    if kind == "parquet":
        pq.write_table(pa.Table.from_pandas(rows), path, row_group_size=100)
    elif kind == "csv.zst":
        with pa.output_stream(str(path), compression="zstd") as stream:
            stream.write(rows.to_csv(index=False).encode())
    elif kind.startswith("csv"):
        rows.to_csv(path, index=False)
    elif kind.startswith("jsonl"):
        rows.assign(moment=rows["moment"].astype(str)).to_json(path, orient="records", lines=True)
    elif kind == "arrow":
        feather.write_feather(rows, path, chunksize=100)
    else:
        table = pa.Table.from_pandas(rows)
        with ipc.new_stream(str(path), table.schema) as stream:
            stream.write_table(table, 100)


@pytest.mark.parametrize(
    "name",
    ["a.parquet", "a.csv", "a.csv.gz", "a.csv.zst", "a.jsonl", "a.jsonl.gz", "a.arrow", "a.ipc"],
)
def test_rows_come_in_batches_in_order(bundle, rows, tmp_path, name):
    write(rows, tmp_path / name)
    source, batches = read(tmp_path / name, bundle)
    assert max(len(b.rows) for b in batches) == 64
    keys = [key for b in batches for key in b.table.column("row_key").to_pylist()]
    assert keys == rows["row_key"].tolist()
    assert np.concatenate([b.rows for b in batches]).tolist() == list(range(1, 501))
    assert source.row_count == (500 if name == "a.parquet" else None)
    assert not any(b.broken for b in batches)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.jsonl", "a.arrow"])
def test_only_wanted_columns_are_read(bundle, rows, tmp_path, name):
    write(rows, tmp_path / name)
    _, batches = read(tmp_path / name, bundle, ["kind", "noise"])
    assert batches[0].table.schema.names == ["kind", "noise"]


def test_a_partitioned_folder_has_the_columns_of_its_names(bundle, rows, tmp_path):
    rows.to_parquet(tmp_path / "d", partition_cols=["kind"])
    source, batches = read(tmp_path / "d", bundle)
    assert source.row_count == 500
    found = pd.concat([b.table.to_pandas() for b in batches])
    expected = rows.sort_values("row_key")["kind"].tolist()
    texts = found.sort_values("row_key")["kind"].tolist()
    assert [t for t in texts if t] == [t for t in expected if t]
    assert {b.rows[0] for b in batches if b.rows[0] == 1} == {1}


def test_types_of_files_that_differ_are_brought_together(bundle, rows, tmp_path):
    parts = [
        rows[:100].assign(count=rows["count"][:100].astype("int8"), noise=None),
        rows[100:200].assign(count=rows["count"][100:200].astype(str)),
        rows[200:].astype({"count": float}),
    ]
    for number, part in enumerate(parts):
        part.to_parquet(tmp_path / f"{number}.parquet")
    source, batches = read(tmp_path, bundle)
    assert source.schema.field("noise").type == pa.float64()
    assert source.schema.field("count").type == pa.string()
    assert {b.table.schema.field("count").type for b in batches} == {pa.string()}


def test_types_that_do_not_go_together_are_refused(rows, tmp_path):
    rows[:10].to_parquet(tmp_path / "a.parquet")
    rows[:10].assign(noise=[[1.0]] * 10).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(SchemaError, match=r"column 'noise' has types that do not go together"):
        open_files(tmp_path, 64)


def test_every_file_of_a_folder_must_have_the_features(bundle, rows, tmp_path):
    rows[:10].to_parquet(tmp_path / "a.parquet")
    rows[:10].drop(columns="noise").to_parquet(tmp_path / "b.parquet")
    rows[:10].assign(outcome=1).to_parquet(tmp_path / "c.parquet")
    faults = open_files(tmp_path, 64).faults(bundle.contract.schema)
    assert [fault.split("/")[-1].split(":")[0] for fault in faults] == ["b.parquet", "c.parquet"]


def broken_rows(tmp_path):
    lines = [f"{number},{number}" for number in range(1, 1001)]
    lines[6] = "7"
    lines[499] = "500,1,2"
    lines[999] = "1000,"
    lines.append("1001")
    (tmp_path / "a.csv").write_text("\n".join(["x,y", *lines]) + "\n")
    return tmp_path / "a.csv"


def test_lines_that_are_no_rows_keep_their_numbers(bundle, tmp_path):
    _, batches = read(broken_rows(tmp_path), bundle)
    lines = [(line.row, line.reason, line.text) for b in batches for line in b.broken]
    assert [line[:2] for line in lines] == [
        (7, "wrong_field_count"), (500, "wrong_field_count"), (1001, "wrong_field_count")
    ]  # fmt: skip
    assert lines[1][2] == "500,1,2"
    numbers = np.concatenate([b.rows for b in batches])
    values = [int(v) for b in batches for v in b.table.column("x").to_pylist()]
    assert numbers.tolist() == values == [n for n in range(1, 1001) if n not in {7, 500}]
    for batch in batches:
        assert all(line.row < batch.rows[-1] for line in batch.broken if len(batch.rows))


def test_json_lines_that_are_no_objects_keep_their_numbers(bundle, tmp_path):
    lines = ['{"x": 1}', "nonsense", "[1]", "", '{"x": 2, "x": 3}', '{"noise": {"y": 1}}', '{"x": "\\ud800"}',
             '{"x": ' + "[" * 100_000, '{"x": true, "later": [1, {"y": "é"}]}', '{"x": 1e400}', '{"x": 5.0}']  # fmt: skip
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    _, batches = read(tmp_path / "a.jsonl", bundle)
    (batch,) = batches
    assert [(line.row, line.reason) for line in batch.broken] == [
        (2, "not_json"), (3, "not_json"), (4, "not_json"), (5, "nested_value"), (7, "not_json")
    ]  # fmt: skip
    assert batch.rows.tolist() == [1, 6, 8, 9, 10]
    assert batch.table.column("x").to_pylist() == ["1", "?", "true", "inf", "5"]
    assert batch.table.column("later").to_pylist() == [None, None, '[1, {"y": "é"}]', None, None]


def test_a_byte_order_mark_is_no_part_of_a_name(bundle, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfx,y\n1,2\n")
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"x": 1, "y": 2}\n')
    for name in ("a.csv", "a.jsonl"):
        assert read(tmp_path / name, bundle)[0].schema.names == ["x", "y"]


def test_a_target_that_appears_late_is_refused(bundle, rows, tmp_path):
    records = rows.assign(moment=rows["moment"].astype(str)).to_dict("records") * 25
    records[-1] = records[-1] | {"outcome": 1}
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(record) for record in records))
    source = open_files(tmp_path / "a.jsonl", 1000)
    assert source.faults(bundle.contract.schema) == []
    with pytest.raises(SchemaError, match="target column 'outcome' is present"):
        list(source.batches(None, bundle.contract.schema))


def test_a_row_longer_than_16_mb_is_refused_in_a_sentence(bundle, tmp_path):
    text = "z" * (9 << 20)
    (tmp_path / "a.csv").write_text(f"x,y\n1,2\n1,{text}\n")
    _, batches = read(tmp_path / "a.csv", bundle)
    assert [v for b in batches for v in b.table.column("y").to_pylist()] == ["2", text]
    (tmp_path / "a.csv").write_text(f"x,y\n1,2\n1,{text}{text}{text}\n")
    with pytest.raises(ArtifactError, match=r"a\.csv is not a readable csv file: row 2 has no end"):
        read(tmp_path / "a.csv", bundle)


# Every way in which a field may stand in a line, and lines that are none, or end where a text does not.
ODD_LINES = (
    'plain,1', '"a quote"" within",2', '"line\nline\r\nline",3', 'a "literal" quote,4', '5" pipe,5',
    '"",6', ',7', 'broken', '"broken\nbroken"', 'a,b,broken', '"comma, comma",8', '"€\n",9', '\'"\',10',
)  # fmt: skip


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block_bytes", [1, 7, 64, 1 << 20])
def test_where_a_csv_file_is_cut_decides_nothing(
    bundle, tmp_path, monkeypatch, block_bytes, line_end
):
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES", block_bytes)
    lines = ODD_LINES * 3
    (tmp_path / "a.csv").write_bytes(line_end.join(["x,y", "", *lines, ""]).encode())
    source = open_files(tmp_path / "a.csv", 5)
    batches = list(source.batches(None, bundle.contract.schema))
    texts = [text for b in batches for text in b.table.column("x").to_pylist()]
    numbers = np.concatenate([b.rows for b in batches])
    broken = [(line.row, line.text) for b in batches for line in b.broken]
    assert len(numbers) + len(broken) == len(lines)
    assert [number for number, _ in broken] == [
        n for n, line in enumerate(lines, 1) if "broken" in line
    ]
    assert [text for _, text in broken] == [line for line in lines if "broken" in line]
    wanted = [
        "plain", 'a quote" within', "line\nline\r\nline", 'a "literal" quote', '5" pipe', None, None,
        "comma, comma", "€\n", "'\"'",
    ]  # fmt: skip
    assert texts == wanted * 3


def test_the_place_of_a_byte_that_is_no_text_is_that_in_the_file(bundle, tmp_path):
    """Also beyond the first block, and where letters of several bytes lie across the ends of blocks."""
    content = ("x,y\n" + "1,äöü€\n" * 900_000).encode()
    assert len(content) > 2 * (4 << 20)
    (tmp_path / "a.csv").write_bytes(content)
    _, batches = read(tmp_path / "a.csv", bundle, batch_rows=10**6)
    assert sum(len(b.rows) for b in batches) == 900_000
    place = content.rindex("ö".encode())
    (tmp_path / "a.csv").write_bytes(content[:place] + b"o" + content[place + 1 :])
    with pytest.raises(ArtifactError, match=rf": byte {place + 2:,} is not UTF-8"):
        read(tmp_path / "a.csv", bundle)
    (tmp_path / "a.csv").write_bytes(content[: place + 1])
    with pytest.raises(ArtifactError, match=rf": byte {place + 1:,} is not UTF-8"):
        read(tmp_path / "a.csv", bundle)


def test_wide_integers_and_mixed_scalars_of_json_become_texts(bundle, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"x": 123456789012345678901}\n{"x": null}\n{"x": "007"}\n')
    _, (batch,) = read(tmp_path / "a.jsonl", bundle)
    assert batch.table.column("x").to_pylist() == ["123456789012345678901", None, "007"]
