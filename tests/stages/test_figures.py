"""Every picture of a finished project, as its stages draw it: nothing is cut, hidden or unnamed."""

import shutil

import pytest
from conftest import inside, run_stage
from figures import faults_of

from assay import artifacts

DRAWING = ("evaluate", "threshold", "interpret")


def test_every_picture_of_a_run_is_named_legible_and_in_the_palette(
    finished_task, tmp_path, monkeypatch
):
    if finished_task.engine == "sklearn":
        pytest.skip("its pictures are drawn by the same code")
    folder = shutil.copytree(finished_task.folder, tmp_path / "project", symlinks=True)
    figures = {}

    def keep(place, drawn):
        figures.update({f"{place.name}/{name}": figure for name, figure in drawn.items()})

    monkeypatch.setattr(artifacts, "write_figures", keep)
    with inside(folder):
        for name in DRAWING:
            run_stage(name)
    written = {
        f"{path.parent.name}/{path.stem}" for path in finished_task.folder.glob("plots/*/*.png")
    }
    assert set(figures) == written
    found = {name: faults_of(figure) for name, figure in figures.items()}
    assert not {name: faults for name, faults in found.items() if faults}
    # What is wider is shrunk in a page until it is not read.
    wide = {name: figure.get_size_inches()[0] for name, figure in figures.items()}
    assert not {name: inches for name, inches in wide.items() if inches > 13}
