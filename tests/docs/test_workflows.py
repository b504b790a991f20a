"""The workflows: their commands exist, their permissions are the least, and their shell does what it says."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, read_yaml
from repositories import git

from assay.review.comment import MARKER
from stages import review

WORKFLOWS = {name: read_yaml(ROOT / f".github/workflows/{name}.yml") for name in ("ci", "review")}
JOBS = [(name, job) for name, flow in WORKFLOWS.items() for job in flow["jobs"]]
STEPS = [
    (name, job, step)
    for name, job in JOBS
    for step in WORKFLOWS[name]["jobs"][job]["steps"]
    if "run" in step
]
IDS = [f"{name}-{step['name']}" for name, _, step in STEPS]
SHELL = [shutil.which("bash") or "bash", "--noprofile", "--norc", "-eo", "pipefail"]


def script(words):
    (found,) = [step["run"] for _, _, step in STEPS if words in step["name"]]
    return found


@pytest.mark.parametrize(("name", "job", "step"), STEPS, ids=IDS)
def test_a_script_parses_and_takes_no_text_of_others(name, job, step):
    done = subprocess.run(
        [*SHELL, "-n"], input=step["run"], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # What an expression puts into a script is run, whatever a branch is called.
    assert "${{" not in step["run"]


def test_the_triggers_give_no_token_to_strangers():
    for flow in WORKFLOWS.values():
        # YAML 1.2 has no truth called `on`.
        assert set(flow["on"]) <= {"push", "pull_request"}
        assert flow["concurrency"]["cancel-in-progress"] is True
        assert flow["defaults"]["run"]["shell"] == "bash"


def test_the_permissions_are_the_least():
    assert WORKFLOWS["ci"]["permissions"] == {"contents": "read"}
    assert "permissions" not in WORKFLOWS["ci"]["jobs"]["check"]
    assert WORKFLOWS["review"]["permissions"] == {}
    jobs = WORKFLOWS["review"]["jobs"]
    assert jobs["review"]["permissions"] == {"contents": "read"}
    assert jobs["comment"]["permissions"] == {"contents": "write", "pull-requests": "write"}
    assert "head.repo.full_name == github.repository" in jobs["comment"]["if"]


def test_who_may_write_runs_nothing_of_the_pull_request():
    job = WORKFLOWS["review"]["jobs"]["comment"]
    used = [step["uses"].split("@")[0] for step in job["steps"] if "uses" in step]
    assert used == ["actions/download-artifact"]
    scripts = "\n".join(step["run"] for step in job["steps"] if "run" in step)
    assert not re.search(r"\b(python|dvc|make|source|bash) ", scripts)


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_actions_are_githubs_and_pinned(name, job):
    for step in WORKFLOWS[name]["jobs"][job]["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w/-]+@v\d+", step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"] == {"fetch-depth": 0, "persist-credentials": False}


def test_every_command_exists_with_its_options():
    text = "\n".join(step["run"] for _, _, step in STEPS)
    makefile = (ROOT / "Makefile").read_text()
    assert re.findall(r"make (\.venv\S+)", text) == [".venv/.assay-ready"]
    assert re.search(r"^READY := \.venv/\.assay-ready$", makefile, re.MULTILINE)
    assert os.access(ROOT / ".ci/run", os.X_OK)
    calls = re.findall(r"\bdvc ((?:[a-z]+ ?){1,2})((?:--[\w-]+ ?)*)", text)
    assert len(calls) >= 6
    for words, options in calls:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *words.split(), "--help"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, words
        for option in options.split():
            assert option in done.stdout, option
    stages = re.findall(r"python -m stages\.(\w+) (.*?)(?:;|$)", text, re.MULTILINE)
    assert {name for name, _ in stages} == {"review", "history"}
    for name, arguments in stages:
        assert (ROOT / f"stages/{name}.py").is_file()
        if name == "review":
            chosen = review.parse_arguments(arguments.replace('"', "").split())
            assert chosen.against == "$AGAINST"


def test_what_ci_runs_is_what_the_readme_says():
    assert ".ci/run" in script("make test, make lint")
    ci = (ROOT / ".ci/run").read_text()
    assert "\nmake test\n" in ci
    assert "\nmake lint\n" in ci


def test_the_marker_is_that_of_the_comment():
    assert f'startswith("{MARKER}")' in script("Post the comment")


def shell(folder, text, **environment):
    """Run a script as a runner does, with a `gh` that notes what it is asked."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "gh").write_text(
        '#!/bin/sh\necho "$@" >> "$GH_LOG"\n'
        'case "$*" in *--paginate*) test -z "$GH_FOUND" || printf "$GH_FOUND";; esac\n'
    )
    (programs / "gh").chmod(0o755)
    given = {
        "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder), "GH_LOG": str(folder / "log"),
        "GH_FOUND": "", "GITHUB_SERVER_URL": folder.as_uri(), "GITHUB_REPOSITORY": "owner/project",
        "NUMBER": "7", "SHA": "abc", "PICTURES": "review-pictures",
    }  # fmt: skip
    return subprocess.run(
        [*SHELL, "-c", text], cwd=folder, env=given | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ("", "--method POST repos/owner/project/issues/7/comments -F body=@review/comment.md"),
        ("11\\n12\\n", "--method PATCH repos/owner/project/issues/comments/12 -F body=@review/"),
    ],
)
def test_a_comment_is_posted_once_and_then_replaced(tmp_path, found, asked):
    done = shell(tmp_path, script("Post the comment"), GH_FOUND=found)
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "log").read_text().splitlines()
    assert len(calls) == 2
    assert asked in calls[1]


def test_pictures_go_to_a_branch_of_one_commit_beside_those_of_others(tmp_path):
    remote = tmp_path / "owner/project.git"
    remote.mkdir(parents=True)
    git(remote, "init", "--quiet", "--bare")
    (tmp_path / "review").mkdir()
    push = script("Push the pictures")
    for number, sha in (("7", "abc"), ("8", "bcd"), ("7", "cde")):
        (tmp_path / "review/roc.png").write_bytes(sha.encode())
        done = shell(tmp_path, push, NUMBER=number, SHA=sha)
        assert done.returncode == 0, done.stderr
        shutil.rmtree(tmp_path / "pictures")
    listed = git(remote, "ls-tree", "-r", "--name-only", "review-pictures").split()
    assert listed == ["pr-7/cde/roc.png", "pr-8/bcd/roc.png"]
    assert git(remote, "rev-list", "--count", "review-pictures") == "1"
    (tmp_path / "review/roc.png").unlink()
    assert shell(tmp_path, push).returncode == 0
    assert not (tmp_path / "pictures").exists()


def test_a_rebuild_that_differs_is_noticed(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.name", "test")
    git(tmp_path, "config", "user.email", "test@example.org")
    for name in ("params.yaml", "dvc.lock", "metrics/a.json", "plots/data/a.csv", "reports/card.md",
                 "models/registry/latest.txt"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("committed")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    check, output = script("Is it what is committed?"), tmp_path / "output"
    for changed, same in ((None, "same=true\n"), ("metrics/a.json", "same=false\n")):
        output.unlink(missing_ok=True)
        if changed:
            (tmp_path / changed).write_text("rebuilt")
        assert shell(tmp_path, check, GITHUB_OUTPUT=str(output)).returncode == 0
        assert output.read_text() == same
    done = shell(tmp_path, script("Fail if the rebuild"))
    assert done.returncode == 1
    assert "::error::" in done.stdout


def test_a_comment_is_not_drawn_without_a_browser(tmp_path):
    (tmp_path / "comment.md").write_text("A comment.")
    command = [sys.executable, ROOT / "scripts/show_comment.py", "comment.md", "comment.png"]
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"No `chromium` on the path" in done.stderr
    assert b"Traceback" not in done.stderr
