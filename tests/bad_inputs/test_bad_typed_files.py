"""Parquet and Arrow files that cannot be scored, wholly or in some rows."""

import io
from datetime import date, time, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest
from conftest import inside
from corpus import each
from pyarrow import feather, ipc
from scored import ROWS, FileCase, check_file_case, receipt_of, score

from assay.errors import ArtifactError, DataError, SchemaError

TABLE = pa.Table.from_pandas(ROWS, preserve_index=False)
COUNT = len(ROWS)


def parquet(table=TABLE, **options):
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def arrow(table=TABLE, stream=False, **options):
    buffer = io.BytesIO()
    writer = ipc.new_stream if stream else ipc.new_file
    with writer(buffer, table.schema, options=ipc.IpcWriteOptions(**options)) as opened:
        opened.write_table(table, max_chunksize=16)
    return buffer.getvalue()


def content(data):
    return lambda path: path.write_bytes(data)


def column(name, values, kind=None):
    """Return the table with another column in the place of one, or with one more."""
    made = values if isinstance(values, pa.Array) else pa.array(values, kind)
    if name in TABLE.column_names:
        return TABLE.set_column(TABLE.column_names.index(name), name, made)
    return TABLE.append_column(name, made)


def overwritten(data, start, piece):
    assert data[start : start + len(piece)] != piece
    return data[:start] + piece + data[start + len(piece) :]


def no_utf8():
    """Return a column of texts that are no texts."""
    offsets = pa.py_buffer(np.arange(COUNT + 1, dtype="int32"))
    return pa.Array.from_buffers(pa.string(), COUNT, [None, offsets, pa.py_buffer(b"\xff" * COUNT)])


class _Keys(pe.KmsClient):
    """Wraps keys in nothing at all; enough to write an encrypted file."""

    def wrap_key(self, key_bytes, master_key_identifier):
        return key_bytes.hex()

    def unwrap_key(self, wrapped_key, master_key_identifier):
        return bytes.fromhex(wrapped_key)


def encrypted(path):
    factory = pe.CryptoFactory(lambda _: _Keys())
    keys = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["noise"]})
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), keys)
    with pq.ParquetWriter(path, TABLE.schema, encryption_properties=properties) as writer:
        writer.write_table(TABLE)


def unknown_codec():
    """Return a Parquet file that says of its pages that they are compressed in LZO."""
    data = parquet(compression="gzip", use_dictionary=False)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    # Thrift: the third field after the list of names is the codec; gzip is 2, LZO is 3, in zigzag.
    changed = data[footer:].replace(b"\x15\x04\x16", b"\x15\x06\x16")
    assert changed != data[footer:]
    return data[:footer] + changed


PARQUET = parquet()
ARROW, STREAM = arrow(), arrow(stream=True)

PARQUET_FILES = [
    ("zero bytes", b"", r"is empty \(0 bytes\)"),
    ("one byte", b"P", "Parquet file size is 1 bytes"),
    ("magic bytes only", b"PAR1", "Parquet file size is 4 bytes"),
    ("magic bytes twice", b"PAR1PAR1", "is not a readable parquet file"),
    ("cut in the middle", PARQUET[: len(PARQUET) // 2], "magic bytes not found"),
    ("cut at the footer", PARQUET[:-8], "magic bytes not found"),
    ("cut by one byte", PARQUET[:-1], "magic bytes not found"),
    ("a byte too much", PARQUET + b"\0", "magic bytes not found"),
    ("wrong magic bytes", PARQUET[:-4] + b"PAR2", "magic bytes not found"),
    ("a footer without sense", overwritten(PARQUET, len(PARQUET) - 308, bytes(300)), "parquet file"),
    ("a length beyond the file", overwritten(PARQUET, len(PARQUET) - 8, b"\xff\xff\xff\x7f"),
     "smaller than the size reported"),
    ("pages without sense", overwritten(PARQUET, 4, b"\xff" * 2_000), "is not a readable parquet file"),
    ("an unknown codec", unknown_codec(), "not a readable parquet file.*LZO"),
    ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(99), "magic bytes not found"),
    ("a CSV file", ROWS.to_csv().encode(), "magic bytes not found"),
    ("an Arrow file", ARROW, "magic bytes not found"),
]  # fmt: skip
ARROW_FILES = [
    ("zero bytes", b"", r"is empty \(0 bytes\)"),
    ("one byte", b"A", "is not a readable arrow file"),
    ("magic bytes only", b"ARROW1", "is not a readable arrow file"),
    ("cut in the middle", ARROW[: len(ARROW) // 2], "is not a readable arrow file"),
    ("cut at the footer", ARROW[:-10], "is not a readable arrow file"),
    ("cut by one byte", ARROW[:-1], "is not a readable arrow file"),
    ("a stream that is cut", STREAM[: len(STREAM) // 2], "is not a readable arrow file"),
    ("a stream that is cut in its schema", STREAM[:99], "is not a readable arrow file"),
    ("zeros in the middle", overwritten(ARROW, 1_000, bytes(1_500)), "is not a readable arrow file"),
    ("a footer without sense", overwritten(ARROW, len(ARROW) - 310, b"\xff" * 300), "arrow file"),
    ("a Parquet file", PARQUET, "is not a readable arrow file"),
    ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(99), "is not a readable arrow file"),
    ("texts that are no UTF-8", arrow(column("kind", no_utf8())), "not a readable arrow file.*UTF"),
    ("texts that are no UTF-8 in a carried column", arrow(column("remark", no_utf8())),
     "not a readable arrow file.*UTF"),
]  # fmt: skip

UNREADABLE = [
    *(FileCase(f"parquet: {name}", content(data), ArtifactError, rf"new\.parquet .*{message}",
               "new.parquet") for name, data, message in PARQUET_FILES),
    *(FileCase(f"arrow: {name}", content(data), ArtifactError, rf"new\.arrow .*{message}",
               "new.arrow") for name, data, message in ARROW_FILES),
    FileCase("parquet: encrypted", encrypted, ArtifactError, "not a readable parquet file.*encrypted",
             "new.parquet"),
    FileCase("parquet: texts that are no UTF-8", content(parquet(column("kind", no_utf8()))),
             ArtifactError, "new.parquet is not a readable parquet file.*UTF", "new.parquet"),
    FileCase("parquet: texts that are no UTF-8 in a carried column",
             content(parquet(column("remark", no_utf8()))), ArtifactError,
             "new.parquet is not a readable parquet file.*UTF", "new.parquet"),
    FileCase("parquet: texts that are no UTF-8 by code",
             content(parquet(column("kind", no_utf8().dictionary_encode()))), ArtifactError,
             "new.parquet is not a readable parquet file.*UTF", "new.parquet"),
    FileCase("arrow: version 1 of feather", lambda path: feather.write_feather(ROWS, path, version=1),
             ArtifactError, "is not a readable arrow file", "new.feather"),
]  # fmt: skip

COLUMNS = [
    ("a column twice", TABLE.append_column("noise", TABLE["noise"]), "got more than one of: noise"),
    ("no column", pa.table({}), "4 required columns are missing"),
    ("a missing column", TABLE.drop_columns("noise"), "1 required column is missing: noise"),
    ("a column in capitals", TABLE.rename_columns([n.upper() for n in TABLE.column_names]),
     "4 required columns are missing"),
    ("the target", column("outcome", [1] * COUNT), "target column 'outcome' is present"),
    ("the target without values", column("outcome", [None] * COUNT), "target column 'outcome' is"),
    ("lists", column("noise", [[1.0]] * COUNT), "'noise' holds nested values, expected numbers"),
    ("lists of categories", column("kind", [["a"]] * COUNT), "nested values, expected categories"),
    ("structures", column("noise", [{"a": 1}] * COUNT), "'noise' holds nested values"),
    ("mappings", column("noise", [[("a", 1)]] * COUNT, pa.map_("string", "int64")), "nested values"),
    ("times", column("noise", TABLE["moment"].combine_chunks()), "'noise' holds times, expected num"),
    ("times with a zone", column("kind", TABLE["moment"].combine_chunks().cast(
        pa.timestamp("us", "UTC"))), "'kind' holds times with a zone, expected categories"),
    ("dates", column("noise", [date(2024, 1, 1)] * COUNT), "'noise' holds dates"),
    ("times of day", column("noise", [time(1)] * COUNT), "'noise' holds times of day"),
    ("durations", column("noise", [timedelta(1)] * COUNT), "'noise' holds durations"),
    ("bytes", column("kind", [b"a"] * COUNT), "'kind' holds values of type binary"),
    ("bytes of one length", column("noise", [b"ab"] * COUNT, pa.binary(2)), "fixed_size_binary"),
]  # fmt: skip
# Types that Parquet does not have.
ARROW_COLUMNS = [
    ("a union", column("noise", pa.UnionArray.from_sparse(
        pa.array([0] * COUNT, pa.int8()), [pa.array([1.0] * COUNT)])), "holds nested values"),
    ("repeats by length", column("noise", pa.RunEndEncodedArray.from_arrays([COUNT], [1.0])),
     "'noise' holds"),
    ("intervals", column("noise", [pa.MonthDayNano([1, 2, 3])] * COUNT), "'noise' holds durations"),
    ("views of bytes", column("kind", [b"a"] * COUNT, pa.binary_view()), "type binary, expected categories"),
    ("views of lists", column("kind", [["a"]] * COUNT, pa.list_view(pa.string())), "nested values"),
    ("codes of times", column("kind", pa.array([date(2024, 1, 1)] * COUNT).dictionary_encode()),
     "'kind' holds dates"),
]  # fmt: skip

WRONG_COLUMNS = [
    *(FileCase(f"parquet: {name}", content(parquet(table)), SchemaError, rf"new\.parquet: .*{message}",
               "new.parquet") for name, table, message in COLUMNS),
    *(FileCase(f"arrow: {name}", content(arrow(table)), SchemaError, rf"new\.arrow: .*{message}",
               "new.arrow") for name, table, message in ARROW_COLUMNS),
    FileCase("arrow: several faults", content(arrow(TABLE.drop_columns("noise").append_column(
        "outcome", pa.array([1] * COUNT)))), SchemaError, "^2 faults:", "new.arrow"),
]  # fmt: skip

WRONG_ROWS = [
    FileCase("parquet: infinities", content(parquet(column("noise", [np.inf, -np.inf] + [1.0] * 38))),
             DataError, r"noise: infinite in 2 rows \(row 1: 'inf'\)", "new.parquet", {"infinite": 2}),
    FileCase("parquet: infinities everywhere", content(parquet(column("noise", [np.inf] * COUNT))),
             DataError, r"none of 40 rows can be scored", "new.parquet"),
    FileCase("parquet: numbers beyond 32 bits", content(parquet(column(
        "noise", [3.5e38, -1.7e308, 3.4e38] + [1.0] * 37))), DataError,
             r"noise: too large in 2 rows \(row 1: '3\.5e\+38'\)", "new.parquet", {"too_large": 2}),
    FileCase("parquet: decimals beyond 32 bits", content(parquet(column(
        "noise", [Decimal(10) ** 60] * 2 + [None] * 38, pa.decimal256(76)))), DataError,
             "noise: too large in 2 rows", "new.parquet", {"too_large": 2}),
    FileCase("parquet: texts among numbers", content(parquet(column("noise", ["1"] * 39 + ["1,5"]))),
             DataError, r"noise: not a number in 1 row \(row 40: '1,5'\)", "new.parquet",
             {"not_a_number": 1}),
    FileCase("parquet: texts by code", content(parquet(column(
        "noise", pa.array(["1,5"] * 4 + ["2"] * 36).dictionary_encode()))), DataError,
             "noise: not a number in 4 rows", "new.parquet", {"not_a_number": 4}),
    FileCase("arrow: infinities by code", content(arrow(column(
        "noise", pa.array([np.inf] + [1.0] * 39).dictionary_encode()))), DataError,
             "noise: infinite in 1 row", "new.arrow", {"infinite": 1}),
    FileCase("arrow: infinities of 16 bits", content(arrow(column(
        "noise", np.array([np.inf] + [1.0] * 39, dtype="float16")))), DataError,
             "noise: infinite in 1 row", "new.arrow", {"infinite": 1}),
]  # fmt: skip


@each([*UNREADABLE, *WRONG_COLUMNS, *WRONG_ROWS])
def test_bad_typed_files_are_refused(finished, tmp_path, case):
    check_file_case(finished, tmp_path, case)


TOLERATED = [
    ("no rows", "new.parquet", parquet(TABLE.slice(0, 0)), 0),
    ("no rows in Arrow", "new.arrow", arrow(TABLE.slice(0, 0)), 0),
    ("no rows in a stream", "new.arrow", arrow(TABLE.slice(0, 0), stream=True), 0),
    ("one row", "new.parquet", parquet(TABLE.slice(0, 1)), 1),
    ("a group for each row", "new.parquet", parquet(row_group_size=1), COUNT),
    ("a stream without an end", "new.arrow", STREAM[:-8], COUNT),
    ("nothing but NaN", "new.parquet", parquet(column("noise", [np.nan] * COUNT)), COUNT),
    ("nothing but null", "new.parquet", parquet(column("noise", [None] * COUNT)), COUNT),
    ("categories that are null", "new.arrow", arrow(column("kind", [None] * COUNT)), COUNT),
    ("enormous integers", "new.parquet", parquet(column("count", [2**63 - 1, -(2**63)] * 20)), COUNT),
    ("more enormous integers", "new.parquet", parquet(column("count", [2**64 - 1] * 40, pa.uint64())), 40),
    ("decimals", "new.parquet", parquet(column("noise", [Decimal("1.25")] * COUNT)), COUNT),
    ("long decimals", "new.arrow", arrow(column("noise", [Decimal(10) ** 30] * COUNT, pa.decimal256(76))), 40),
    ("16 bits", "new.arrow", arrow(column("noise", np.ones(COUNT, dtype="float16"))), COUNT),
    ("16 bits as categories", "new.arrow", arrow(column("kind", np.ones(COUNT, dtype="float16"))), COUNT),
    ("truths", "new.parquet", parquet(column("noise", [True, False] * 20)), COUNT),
    ("numbers as texts", "new.parquet", parquet(column("noise", ["1.5", " 2 "] * 20)), COUNT),
    ("numbers as categories", "new.parquet", parquet(column("kind", [1, 2] * 20)), COUNT),
    ("large texts", "new.parquet", parquet(column("kind", ["a"] * COUNT, pa.large_string())), COUNT),
    ("views of texts", "new.arrow", arrow(column("kind", ["a"] * COUNT, pa.string_view())), COUNT),
    ("codes of texts", "new.arrow", arrow(column("kind", pa.array(["a"] * 40).dictionary_encode())), 40),
    ("codes of null", "new.arrow", arrow(column("kind", pa.array([None] * 40, pa.string()).dictionary_encode())), 40),
    ("codes of numbers", "new.arrow", arrow(column("noise", pa.array([1.5] * 40).dictionary_encode())), 40),
    ("codes of categories that are numbers", "new.arrow", arrow(column("kind", pa.array([1.5] * 40).dictionary_encode())), 40),
    ("nested values in a column of no role", "new.parquet", parquet(column("extra", [[1]] * 40)), 40),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file", "data", "rows"), TOLERATED, ids=[row[0].replace(" ", "_") for row in TOLERATED]
)
@pytest.mark.parametrize("bad_rows", ["fail", "quarantine"])
def test_odd_typed_files_are_scored(finished, tmp_path, name, file, data, rows, bad_rows):
    (tmp_path / file).write_bytes(data)
    with inside(tmp_path):
        score(finished, file, "--bad-rows", bad_rows)
    counts = receipt_of(tmp_path / "out.csv")["counts"]
    assert (counts["rows_in"], counts["rows_scored"], counts["rows_rejected"]) == (rows, rows, 0), (
        name
    )
