"""The notebook runs on every task, reads artifacts only, and is committed without outputs."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks/03_ml_diagnostics.ipynb"
# Raw rows: a notebook for readers must not need them.
_RAW = re.compile(r"data/(?:processed|split|validated)|features\.parquet|train\.parquet")


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_it_is_committed_without_outputs_and_with_stable_ids(notebook):
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in code_of(notebook))
    names = [cell["id"] for cell in notebook.cells]
    assert len(set(names)) == len(names)
    # Names that somebody gave, not those that an editor draws.
    assert all(re.fullmatch(r"[a-z]+(?:-[a-z]+)?", name) for name in names)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


def test_it_reads_no_raw_rows(notebook):
    text = "\n".join(cell.source for cell in notebook.cells)
    assert not _RAW.search(text)
    assert _RAW.search('read_table("data/split/holdout.parquet")')


def test_each_picture_is_told_how_to_read_it(notebook):
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[:3] == ["markdown", "code", "code"]
    assert kinds[3:] == ["markdown", "code"] * (len(kinds[3:]) // 2)
    for cell in notebook.cells[3::2]:
        title, said = cell.source.split("\n\n")
        assert title.startswith("## ")
        assert said.endswith(".")


def test_it_runs_on_every_task(finished_task, notebook):
    if finished_task.engine == "sklearn":
        # The other engine writes the same files.
        return
    folder = str(finished_task.folder)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}}).execute()
    outputs = [output for cell in code_of(notebook) for output in cell.outputs]
    assert not [output for output in outputs if output.output_type in ("error", "stream")]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= 4
    shown = "".join(output.get("data", {}).get("text/markdown", "") for output in outputs)
    summary = (finished_task.folder / "reports/eval_summary.md").read_text()
    assert summary.split("\n\n")[1] in shown
