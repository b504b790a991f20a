"""What a reviewer sees through DVC of a finished project, for each task."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

DVC = Path(sys.executable).parent / "dvc"
TITLES = {
    "binary": (
        "ROC curve (holdout)", "Precision and recall (holdout)", "Calibration (holdout)",
        "Precision, recall and F1 by threshold", "Expected cost by threshold", "Positives caught", "Saved by acting",
        "Confusion matrix (holdout)",
    ),
    "multiclass": (
        "ROC curve (holdout)", "Precision and recall (holdout)", "Calibration (holdout)",
        "Accuracy of decided rows", "Confusion matrix (holdout)",
    ),
    "regression": (
        "Calibration (holdout)", "Residual against prediction", "Residuals against a normal",
        "Coverage of prediction intervals",
    ),
}  # fmt: skip
OF_ALL = (
    *("Permutation importance", "Mean absolute SHAP value"),
    *("Where the model is weak", "What breaks the model"),
)


def show(folder, *arguments) -> str:
    done = subprocess.run(
        [DVC, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rror" not in done.stderr
    return done.stdout


def test_curves_of_the_task_are_drawn_and_those_of_others_are_not(finished_task, tmp_path):
    folder = shutil.copytree(finished_task.folder, tmp_path / "project", symlinks=True)
    shutil.copy(ROOT / "dvc.yaml", folder / "dvc.yaml")
    show(folder, "init", "--no-scm", "--quiet")
    shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots")
    show(folder, "config", "core.analytics", "false")
    show(folder, "plots", "show", "--out", "shown")
    page = (folder / "shown/index.html").read_text()
    for task, titles in TITLES.items():
        for title in set(titles) - set(TITLES[finished_task.task]):
            assert title not in page, (task, title)
    for title in (*TITLES[finished_task.task], *OF_ALL):
        assert title in page, title
    # Without columns of its own, DVC would draw a curve over the number of the row.
    assert '"field": "step"' not in page
    pictures = sum(len(list(path.iterdir())) for path in (folder / "plots").iterdir())
    pictures -= len(list((folder / "plots/data").iterdir()))
    assert page.count("<img") == pictures
    metrics = json.loads(show(folder, "metrics", "show", "--json"))[""]["data"]
    assert len(metrics) == 9
    assert not [name for name, content in metrics.items() if "error" in content]
