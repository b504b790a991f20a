import shutil
import subprocess

import pytest
from proposals import churn

from assay.artifacts import parquet_bytes
from assay.errors import ArtifactError, ParamsError
from assay.proposal.places import guess_unit, place_table, refuse_to_overwrite, tracked_by


@pytest.fixture
def folder(tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def parquet(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    churn(20).to_parquet(path)
    return path


def git(folder, *words):
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def test_a_parquet_file_of_the_project_stays(folder):
    parquet(folder / "raw/my table.parquet")
    for source in (folder / "raw/my table.parquet", folder.joinpath("raw/../raw/my table.parquet")):
        place = place_table(source, churn(20), folder)
        assert (place.path, place.content) == ("raw/my table.parquet", None)


def test_one_from_elsewhere_is_copied_byte_by_byte(folder):
    source = parquet(folder.parent / "churn.parquet")
    place = place_table(source, churn(20), folder)
    assert place.path == "data/processed/churn.parquet"
    assert place.content == source.read_bytes()
    assert "is copied to it" in place.note


def test_a_csv_file_becomes_parquet(folder):
    (folder / "raw.csv").write_text("a,b\n1,2\n")
    place = place_table(folder / "raw.csv", churn(20), folder)
    assert place.path == "data/processed/raw.parquet"
    assert place.content == parquet_bytes(churn(20))


def test_another_ending_is_no_table(folder):
    with pytest.raises(ArtifactError, match=r"must end in \.parquet"):
        place_table(folder / "a.xlsx", churn(20), folder)


def test_nothing_is_overwritten(folder):
    place = place_table(parquet(folder.parent / "churn.parquet"), churn(20), folder)
    refuse_to_overwrite(folder / "params.yaml", place, folder)
    (folder / "params.yaml").write_text("mine")
    with pytest.raises(ParamsError, match=r"exists.*--force.*Git has not all of it.*--output"):
        refuse_to_overwrite(folder / "params.yaml", place, folder)
    git(folder, "init", "-q")
    git(folder, "add", "params.yaml")
    git(folder, "commit", "-qm", "one")
    with pytest.raises(ParamsError, match="Git keeps the old one"):
        refuse_to_overwrite(folder / "params.yaml", place, folder)
    (folder / "params.yaml").write_text("changed")
    with pytest.raises(ParamsError, match="Git has not all of it"):
        refuse_to_overwrite(folder / "params.yaml", place, folder)


def test_another_table_is_not_overwritten_and_the_same_is_no_matter(folder):
    place = place_table(parquet(folder.parent / "churn.parquet"), churn(20), folder)
    shutil.copy(folder.parent / "churn.parquet", parquet(folder / place.path))
    refuse_to_overwrite(folder / "params.yaml", place, folder)
    (folder / place.path).write_bytes(b"another")
    with pytest.raises(
        ParamsError, match=r"data/processed/churn\.parquet exists and holds another"
    ):
        refuse_to_overwrite(folder / "params.yaml", place, folder)


def test_who_tracks_a_table(folder):
    path = "data/processed/a.parquet"
    parquet(folder / path)
    assert tracked_by(path, folder) is None
    git(folder, "init", "-q")
    assert tracked_by(path, folder) is None
    git(folder, "add", path)
    assert tracked_by(path, folder) == "Git"
    (folder / "data/processed.dvc").write_text("outs: []\n")
    assert tracked_by(path, folder) == "DVC"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("orders.csv", "order"),
        ("2024_deliveries.parquet", "delivery"),
        ("flight-classes.parquet", "flight"),
        ("features.parquet", "row"),
        ("my_data.parquet", "row"),
        ("attrition.parquet", "row"),
        ("hotel_rates.parquet", "row"),
        ("analysis.parquet", "row"),
        ("___.parquet", "row"),
    ],
)
def test_the_unit_is_guessed_from_the_name(tmp_path, name, unit):
    if name == "flight-classes.parquet":
        unit = "class"
    assert guess_unit(tmp_path / name) == unit
