"""`stages.verify` on small real projects: what it rebuilds, what it finds, and what it leaves alone."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from repositories import commit, dvc, git, start_repository

from assay.errors import ArtifactError
from assay.rebuild import rebuild
from stages import verify

_CODE = """\
import json, pathlib, sys
value = float(pathlib.Path("data/in.csv").read_text())
if pathlib.Path("refuse").exists():
    sys.exit("error: 2 faults:\\n  - the first\\n  - the second")
pathlib.Path("out").mkdir()
pathlib.Path("out/a.txt").write_text("a")
pathlib.Path("out/b.txt").write_text(pathlib.Path("b").read_text())
pathlib.Path("metrics.json").write_text(json.dumps({"model": {"auc": value}, "label": "x"}))
"""
_PIPELINE = """\
stages:
  first:
    cmd: python code.py
    deps: [data/in.csv]
    outs: [out]
    metrics: [metrics.json: {cache: false}]
  second:
    cmd: cp -r out copy
    deps: [out]
    outs: [copy]
"""


@pytest.fixture(scope="module")
def committed(tmp_path_factory):
    """A committed project whose input is tracked by DVC, as is the code no input of its stage."""
    folder = start_repository(tmp_path_factory.mktemp("committed"))
    (folder / "data").mkdir()
    (folder / "data/in.csv").write_text("0.7\n")
    (folder / "b").write_text("b")
    (folder / "code.py").write_text(_CODE)
    (folder / "dvc.yaml").write_text(_PIPELINE)
    dvc(folder, "add", "--quiet", "data/in.csv")
    dvc(folder, "repro", "--quiet")
    commit(folder, "first")
    return folder


@pytest.fixture
def project(committed, tmp_path, monkeypatch):
    """A copy of it; temporary clones go to a folder of the test."""
    folder = shutil.copytree(committed, tmp_path / "project")
    (tmp_path / "clones").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "clones"))
    monkeypatch.chdir(folder)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Return every file but what Git and DVC keep to themselves."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if not path.is_relative_to(folder / ".git") and not path.is_relative_to(folder / ".dvc/tmp")
    }


def test_a_rebuild_is_identical_and_touches_nothing(project, capsys):
    (project / "b").write_text("not committed")
    (project / "new.py").write_text("")
    before = content(project)
    verify.main([])
    printed = capsys.readouterr().out
    assert "  first\n  second\n" in printed
    assert "first   metrics.json  identical\nfirst   out           identical\n" in printed
    assert "note: what is not committed is no part of it: b, new.py\n" in printed
    assert printed.endswith(": 3 outputs, all byte-identical\n")
    assert content(project) == before
    assert not list(project.parent.joinpath("clones").iterdir())


def test_what_differs_is_named_to_the_file(project, capsys):
    (project / "b").write_text("other")
    (project / "code.py").write_text(
        _CODE.replace("out/a.txt", "out/c.txt").replace("value}", "1e-9 + value}")
    )
    commit(project, "without repro")
    with pytest.raises(
        ArtifactError,
        match=r"3 of 3 outputs differ: metrics.json, out, copy\. The metrics agree within 1e-6 \(values: 2\)",
    ):
        verify.main([])
    printed = capsys.readouterr().out
    assert "metrics.json  differs\n" in printed
    assert "out           of 2 files 1 changed: b.txt; 1 missing: a.txt; 1 new: c.txt\n" in printed


def test_metrics_that_do_not_agree_are_named(project):
    (project / "code.py").write_text(_CODE.replace("value}", "0.9}"))
    commit(project, "without repro")
    with pytest.raises(
        ArtifactError,
        match=r"1 of 2 metrics do not agree within 1e-6: metrics.json: model.auc is 0.9, was 0.7",
    ):
        verify.main(["--rev", "HEAD"])


def test_an_older_revision(project):
    (project / "code.py").write_text("raise SystemExit(1)\n")
    commit(project, "broken")
    verify.main(["--rev", "HEAD~1"])


def test_an_edited_file_of_git_is_found(project, capsys):
    """`dvc.lock` names the right bytes; what a reviewer reads in Git is another file."""
    (project / "metrics.json").write_text('{"model": {"auc": 0.99}}')
    commit(project, "edited")
    with pytest.raises(
        ArtifactError, match=r"1 of 3 outputs differ: metrics\.json\. 2 of 2 metrics"
    ):
        verify.main([])
    assert "metrics.json  Git has another version of it than dvc.lock" in capsys.readouterr().out


def test_a_lock_of_other_inputs_is_told(project, capsys):
    (project / "data/in.csv").write_text("0.8\n")
    dvc(project, "add", "--quiet", "data/in.csv")
    (project / "dvc.yaml").write_text(_PIPELINE.replace("cp -r out copy", "cp -R out copy"))
    commit(project, "without repro")
    with pytest.raises(ArtifactError, match=r"1 of 3 outputs differ: metrics\.json"):
        verify.main([])
    causes = "was written before a change of data/in.csv, the command of second"
    assert causes in capsys.readouterr().out


def test_a_stage_that_does_not_run_is_not_identical(project, capsys):
    (project / "dvc.yaml").write_text(_PIPELINE.replace("  second:\n", "  renamed:\n"))
    commit(project, "renamed")
    with pytest.raises(ArtifactError, match="2 of 4 outputs differ: copy, copy"):
        verify.main([])
    printed = capsys.readouterr().out
    assert "was not rebuilt: no stage second of dvc.yaml" in printed
    assert "renamed  copy          is not in the committed dvc.lock" in printed


def test_a_stage_that_fails_tells_its_own_error(project):
    (project / "refuse").write_text("")
    commit(project, "refuses")
    with pytest.raises(
        ArtifactError,
        match=r"the rebuild stopped in stage first: 2 faults:\n  - the first\n  - the second$",
    ):
        verify.main([])
    assert not list(project.parent.joinpath("clones").iterdir())


def test_a_fault_of_dvc_itself_is_told(project):
    (project / "dvc.yaml").write_text("stages: [\n")
    commit(project, "broken")
    with pytest.raises(ArtifactError, match=r"DVC says: .*dvc\.yaml' is invalid"):
        rebuild(project, "HEAD", print)
    git(project, "add", "--force", "data/in.csv")
    git(project, "rm", "--quiet", "--cached", "data/in.csv.dvc")
    git(project, "commit", "--quiet", "--message", "in Git")
    with pytest.raises(ArtifactError, match=r"before its first stage: .*dvc\.yaml' is invalid"):
        rebuild(project, "HEAD", print)


def test_data_that_is_nowhere(project):
    shutil.rmtree(project / ".dvc/cache")
    with pytest.raises(
        ArtifactError, match=r"data/in\.csv of commit \w+ came neither from the cache .*dvc push"
    ):
        verify.main([])


def test_data_from_the_remote(project):
    dvc(project, "remote", "add", "--quiet", "--default", "store", str(project.parent / "store"))
    dvc(project, "push", "--quiet")
    commit(project, "remote")
    shutil.rmtree(project / ".dvc/cache")
    verify.main([])
    assert not (project / ".dvc/cache").exists()


def test_data_with_other_bytes(project):
    for path in (project / ".dvc/cache").rglob("*"):
        if path.is_file() and path.read_bytes() == b"0.7\n":
            path.chmod(0o644)
            path.write_bytes(b"0.8\n")
    with pytest.raises(ArtifactError, match="came with other bytes than its"):
        verify.main([])


def test_an_input_that_nothing_tracks(project):
    git(project, "rm", "--quiet", "--cached", "data/in.csv.dvc", "data/.gitignore")
    git(project, "commit", "--quiet", "--message", "untracked")
    with pytest.raises(
        ArtifactError, match=r"data/in\.csv, an input, is neither in Git nor in DVC"
    ):
        verify.main([])


def test_no_lock_and_no_such_revision(project):
    git(project, "rm", "--quiet", "--cached", "dvc.lock")
    git(project, "commit", "--quiet", "--message", "no lock")
    with pytest.raises(ArtifactError, match=r"commit \w+ has no dvc\.lock"):
        verify.main([])
    with pytest.raises(ArtifactError, match="nope is no Git revision"):
        verify.main(["--rev", "nope"])
    with pytest.raises(ArtifactError, match="nope is no Git revision"):
        rebuild(project, "nope", print)


def test_a_lock_with_the_marks_of_a_merge(project):
    lock = project / "dvc.lock"
    lock.write_text(f"<<<<<<< HEAD\n{lock.read_text()}=======\n>>>>>>> other\n")
    commit(project, "merge")
    with pytest.raises(ArtifactError, match=r"dvc\.lock of commit \w+ is not valid YAML"):
        verify.main([])


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stopped_rebuild_leaves_nothing(project, tmp_path, name):
    """Neither the clone nor a process that goes on in it."""
    (project / "code.py").write_text(
        "import os, time; print(os.getpid()); open('../../pid', 'w').write(str(os.getpid())); time.sleep(60)\n"
    )
    commit(project, "slow")
    environment = os.environ | {
        "TMPDIR": str(tmp_path / "clones"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.verify"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "clones/pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    stage = int((tmp_path / "clones/pid").read_text())
    process.send_signal(getattr(signal, name))
    _, said = process.communicate()
    assert process.returncode == 130
    assert said == b"stopped; the temporary clone is removed\n"
    assert [path.name for path in (tmp_path / "clones").iterdir()] == ["pid"]
    assert not psutil.pid_exists(stage) or psutil.Process(stage).status() == "zombie"
