import os

import pytest

from assay.batch.formats import Format, file_format, input_files
from assay.errors import ArtifactError


@pytest.mark.parametrize(
    ("name", "kind", "compression"),
    [
        ("a.parquet", "parquet", None), ("a.PQ", "parquet", None), ("a.b.csv", "csv", None),
        ("a.csv.gz", "csv", "gzip"), ("a.jsonl", "jsonl", None), ("a.ndjson.zst", "jsonl", "zstd"),
        ("a.arrow", "arrow", None), ("a.feather", "arrow", None), ("2013.01.ipc", "arrow", None),
    ],
)  # fmt: skip
def test_the_name_tells_the_format(tmp_path, name, kind, compression):
    assert file_format(tmp_path / name) == Format(kind, compression)


@pytest.mark.parametrize("name", ["a.xlsx", "a", "a.gz", "a.parquet.gz", "a.csv.bz2", ".csv"])
def test_other_endings_are_refused_with_those_that_are_known(tmp_path, name):
    with pytest.raises(ArtifactError, match=r"must end in one of \.parquet.*Convert or rename"):
        file_format(tmp_path / name)


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path):
    touch(tmp_path, "b.csv", "a/z.csv", "a/y.csv", "_SUCCESS", ".hidden.csv", "_tmp/x.csv")
    found = input_files(tmp_path)
    assert [f.path.relative_to(tmp_path).as_posix() for f in found] == [
        "a/y.csv",
        "a/z.csv",
        "b.csv",
    ]


def test_names_of_folders_are_columns(tmp_path):
    touch(tmp_path, "y=1/m=a%2Fb/1.csv", "y=1/m=__HIVE_DEFAULT_PARTITION__/1.csv")
    assert [f.partition for f in input_files(tmp_path)] == [
        {"y": "1", "m": None}, {"y": "1", "m": "a/b"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "has no files of data"),
        (["_SUCCESS"], "has no files of data"),
        (["a.csv", "b.parquet"], "mixes csv and parquet files"),
        (["a.csv", "b.txt", "c.md"], r"(?s)2 faults:.*b\.txt.*c\.md"),
        (["a=1/x.csv", "b=1/x.csv"], "different partition columns: a and b"),
        (["x.csv", "b=1/x.csv"], "different partition columns: b and none"),
    ],
)
def test_a_folder_that_is_no_table_is_refused(tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(ArtifactError, match=message):
        input_files(tmp_path)


def test_what_is_not_there_or_no_file_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"none\.csv does not exist"):
        input_files(tmp_path / "none.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ArtifactError, match="is neither a file nor a folder"):
        input_files(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    with pytest.raises(ArtifactError, match=r"loop\.csv does not exist"):
        input_files(tmp_path / "loop.csv")
