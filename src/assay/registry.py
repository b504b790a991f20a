"""Find the run folder of a version, of a stage or of any commit.

Versions and stages are Git tags in GTO's form, `late-flights@v1.0.0` and `late-flights#prod#3`, on the
entry of `dvc.yaml` under `artifacts:` whose path is the folder of runs. docs/promotion.md says how they
are made.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

from assay import artifacts
from assay.errors import ArtifactError, nearest
from assay.revisions import (
    content_md5,
    download,
    file_at,
    find_commit,
    lock_at,
    lock_entries,
    require_program,
    run_git,
)

RUNS = "models/runs"
POINTER = "models/registry/latest.txt"
_FETCHED = Path(".dvc/tmp/runs")
_VERSION = re.compile(r"v\d+\.\d+\.\d+([-+].+)?")


def fetch_run(revision: str, project: Path = Path()) -> Path:
    """Return the run folder that was packaged at a revision, and fetch it if need be.

    The folder is that of the working copy if it has the content that the revision names, or else a
    copy in `.dvc/tmp/runs/`, which is kept for the next time.

    Parameters
    ----------
    revision : str
        A version (`v1.2.0`), a stage (`prod`, `late-flights#prod`), or any Git revision.
    project : Path
        The project's folder.

    Raises
    ------
    ArtifactError
        If there is no such revision, nothing was packaged there, or its run is neither in DVC's
        cache nor in the remote.
    """
    commit = resolve(revision, project)
    run, wanted = _packaged(revision, commit, project)
    here, fetched = project / RUNS, project / _FETCHED / commit
    for folder in (here, fetched):
        if content_md5(folder) == wanted:
            return folder / run
    if not (project / ".dvc").is_dir():
        raise ArtifactError(
            f"{project.absolute()} is no DVC project. Run from the project's folder."
        )
    try:
        _fetch(commit, wanted, fetched, project)
    except OSError as error:
        raise ArtifactError(f"{fetched} cannot be written: {error.strerror}. Free it.") from None
    return fetched / run


def resolve(revision: str, project: Path) -> str:
    """Return the full hash of the commit that a version, a stage or a Git revision names.

    Raises
    ------
    ArtifactError
        If nothing has that name, or a stage and a Git revision both have.
    """
    name = _artifact(project)
    tags = _tags(project, name) if name else []
    version = f"{name}@{revision}"
    if _VERSION.fullmatch(revision) and version in tags:
        return _commit_of(version, project)
    stages = {tag.split("#")[1] for tag in tags if "#" in tag}
    stage = revision.removeprefix(f"{name}#")
    commit = None if stage in stages and stage != revision else find_commit(project, revision)
    if stage not in stages:
        if commit is None:
            raise _unknown(revision, name, tags, stages)
        return commit
    if commit is not None:
        raise ArtifactError(
            f"{revision} is a stage of {name}, and a Git revision too. "
            f"Write {name}#{stage}, or refs/heads/{revision} for a branch."
        )
    return _staged(f"{name}#{stage}", project)


def _artifact(project: Path) -> str | None:
    """Return the name under which `dvc.yaml` declares the folder of runs."""
    pipeline = artifacts.read_yaml(project / "dvc.yaml")
    declared = pipeline.get("artifacts") if isinstance(pipeline, dict) else None
    for name, entry in (declared or {}).items():
        if isinstance(entry, dict) and entry.get("path") == RUNS:
            return str(name)
    return None


def _tags(project: Path, name: str) -> list[str]:
    """Return the tags that GTO made to register and to assign, in the order of their making."""
    of_ours = (f"{name}@v*", f"{name}#*")
    listed = run_git(project, "tag", "--list", "--sort=creatordate", *of_ours).stdout
    # The tags that take a version or a stage back have a `!`.
    return [tag for tag in listed.decode().split() if "!" not in tag]


def _staged(place: str, project: Path) -> str:
    """Ask GTO which version is in a stage: going back to an older one is a later tag."""
    require_program("gto")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "gto.cli", "show", place, "--ref"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    tag = done.stdout.strip()
    if done.returncode or not tag:
        name, stage = place.split("#")
        raise ArtifactError(
            f"{place}: no version is in that stage. "
            f"Run `gto assign {name} --version VERSION --stage {stage}`."
        )
    return _commit_of(tag, project)


def _commit_of(tag: str, project: Path) -> str:
    commit = find_commit(project, f"refs/tags/{tag}")
    if commit is None:
        raise ArtifactError(
            f"the commit of {tag} is not in this clone. Run `git fetch --unshallow`."
        )
    return commit


def _unknown(revision: str, name: str | None, tags: list[str], stages: set[str]) -> ArtifactError:
    if name is None:
        return ArtifactError(
            f"{revision} is no Git revision (`git log --oneline` lists them). dvc.yaml declares no "
            f"artifact with the path {RUNS}, so it has no versions either."
        )
    fault = f"{revision} is no Git revision, and no version or stage of {name}. "
    known = [tag.split("@")[1] for tag in tags if "@" in tag] + sorted(stages)
    if not known:
        return ArtifactError(
            f"{fault}There are none yet: run `git fetch --tags`, or "
            f"`gto register {name} --version v1.0.0`."
        )
    close = nearest(revision, known)
    hint = f"Did you mean {close}? " if close else ""
    return ArtifactError(
        f"{fault}{hint}Known: {', '.join(known)}. "
        "If it was registered elsewhere, run `git fetch --tags`."
    )


def _packaged(revision: str, commit: str, project: Path) -> tuple[PurePosixPath, str]:
    """Return the run's path below the folder of runs, and that folder's hash, at a commit."""
    pointer = file_at(project, commit, POINTER)
    outputs = lock_entries(lock_at(project, commit) or {}, "outs")
    wanted = next((entry["md5"] for _, entry in outputs if entry["path"] == RUNS), None)
    if pointer is None or wanted is None:
        absent = POINTER if pointer is None else f"{RUNS} in its dvc.lock"
        raise ArtifactError(
            f"nothing was packaged at {revision} (commit {commit[:7]} has no {absent}). "
            "Name another revision, or check it out and run `dvc repro`."
        )
    run = PurePosixPath(pointer.decode().strip())
    if run.parent != PurePosixPath(RUNS):
        raise ArtifactError(
            f"{POINTER} of commit {commit[:7]} names {run}, which is no folder in {RUNS}. "
            "Name another revision."
        )
    return PurePosixPath(run.name), str(wanted)


def _fetch(commit: str, wanted: str, fetched: Path, project: Path) -> None:
    """Fetch the folder of runs of a commit, once: another process that wants it too waits."""
    # Imported late: most revisions are there already.
    from filelock import FileLock

    fetched.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(fetched.parent / "lock"):
        if content_md5(fetched) == wanted:
            return
        # What is there was left by a process that was killed, or damaged.
        temporary = fetched.with_suffix(".tmp")
        for leftover in (temporary, fetched):
            shutil.rmtree(leftover, ignore_errors=True)
        download(
            project,
            commit,
            RUNS,
            temporary,
            "Run `dvc push` where it was made; or check that commit out and run `dvc repro`.",
        )
        if content_md5(temporary) != wanted:
            raise ArtifactError(
                f"{RUNS} of commit {commit[:7]} came with other bytes than its dvc.lock names: the "
                "cache or the remote is damaged. Fetch it in a new clone, or check that commit out "
                "and run `dvc repro --force`."
            )
        os.replace(temporary, fetched)
