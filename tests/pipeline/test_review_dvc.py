"""A review beside DVC's own differences, and the example that the pages show."""

import json
import re

import pytest
from conftest import ROOT, read_yaml
from repositories import commit, dvc, git
from reviewed import edit_json, set_param, write_lock, write_reviewed

from assay.report.rendering import interval, number
from assay.review.changes import changes, explanations
from assay.review.comment import MARKER
from assay.review.revision import committed, working_copy
from assay.review.trust import _md5

EXAMPLE = (ROOT / "docs/review/comment.md").read_text()


@pytest.fixture(scope="module")
def folder(finished, tmp_path_factory):
    """A project with a changed parameter and changed figures."""
    folder = write_reviewed(finished, tmp_path_factory.mktemp("reviewed") / "project")
    dvc(folder, "init", "--quiet")
    dvc(folder, "config", "core.analytics", "false")
    set_param(folder, "  strategy: min_cost", "  strategy: max_f1")
    set_param(folder, "  min_rows: 100", "  min_rows: 90")
    edit_json(folder / "metrics/holdout.json", model__roc_auc__value=0.5, row_count=7)
    edit_json(folder / "metrics/train.json", extra={"a.b": 1.5})
    write_lock(folder)
    commit(folder, "changed")
    return folder


def test_the_differences_are_dvcs(folder):
    old = committed(folder, git(folder, "rev-parse", "main"), "main")
    new = working_copy(folder, git(folder, "rev-parse", "HEAD"))
    params = json.loads(dvc(folder, "params", "diff", "--json", "main"))["params.yaml"]
    found = {each.key: (each.old, each.new) for each in changes(old.params, new.params)}
    assert found == {key: (each["old"], each["new"]) for key, each in params.items()}
    told = json.loads(dvc(folder, "metrics", "diff", "--json", "main"))
    by_dvc = {
        f"{file.removeprefix('metrics/').removesuffix('.json')}.{key}": (each.get("old"), each.get("new"))
        for file, values in told.items()
        for key, each in values.items()
    }  # fmt: skip
    ours = {each.key: each for each in changes(old.metrics, new.metrics)}
    assert set(by_dvc) == set(ours) == {
        "holdout.model.roc_auc.value", "holdout.row_count", "train.extra.a.b"
    }  # fmt: skip
    assert by_dvc["holdout.row_count"] == (
        ours["holdout.row_count"].old,
        ours["holdout.row_count"].new,
    )


def test_the_hash_of_a_folder_is_dvcs(folder):
    """As dvc.lock has it, without byte code."""
    parts = folder / "parts"
    (parts / "__pycache__").mkdir(parents=True)
    (parts / "inner").mkdir()
    for name in ("b.py", "a.py", "inner/c.py", "__pycache__/a.pyc"):
        (parts / name).write_text(name)
    (folder / ".dvcignore").write_text("__pycache__\n*.pyc\n")
    dvc(folder, "add", "--quiet", "parts")
    noted = read_yaml(folder / "parts.dvc")["outs"][0]["md5"]
    # Taken from the `.dvc` file where there is one, or else computed.
    assert _md5(folder, "parts") == noted
    (folder / "parts.dvc").unlink()
    assert _md5(folder, "parts") == noted


def test_every_parameter_of_the_bundled_project_is_explained():
    """By its own comment, or by that of the key before it, or of what it is in."""
    from assay.review.changes import explanation, flat

    told = explanations((ROOT / "params.yaml").read_text())
    keys = [key for key, _ in flat(read_yaml(ROOT / "params.yaml"))]
    assert len(keys) > 100
    assert [key for key in keys if not explanation(told, key)] == []
    assert told["threshold.min_recall"].startswith("`min_recall`: the highest precision")
    assert told["evaluate.gate.action"].startswith("fail: the pipeline stops")


def test_the_example_is_of_the_bundled_run():
    metrics = json.loads((ROOT / "metrics/threshold.json").read_text())
    holdout = json.loads((ROOT / "metrics/holdout.json").read_text())["model"]
    assert EXAMPLE.startswith(MARKER)
    assert f"| **threshold** | {number(metrics['threshold'])} |" in EXAMPLE
    assert f"| **`roc_auc`** | {interval(holdout['roc_auc'])} |" in EXAMPLE
    for name in ("precision", "recall", "f1"):
        told = interval(metrics["holdout"][name])
        assert f"| {name} at the threshold | {told} |" in EXAMPLE
    for name in re.findall(r'<img src="([^"]+)"', EXAMPLE):
        assert (ROOT / "docs/review" / name).is_file()


def test_the_pages_show_the_example():
    readme = (ROOT / "README.md").read_text()
    section = readme.split("## Review a change")[1].split("\n## ")[0]
    (sentence,) = re.findall(r"```text\n(.*?)\n```", section, re.DOTALL)
    assert " ".join(sentence.split()) == EXAMPLE.splitlines()[3]
    page = (ROOT / "docs/review.md").read_text()
    for target in [*re.findall(r"\]\(((?:docs|\.github)/[^)]+)\)", section)]:
        assert (ROOT / target).exists(), target
    for target in re.findall(r"\]\(([\w/.]+\.md)\)", page):
        assert (ROOT / "docs" / target).is_file(), target
    for option in set(re.findall(r"`(--[a-z-]+)`", page)):
        assert option in (ROOT / "stages/review.py").read_text(), option
