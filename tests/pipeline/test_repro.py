"""The pipeline under DVC: once in full on a tiny table, then what a change reruns."""

import sys

import pytest
from conftest import STAGES, make_params, make_table
from repositories import commit, dvc, git, run, write_repository


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A committed project after one `dvc repro`, in a folder of its own."""
    folder = write_repository(tmp_path_factory.mktemp("repository"), make_table(), make_params())
    dvc(folder, "repro")
    commit(folder, "first")
    return folder


def test_a_second_repro_has_nothing_to_do(repository):
    before = (repository / "dvc.lock").read_bytes()
    assert "Running stage" not in dvc(repository, "repro")
    assert (repository / "dvc.lock").read_bytes() == before
    assert "up to date" in dvc(repository, "status")


def test_git_sees_metrics_plots_and_the_card_and_nothing_large(repository):
    listed = git(repository, "ls-files").split()
    assert {"dvc.lock", "metrics/holdout.json", "plots/data/roc.csv", "reports/model_card.md",
            "models/registry/latest.txt"} <= set(listed)  # fmt: skip
    assert not [name for name in listed if name.endswith((".png", ".skops", ".pkl"))]
    assert [name for name in listed if name.endswith(".parquet")] == [
        "data/processed/features.parquet"
    ]


def test_a_forced_rebuild_gives_the_same_lock(repository):
    before = (repository / "dvc.lock").read_bytes()
    dvc(repository, "repro", "--force")
    assert (repository / "dvc.lock").read_bytes() == before


def running(output: str) -> list[str]:
    return [name for name in STAGES if f"Running stage '{name}'" in output]


def test_a_threshold_sweep_reruns_threshold_and_package_only(repository):
    output = dvc(repository, "exp", "run", "-S", "threshold.strategy=max_f1")
    assert running(output) == ["threshold", "package"]
    assert "threshold.strategy" in dvc(repository, "params", "diff")
    assert "holdout.recall" in dvc(repository, "metrics", "diff")
    git(repository, "checkout", "--quiet", ".")
    dvc(repository, "checkout", "--quiet")
    assert "up to date" in dvc(repository, "status")


def test_the_style_of_plots_does_not_retrain(repository):
    path = repository / "src/assay/plots/style.py"
    text = path.read_text()
    path.write_text(text.replace('"figure.dpi": 110', '"figure.dpi": 90'))
    stages = dvc(repository, "status", "--json")
    path.write_text(text)
    assert '"evaluate"' in stages
    assert '"train"' not in stages
    assert '"baseline"' not in stages


def test_metrics_show_and_plots_render(repository):
    assert '"roc_auc"' in dvc(repository, "metrics", "show", "--json")
    dvc(repository, "plots", "show", "--out", "dvc_plots")
    page = (repository / "dvc_plots/index.html").read_text()
    for title in (
        "ROC curve (holdout)", "Precision and recall (holdout)", "Calibration (holdout)",
        "Expected cost by threshold", "Confusion matrix (holdout)", "Permutation importance",
        "Mean absolute SHAP value",
    ):  # fmt: skip
        assert title in page, title
    assert '"field": "step"' not in page
    assert page.count("<img") == 20


def test_the_model_is_declared(repository):
    assert (
        "models/runs" in dvc(repository, "ls", ".", "--dvc-only", "--recursive")
        or (repository / "models/runs").is_dir()
    )
    assert "late-flights" in (repository / "dvc.yaml").read_text()


def test_the_history_of_the_holdout_reaches_the_card(repository):
    """An experiment and an earlier commit are told; the second time there is nothing to add."""
    dvc(repository, "exp", "run", "--quiet", "-S", "preprocess.missing_indicator=false")
    git(repository, "checkout", "--quiet", ".")
    first = git(repository, "rev-parse", "HEAD")[:10]
    dvc(repository, "exp", "run", "--quiet", "-S", "train.candidates=[dummy,lightgbm]")
    commit(repository, "second")
    told = run(repository, sys.executable, "-m", "stages.history")
    assert "3 distinct models judged on it" in told
    assert f"(commit {first})" in told
    assert "gain in value per 1,000 rows, each at its own threshold: " in told
    assert running(dvc(repository, "repro")) == ["package"]
    card = (repository / "reports/model_card.md").read_text()
    assert "**3 distinct models have been judged on this holdout**" in card
    assert "1 from commits, 1 from DVC's experiments" in card
    assert f"(commit {first}" in card
    commit(repository, "with its history")
    assert "has every model that Git holds" in run(
        repository, sys.executable, "-m", "stages.history", "--check"
    )
    run(repository, sys.executable, "-m", "stages.history")
    dvc(repository, "repro")
    assert git(repository, "status", "--porcelain") == ""
