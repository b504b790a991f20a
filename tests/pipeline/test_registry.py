"""Run folders of versions, stages and commits, from a real project under Git, DVC and GTO."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from repositories import commit, dvc, git, gto, package, write_small_repository

from assay import registry
from assay.errors import ArtifactError
from assay.registry import fetch_run


def in_stage(folder: Path, version: str, *options: str) -> None:
    # GTO orders assignments by whole seconds.
    time.sleep(1.1)
    gto(folder, "assign", "late-flights", "--version", version, "--stage", "prod", *options)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """Three runs; two are versions and pushed, and the second of these is in stage prod."""
    folder = write_small_repository(tmp_path_factory.mktemp("history"))
    before = commit(folder, "before")
    dvc(folder, "remote", "add", "--quiet", "--default", "store", str(folder.parent / "store"))
    commits = [before]
    for value in ("one", "two"):
        commits.append(package(folder, value))
        gto(folder, "register", "late-flights")
    in_stage(folder, "v0.0.1")
    in_stage(folder, "v0.0.2")
    dvc(folder, "push", "--quiet", "--all-tags")
    commits.append(package(folder, "three"))
    return SimpleNamespace(folder=folder, commits=commits, store=folder.parent / "store")


@pytest.fixture
def project(history, tmp_path):
    """A copy of it, with cache, and without the remote."""
    folder = shutil.copytree(
        history.folder, tmp_path / "project", ignore=shutil.ignore_patterns("tmp")
    )
    dvc(folder, "remote", "remove", "store")
    return folder


def weights(run: Path) -> str:
    return (run / "model/weights.txt").read_text()


def empty_the_cache(folder: Path) -> None:
    shutil.rmtree(folder / ".dvc/cache")


def test_the_latest_run_is_that_of_the_working_copy(project):
    assert fetch_run("HEAD", project) == project / "models/runs/run-three"
    assert not (project / ".dvc/tmp/runs").exists()


@pytest.mark.parametrize(
    ("revision", "value"),
    [
        ("v0.0.1", "one"),
        ("v0.0.2", "two"),
        ("late-flights@v0.0.1", "one"),
        ("prod", "two"),
        ("late-flights#prod", "two"),
        ("late-flights#prod#1", "one"),
        ("HEAD~1", "two"),
        ("main", "three"),
    ],
)
def test_every_way_to_name_a_run(history, revision, value):
    run = fetch_run(revision, history.folder)
    assert run.name == f"run-{value}"
    assert weights(run) == value * 3


def test_a_fetched_run_lies_under_its_commit_and_is_used_again(project, history, monkeypatch):
    run = fetch_run("v0.0.1", project)
    assert run == project / ".dvc/tmp/runs" / history.commits[1] / "run-one"
    monkeypatch.setattr(registry, "download", None)
    assert fetch_run("v0.0.1", project) == run
    assert git(project, "status", "--porcelain", "--", "models", ".dvc/tmp") == ""
    assert (project / "models/runs/run-three").is_dir()


def test_a_damaged_copy_is_fetched_anew(project):
    run = fetch_run("v0.0.1", project)
    (run / "model/weights.txt").write_text("damaged")
    (run.parents[1] / f"{run.parent.name}.tmp").mkdir()
    assert weights(fetch_run("v0.0.1", project)) == "oneoneone"
    assert sorted(path.name for path in run.parents[1].iterdir()) == [run.parent.name, "lock"]


def test_a_changed_working_copy_is_not_used(project):
    (project / "models/runs/run-three/model/weights.txt").write_text("changed")
    assert weights(fetch_run("HEAD", project)) == "threethreethree"


def test_without_cache_and_remote_it_says_what_to_do(project):
    empty_the_cache(project)
    with pytest.raises(
        ArtifactError,
        match=r"models/runs of commit .* nor from a remote \(the project has no default one\)",
    ):
        fetch_run("v0.0.1", project)
    assert [path.name for path in (project / ".dvc/tmp/runs").iterdir()] == ["lock"]


def test_a_damaged_cache_is_told_from_a_missing_one(project):
    for path in (project / ".dvc/cache/files/md5").rglob("*"):
        if path.is_file() and path.read_text() == "oneoneone":
            path.chmod(0o644)
            path.write_text("damaged")
    with pytest.raises(ArtifactError, match="with other bytes than its"):
        fetch_run("v0.0.1", project)


def test_a_clone_fetches_from_the_remote(history, tmp_path):
    git(tmp_path, "clone", "--quiet", str(history.folder), "clone")
    run = fetch_run("prod", tmp_path / "clone")
    assert weights(run) == "twotwotwo"
    assert not (tmp_path / "clone/models/runs").exists()


def test_an_old_commit_is_fetched_from_todays_remote(history, project):
    """When it was made the remote had another name, or there was none."""
    git(project, "checkout", "--quiet", history.commits[1], "--", ".dvc/config")
    dvc(project, "remote", "remove", "store")
    dvc(project, "remote", "add", "--quiet", "--default", "moved", str(history.store))
    empty_the_cache(project)
    assert weights(fetch_run("v0.0.1", project)) == "oneoneone"


def test_a_run_that_was_not_pushed_is_missed(history, tmp_path):
    git(tmp_path, "clone", "--quiet", str(history.folder), "clone")
    with pytest.raises(ArtifactError, match=r"nor from the remote store.*Run `dvc push`"):
        fetch_run("HEAD", tmp_path / "clone")


def test_processes_that_want_the_same_run_do_not_disturb_each_other(project):
    script = "import sys; from assay.registry import fetch_run; print(fetch_run(sys.argv[1]))"
    command = [sys.executable, "-c", script, "v0.0.1"]
    running = [
        subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    printed = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(printed) == 1
    assert weights(project / printed.pop().strip()) == "oneoneone"


def test_going_back_to_an_older_version(project):
    with pytest.raises(AssertionError, match=r"already in stage 'prod'\. Use the '--force'"):
        in_stage(project, "v0.0.1")
    in_stage(project, "v0.0.1", "--force")
    assert weights(fetch_run("prod", project)) == "oneoneone"
    gto(project, "deprecate", "late-flights", "v0.0.1", "prod")
    assert weights(fetch_run("prod", project)) == "twotwotwo"
    gto(project, "deprecate", "late-flights", "v0.0.2", "prod")
    with pytest.raises(ArtifactError, match="late-flights#prod: no version is in that stage"):
        fetch_run("prod", project)


def test_a_stage_that_is_a_branch_too_must_be_told(project):
    git(project, "branch", "prod", "HEAD")
    with pytest.raises(ArtifactError, match="prod is a stage of late-flights, and a Git revision"):
        fetch_run("prod", project)
    assert weights(fetch_run("late-flights#prod", project)) == "twotwotwo"
    assert weights(fetch_run("refs/heads/prod", project)) == "threethreethree"


def test_unknown_names_come_with_the_known_ones(project):
    with pytest.raises(
        ArtifactError,
        match=r"v0\.0\.3 is no Git revision.*Did you mean v0\.0\.\d\? "
        r"Known: v0\.0\.1, v0\.0\.2, prod\.",
    ):
        fetch_run("v0.0.3", project)
    with pytest.raises(ArtifactError, match="--help is no Git revision"):
        fetch_run("--help", project)


def test_nothing_was_packaged_there(project, history):
    before = history.commits[0]
    with pytest.raises(ArtifactError, match=f"nothing was packaged at {before} .*latest.txt"):
        fetch_run(before, project)
    git(project, "rm", "--quiet", "--cached", "dvc.lock")
    git(project, "commit", "--quiet", "--message", "no lock")
    with pytest.raises(ArtifactError, match=r"commit \w+ has no models/runs in its dvc.lock"):
        fetch_run("HEAD", project)


def test_a_pointer_out_of_the_folder_of_runs_is_refused(project):
    (project / "models/registry/latest.txt").write_text("models/runs/../../..\n")
    commit(project, "pointer")
    with pytest.raises(ArtifactError, match="is no folder in models/runs"):
        fetch_run("HEAD", project)


def test_no_version_yet_and_no_artifact(tmp_path):
    folder = write_small_repository(tmp_path)
    package(folder, "one")
    with pytest.raises(ArtifactError, match="There are none yet: run `git fetch --tags`"):
        fetch_run("v1.0.0", folder)
    (folder / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(ArtifactError, match="declares no artifact with the path models/runs"):
        fetch_run("prod", folder)


def test_what_is_no_project(project, tmp_path, monkeypatch):
    (tmp_path / "bare").mkdir()
    with pytest.raises(ArtifactError, match=r"dvc\.yaml does not exist"):
        fetch_run("HEAD", tmp_path / "bare")
    (tmp_path / "bare/dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(ArtifactError, match="is in no Git working copy"):
        fetch_run("HEAD", tmp_path / "bare")
    shutil.rmtree(project / ".dvc")
    with pytest.raises(ArtifactError, match="is no DVC project"):
        fetch_run("v0.0.1", project)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ArtifactError, match="git is not installed"):
        fetch_run("v0.0.1", project)


@pytest.mark.parametrize(("program", "revision"), [("dvc", "v0.0.1"), ("gto", "prod")])
def test_a_program_that_is_not_installed(project, monkeypatch, program, revision):
    find = registry.require_program.__globals__["importlib"].util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == program else find(name)
    )
    with pytest.raises(ArtifactError, match=f"{program} is not installed for"):
        fetch_run(revision, project)


def test_a_project_inside_a_larger_repository(tmp_path):
    folder = write_small_repository(tmp_path, "inner")
    for number, value in enumerate(("one", "two"), start=1):
        package(folder, value)
        git(folder, "tag", f"late-flights@v0.0.{number}")
    assert fetch_run("v0.0.2", folder) == folder / "models/runs/run-two"
    assert weights(fetch_run("v0.0.1", folder)) == "oneoneone"
