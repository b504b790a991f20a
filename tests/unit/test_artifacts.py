from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from assay import artifacts
from assay.errors import ArtifactError, ParamsError, SchemaError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "file.json"
    artifacts.write_json(target, {"old": 1})
    with pytest.raises(RuntimeError, match="halfway"), artifacts.replacing(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError("halfway")
    assert artifacts.read_json(target) == {"old": 1}
    assert names(tmp_path) == ["file.json"]


def test_a_failed_folder_leaves_the_old_one(tmp_path):
    with artifacts.replacing_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("1")
    with (
        pytest.raises(RuntimeError, match="halfway"),
        artifacts.replacing_folder(tmp_path / "out") as folder,
    ):
        (folder / "b").write_text("2")
        raise RuntimeError("halfway")
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["a"]


def test_an_unwritable_place_is_an_artifact_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="cannot be written"):
        artifacts.write_text(tmp_path / "file" / "below", "x")


def test_tables_round_trip_to_the_last_bit(tmp_path):
    frame = pd.DataFrame({"x": [1 / 3, np.pi * 1e-8, 0.1 + 0.2], "name": ["NA", "b,c", 'd"e']})
    artifacts.write_table(tmp_path / "t.parquet", frame)
    artifacts.write_table(tmp_path / "t.csv", frame)
    for read in (
        artifacts.read_table(tmp_path / "t.parquet"),
        artifacts.read_report(tmp_path / "t.csv"),
    ):
        pd.testing.assert_frame_equal(read, frame, check_exact=True)
    texts = artifacts.read_table(tmp_path / "t.csv")
    assert texts["name"].tolist() == frame["name"].tolist()
    assert [float(text) for text in texts["x"]] == frame["x"].tolist()


def test_a_report_names_classes_as_texts(tmp_path):
    (tmp_path / "t.csv").write_text(
        "class,slice,feature,model,n\n01,1.50,007,NA,10\n02,,1e3,2,11\n"
    )
    read = artifacts.read_report(tmp_path / "t.csv")
    assert read["class"].tolist() == ["01", "02"]
    assert read["slice"].tolist()[0] == "1.50"
    assert read["slice"].isna().tolist() == [False, True]
    assert read["feature"].tolist() == ["007", "1e3"]
    assert read["model"].tolist() == ["NA", "2"]
    assert read["n"].tolist() == [10, 11]


def test_a_csv_file_is_texts_and_nothing_is_guessed(tmp_path):
    (tmp_path / "t.csv").write_text("zip,land,flag,empty\n02139,NA,true,\n00501,null,1.0,\n")
    read = artifacts.read_table(tmp_path / "t.csv")
    assert read["zip"].tolist() == ["02139", "00501"]
    assert read["land"].tolist() == ["NA", "null"]
    assert read["flag"].tolist() == ["true", "1.0"]
    assert read["empty"].isna().all()


def test_line_breaks_inside_quotes_end_no_row(tmp_path):
    """Also in a file of several blocks, whose ends fall inside the quotes."""
    field = "\n".join(["w,w"] * 40)
    lines = [f'"{field}{number}",{number}\n' for number in range(20_000)]
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(lines))
    read = artifacts.read_table(tmp_path / "t.csv")
    assert read["b"].tolist() == [str(number) for number in range(20_000)]
    assert read["a"][7] == f"{field}7"


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n")
    assert artifacts.read_table(tmp_path / "t.csv").shape == (0, 2)


def test_a_missing_text_is_the_same_from_every_format(tmp_path):
    frame = pd.DataFrame({"name": ["a", None]})
    for name in ("t.parquet", "t.csv"):
        artifacts.write_table(tmp_path / name, frame)
        read = artifacts.read_table(tmp_path / name)["name"][1]
        assert isinstance(read, float)
        assert np.isnan(read)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.parquet", b"PAR1 this is no table", "not a readable parquet file"),
        ("t.parquet", b"", "not a readable parquet file"),
        ("t.csv", b"", "not a readable csv file"),
        ("t.csv", b"a,b\n1,2\n1,2,3,4\n", "not a readable csv file"),
        ("t.csv", b"a,b,c\n9,1,2,3\n9,1,2,3\n", "not a readable csv file"),
        ("t.csv", b"a,b\n1,2,\n3,4,\n", "not a readable csv file"),
        ("t.csv", b"a,b\n1\n", "not a readable csv file"),
        ("t.csv", b"a\n\xff\xfe\x00\n", "not a readable csv file"),
        ("t.xlsx", b"x", "must end in .parquet, .pq, .csv"),
    ],
)
def test_unreadable_tables_are_artifact_errors(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=message):
        artifacts.read_table(tmp_path / name)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(ArtifactError, match="does not exist"):
        artifacts.read_table(tmp_path / "absent.parquet")
    (tmp_path / "d.parquet").mkdir()
    with pytest.raises(ArtifactError, match="is a folder"):
        artifacts.read_table(tmp_path / "d.parquet")


def test_repeated_column_names_are_a_schema_error(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,a\n1,2,3\n")
    with pytest.raises(SchemaError, match="more than one of: a"):
        artifacts.read_table(tmp_path / "t.csv")


def test_yaml_follows_dvcs_rules(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("number: 1e-3\ntext: no\nempty:\n")
    assert artifacts.read_yaml(path) == {"number": 0.001, "text": "no", "empty": None}


@pytest.mark.parametrize("text", ["a: [1\n", "a: 1\na: 2\n", "\ta: 1\n"])
def test_broken_yaml_is_a_params_error(tmp_path, text):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ParamsError, match="not valid YAML"):
        artifacts.read_yaml(tmp_path / "params.yaml")


def test_json_holds_finite_numbers_only(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        artifacts.write_json(tmp_path / "a.json", {"x": float("nan")})
    assert names(tmp_path) == []
