"""CSV and JSON Lines files that cannot be scored, wholly or in some rows."""

import gzip
import json
import zlib

import pyarrow as pa
import pytest
from conftest import inside
from corpus import each
from scored import ROWS, FileCase, check_file_case, receipt_of, score

from assay.errors import ArtifactError, DataError, SchemaError

CSV = ROWS.to_csv(index=False)
LINES = CSV.splitlines()
RECORDS = json.loads(ROWS.assign(moment=ROWS["moment"].astype(str)).to_json(orient="records"))

LATIN = ROWS.assign(kind="ä").to_csv(index=False).encode("latin-1")


def content(made):
    """Return a builder of a file with this content."""
    data = made if isinstance(made, bytes) else made.encode()
    return lambda path: path.write_bytes(data)


def cells(name, *values):
    """Return a builder of the CSV file with other values in the first rows of a column."""
    made = ROWS.astype({name: object})
    made.loc[made.index[: len(values)], name] = list(values)
    return content(made.to_csv(index=False))


def everywhere(**columns):
    return content(ROWS.assign(**columns).to_csv(index=False))


def inserted(*lines, at=5):
    return content("\n".join([*LINES[:at], *lines, *LINES[at:]]) + "\n")


def json_lines(*changes):
    """Return a builder of a JSON Lines file whose first records are changed, or are other lines."""
    lines = []
    for number, record in enumerate(RECORDS):
        change = changes[number] if number < len(changes) else {}
        lines.append(change if isinstance(change, str) else json.dumps(record | change))
    return content("\n".join(lines) + "\n")


def zstd(data):
    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, "zstd") as compressed:
        compressed.write(data)
    return stream.getvalue().to_pybytes()


def number_case(name, value, reason="not_a_number"):
    """Return the case of a value in a column of numbers, in the first two rows."""
    words = reason.replace("_", " ")
    return FileCase(name, cells("noise", value, value), DataError,
                    rf"new\.csv: 2 of 40 rows cannot be scored\. noise: {words} in 2 rows \(row 1: ",
                    aside={reason: 2})  # fmt: skip


WHOLE = [
    FileCase("zero bytes", content(b""), ArtifactError, r"new\.csv is empty \(0 bytes\)"),
    FileCase("a byte-order mark only", content(b"\xef\xbb\xbf"), ArtifactError, "not a readable csv"),
    FileCase("empty lines only", content("\n\n\n"), ArtifactError, "is not a readable csv file"),
    FileCase("a picture", content(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8), ArtifactError,
             "is not a readable csv file"),
    FileCase("a Parquet file", ROWS.to_parquet, ArtifactError, "is not a readable csv file"),
    FileCase("a gzip file without its ending", content(gzip.compress(CSV.encode())), ArtifactError,
             "is not a readable csv file"),
    FileCase("Latin-1 in a feature", content(LATIN), ArtifactError,
             rf"new\.csv is not a readable csv file: byte {LATIN.index(0xE4) + 1} is not UTF-8"),
    FileCase("Latin-1 in a header", content(CSV.replace("remark", "größe").encode("latin-1")),
             ArtifactError, "is not a readable csv file.*UTF"),
    FileCase("UTF-16", content(CSV.encode("utf-16")), ArtifactError, "not a readable csv file.*UTF"),
    FileCase("UTF-16 without a mark", content(CSV.encode("utf-16-le")), ArtifactError,
             "it has NUL bytes in its header, as UTF-16 has them, expected UTF-8"),
    FileCase("UTF-32", content(CSV.encode("utf-32")), ArtifactError, "not a readable csv file.*UTF"),
    FileCase("no header", content("\n".join(LINES[1:]) + "\n"), SchemaError,
             "4 required columns are missing"),
    FileCase("semicolons", content(CSV.replace(",", ";")), ArtifactError,
             "it has ';' between names, expected commas"),
    FileCase("tabs", content(CSV.replace(",", "\t")), ArtifactError, r"it has '\\t' between names"),
    FileCase("a column twice", content(CSV.replace("remark", "noise")), SchemaError,
             "column names must be unique, got more than one of: noise"),
    FileCase("a missing column", content(ROWS.drop(columns="noise").to_csv(index=False)), SchemaError,
             "1 required column is missing: noise"),
    FileCase("a renamed column", content(CSV.replace("noise", "Noise")), SchemaError,
             "1 required column is missing: noise. Nearest in the file: Noise for noise"),
    FileCase("a column with a space", content(CSV.replace("noise,", "noise ,")), SchemaError,
             "1 required column is missing: noise. Nearest in the file: 'noise ' for noise"),
    FileCase("the target", everywhere(outcome=1), SchemaError, "target column 'outcome' is present"),
    FileCase("the target and no features", content("outcome\n1\n"), SchemaError, "^2 faults:"),
    FileCase("10,000 other columns", content(",".join(f"c{n}" for n in range(10_000)) + "\n"),
             SchemaError, "4 required columns are missing"),
    FileCase("10,000 columns twice", content(",".join(["a", "b"] * 5_000) + "\n"), SchemaError,
             "column names must be unique, got more than one of: a, b"),
    FileCase("a name of a million letters", content("n" * 1_000_000 + "\n1\n"), SchemaError,
             "4 required columns are missing"),
    FileCase("a name with a line break", content(CSV.replace("noise", '"noi\nse"')), SchemaError,
             r"1 required column is missing: noise\. Nearest in the file: 'noi\\nse' for noise"),
    FileCase("a row without an end", inserted("x" * (21 << 20)), ArtifactError,
             r"row 5 has no end within 16 MB, as where a quote is never closed\. Close it"),
    FileCase("an open quote in the header", content('"' + CSV), ArtifactError, "is not a readable"),
]  # fmt: skip

COMPRESSED = [
    FileCase("a gzip file that is cut", content(gzip.compress(CSV.encode())[:-40]), ArtifactError,
             r"new\.csv\.gz is not a readable csv file", "new.csv.gz"),
    FileCase("a gzip file that is cut at its check", content(gzip.compress(CSV.encode())[:-4]),
             ArtifactError, "is not a readable csv file", "new.csv.gz"),
    FileCase("a gzip file with a wrong check", content(
        gzip.compress(CSV.encode())[:-8] + bytes(8)), ArtifactError, "is not a readable", "new.csv.gz"),
    FileCase("no gzip file", content(CSV), ArtifactError, "is not a readable csv file", "new.csv.gz"),
    FileCase("a gzip header only", content(gzip.compress(b"")[:10]), ArtifactError,
             "is not a readable csv file", "new.csv.gz"),
    FileCase("a gzip file of nothing", content(gzip.compress(b"")), ArtifactError,
             "is not a readable csv file", "new.csv.gz"),
    FileCase("a gzip file of JSON Lines that is cut", content(
        gzip.compress(json.dumps(RECORDS[0]).encode() * 40)[:-9]), ArtifactError,
             "is not a readable jsonl file", "new.jsonl.gz"),
    FileCase("no gzip file of JSON Lines", content(json.dumps(RECORDS[0])), ArtifactError,
             "is not a readable jsonl file", "new.jsonl.gz"),
    FileCase("gzip as zstd", content(gzip.compress(CSV.encode())), ArtifactError,
             "is not a readable csv file", "new.csv.zst"),
    FileCase("a zstd file that is cut", content(zstd(CSV.encode())[:-40]), ArtifactError,
             "is not a readable csv file", "new.csv.zst"),
    FileCase("a zstd file of JSON Lines that is cut", content(
        zstd(json.dumps(RECORDS[0]).encode())[:-9]), ArtifactError, "not a readable", "new.jsonl.zst"),
]  # fmt: skip

NUMBERS = [
    number_case("thousands separators", "1,234.5"),
    number_case("decimal commas", "1,5"),
    number_case("apostrophes as separators", "1'234"),
    number_case("spaces as separators", "1 234"),
    number_case("underscores as separators", "1_234"),
    number_case("percent", "5%"),
    number_case("a currency", "$5"),
    number_case("hexadecimal", "0x1F"),
    number_case("a fraction", "1/2"),
    number_case("a truth", "TRUE"),
    number_case("a date", "2024-01-01"),
    number_case("a question mark", "?"),
    number_case("an error of a spreadsheet", "#DIV/0!"),
    number_case("an exponent without digits", "1e"),
    number_case("a long text", "x" * 100_000),
    number_case("a text of NUL bytes", "\0\0"),
    number_case("a text of control characters", "\x1b[31m1\x07"),
    number_case("infinity", "inf", "infinite"),
    number_case("infinity in words", "-Infinity", "infinite"),
    number_case("more than a float holds", "1e999", "infinite"),
    number_case("an integer of 400 digits", "9" * 400, "infinite"),
    number_case("a number for what is missing", "1.7976931348623157e308", "too_large"),
    number_case("an integer of 40 digits", "-" + "9" * 40, "too_large"),
    FileCase("no number in any row", everywhere(noise="1,234.5"), DataError,
             r"none of 40 rows can be scored\. noise: not a number in 40 rows"),
    FileCase("infinity in every row", everywhere(noise="inf", signal="-inf"), DataError,
             r"none of 40 rows can be scored\. signal: infinite in 40 rows .*noise: infinite in 40"),
    FileCase("mixed faults", cells("noise", "1,5", "inf", "x", "-inf"), DataError,
             "4 of 40 rows .*not a number in 2 rows .*infinite in 2 rows",
             aside={"infinite": 2, "not_a_number": 2}),
]  # fmt: skip

LINES_AND_FIELDS = [
    FileCase("too many fields", inserted(LINES[5] + ",more"), DataError,
             r"1 of 41 rows cannot be scored\. wrong field count in 1 row \(row 5: ",
             aside={"wrong_field_count": 1}),
    FileCase("too few fields", inserted("k1,k2"), DataError, r"wrong field count in 1 row \(row 5: 'k1",
             aside={"wrong_field_count": 1}),
    FileCase("a field too much in every row", content(
        "\n".join([LINES[0], *(f"{line}," for line in LINES[1:])])), DataError,
             "none of 40 rows can be scored. wrong field count in 40 rows"),
    FileCase("a quote that is never closed", inserted('"open,1'), ArtifactError,
             r"a quote that is opened in row 5 is never closed\. Close it, or double a quote"),
    FileCase("a quote that is never closed in the last field", inserted(LINES[5].replace("NA", '"NA')),
             ArtifactError, "a quote that is opened in row 5 is never closed"),
    FileCase("a quote that is never closed in the last line", content(CSV + ',"'), ArtifactError,
             "a quote that is opened in row 41 is never closed"),
    FileCase("the header again", inserted(LINES[0]), DataError,
             "1 of 41 rows cannot be scored.*noise: not a number in 1 row", aside={"not_a_number": 1}),
    FileCase("a line of a program", inserted("(40 rows affected)"), DataError, "wrong field count",
             aside={"wrong_field_count": 1}),
    FileCase("a very long line", inserted("x" * 1_000_000), DataError, "wrong field count in 1 row",
             aside={"wrong_field_count": 1}),
]  # fmt: skip

JSON_LINES = [
    FileCase("zero bytes of JSON", content(b""), ArtifactError, "is empty", "new.jsonl"),
    FileCase("empty lines of JSON", content("\n \n"), ArtifactError, "no line is a JSON object",
             "new.jsonl"),
    FileCase("empty objects", content("{}\n" * 40), SchemaError, "4 required columns", "new.jsonl"),
    FileCase("one array of all", content(json.dumps(RECORDS, indent=0)), ArtifactError,
             r"no line is a JSON object\. Write each row as an object", "new.jsonl"),
    FileCase("CSV as JSON", content(CSV), ArtifactError, "no line is a JSON object", "new.jsonl"),
    FileCase("UTF-16 as JSON", content(json.dumps(RECORDS[0]).encode("utf-16")), ArtifactError,
             "no line is a JSON object.*in UTF-8", "new.jsonl"),
    FileCase("a picture as JSON", content(b"\x89PNG\r\n\x1a\n" + bytes(99)), ArtifactError,
             "no line is a JSON object", "new.jsonl"),
    FileCase("a renamed key", content(json.dumps(RECORDS[0]).replace("noise", "nois")), SchemaError,
             "Nearest in the file: nois for noise", "new.jsonl"),
    FileCase("the target in a late line", json_lines(*[{}] * 39, {"outcome": 1}), SchemaError,
             "target column 'outcome' is present", "new.jsonl"),
    FileCase("an array as a line", json_lines("[1, 2]"), DataError, r"not json in 1 row \(row 1",
             "new.jsonl", {"not_json": 1}),
    FileCase("a nested value", json_lines({}, {"noise": {"value": 1}}), DataError,
             r"nested value in 1 row \(row 2: ", "new.jsonl", {"nested_value": 1}),
    FileCase("a list as a value", json_lines({"kind": ["a"]}), DataError, "nested value in 1 row",
             "new.jsonl", {"nested_value": 1}),
    FileCase("a key twice in JSON", json_lines('{"noise": 1, "noise": 2}'), DataError,
             "not json in 1 row", "new.jsonl", {"not_json": 1}),
    FileCase("a line that is cut", json_lines('{"noise": 1, "sig'), DataError, "not json in 1 row",
             "new.jsonl", {"not_json": 1}),
    FileCase("single quotes", json_lines("{'noise': 1}"), DataError, "not json in 1 row",
             "new.jsonl", {"not_json": 1}),
    FileCase("two objects in a line", json_lines("{} {}"), DataError, "not json in 1 row",
             "new.jsonl", {"not_json": 1}),
    FileCase("Latin-1 as JSON", content(b'{"kind": "\xe4"}\n' + "\n".join(
        map(json.dumps, RECORDS)).encode()), DataError, "not json in 1 row", "new.jsonl",
             {"not_json": 1}),
    FileCase("deep nesting", json_lines('{"noise": ' + "[" * 100_000), DataError, "not json in 1 row",
             "new.jsonl", {"not_json": 1}),
    FileCase("a number of 5,000 digits", json_lines('{"noise": ' + "9" * 5_000 + "}"), DataError,
             "in 1 row", "new.jsonl", {"not_json": 1}),
    FileCase("an integer beyond floats", json_lines({"noise": 10**400}), DataError,
             "noise: infinite in 1 row", "new.jsonl", {"infinite": 1}),
    FileCase("infinity in JSON", json_lines({"noise": float("inf")}), DataError,
             r"noise: infinite in 1 row \(row 1: 'inf'\)", "new.jsonl", {"infinite": 1}),
    FileCase("a truth as a number", json_lines({"noise": True}), DataError, "noise: not a number",
             "new.jsonl", {"not_a_number": 1}),
    FileCase("a text as a number", json_lines({"noise": "many"}), DataError, "noise: not a number",
             "new.jsonl", {"not_a_number": 1}),
    FileCase("half a character", json_lines('{"noise": "\\ud800"}'), DataError, "not a number",
             "new.jsonl", {"not_a_number": 1}),
]  # fmt: skip


@each([*WHOLE, *COMPRESSED, *NUMBERS, *LINES_AND_FIELDS, *JSON_LINES])
def test_bad_text_files_are_refused(finished, tmp_path, case):
    check_file_case(finished, tmp_path, case)


TOLERATED = [
    ("byte-order mark", "new.csv", content(b"\xef\xbb\xbf" + CSV.encode()), 40),
    ("Windows line ends", "new.csv", content(CSV.replace("\n", "\r\n")), 40),
    ("CR line ends", "new.csv", content(CSV.replace("\n", "\r")), 40),
    ("mixed line ends", "new.csv", content(CSV.replace("\n", "\r\n", 7)), 40),
    ("no last line end", "new.csv", content(CSV.rstrip("\n")), 40),
    ("empty lines between", "new.csv", inserted("", ""), 40),
    ("header only", "new.csv", content(LINES[0] + "\n"), 0),
    ("header without a line end", "new.csv", content(LINES[0]), 0),
    ("one row", "new.csv", content("\n".join(LINES[:2])), 1),
    ("quotes around all", "new.csv", content(ROWS.to_csv(index=False, quoting=1)), 40),
    ("line breaks in quotes", "new.csv", everywhere(remark="a\nb\r\nc"), 40),
    ("a quote within", "new.csv", everywhere(kind='"'), 40),
    ("10,000 more columns", "new.csv", content("\n".join(
        line + "," + ",".join(f"c{n}" if not number else "" for n in range(10_000))
        for number, line in enumerate(LINES))), 40),
    ("long texts in rows", "new.csv", everywhere(remark="x" * 30_000), 40),
    ("nothing but missing values", "new.csv", everywhere(signal="", noise="NaN", count="NA", kind=""), 40),
    ("digits of other scripts", "new.csv", everywhere(count="٣"), 40),
    ("spaces around", "new.csv", everywhere(count=" 3 "), 40),
    ("NUL bytes in a category", "new.csv", everywhere(kind="a\0b"), 40),
    ("NaN in JSON", "new.jsonl", json_lines({"noise": float("nan")}), 40),
    ("keys in another order", "new.jsonl", json_lines(json.dumps(dict(reversed(RECORDS[0].items())))), 40),
    ("a key that is missing in a line", "new.jsonl", json_lines("{}"), 40),
    ("byte-order mark in JSON", "new.jsonl", content(
        b"\xef\xbb\xbf" + "\r\n".join(map(json.dumps, RECORDS)).encode()), 40),
    ("zlib as gzip", "new.csv.gz", content(zlib.compress(CSV.encode())), 40),
    ("two gzip members", "new.csv.gz", content(
        gzip.compress(CSV[:500].encode()) + gzip.compress(CSV[500:].encode())), 40),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "file", "build", "rows"),
    TOLERATED,
    ids=[row[0].replace(" ", "_") for row in TOLERATED],
)
def test_odd_text_files_are_scored(finished, tmp_path, name, file, build, rows):
    build(tmp_path / file)
    with inside(tmp_path):
        score(finished, file)
    counts = receipt_of(tmp_path / "out.csv")["counts"]
    assert (counts["rows_in"], counts["rows_scored"], counts["rows_rejected"]) == (rows, rows, 0), (
        name
    )
