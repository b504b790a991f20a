"""Rebuild a commit from nothing, in a temporary clone with an empty cache, and compare the bytes.

The working copy, its cache and its `dvc.lock` are not touched.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from assay.comparison import (
    METRICS_TOLERANCE,
    Metrics,
    Output,
    changed_causes,
    compare_metrics,
    compare_outputs,
    listed,
    other_versions,
)
from assay.errors import ArtifactError, counted, numbered
from assay.revisions import (
    LOCK,
    content_md5,
    download,
    find_commit,
    lock_at,
    lock_entries,
    parse_yaml,
    require_program,
    run_git,
    under,
)

_STAGE = re.compile(r"Running stage '(.+)':")
# A hook of Git sets these for its own repository; the clone is another one.
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Rebuild:
    """What came of a rebuild.

    Attributes
    ----------
    commit : str
    outputs : list of Output
        In the order of `dvc.lock`.
    metrics : Metrics or None
        None where all outputs are identical.
    notes : list of str
        What may explain a difference, one sentence each.
    """

    commit: str
    outputs: list[Output]
    metrics: Metrics | None
    notes: list[str]

    def table(self) -> list[str]:
        """Return the outputs as lines: stage, path, what became of it."""
        widths = [max(len(getattr(o, part)) for o in self.outputs) for part in ("stage", "path")]
        return [
            f"{o.stage:{widths[0]}}  {o.path:{widths[1]}}  {o.difference or 'identical'}"
            for o in self.outputs
        ]

    def summary(self) -> str:
        """Return one line that says that all is identical.

        Raises
        ------
        ArtifactError
            If it is not; names what differs.
        """
        total = counted(len(self.outputs), "output")
        differing = [output.path for output in self.outputs if output.difference]
        if not differing:
            return f"commit {self.commit[:7]}: {total}, all byte-identical"
        raise ArtifactError(
            f"commit {self.commit[:7]}: {len(differing)} of {total} differ: {', '.join(differing)}. "
            f"{self._metrics_sentence()}On another CPU or system last digits may differ; on the same "
            "one, run `dvc repro` and commit what it writes."
        )

    def _metrics_sentence(self) -> str:
        if self.metrics is None or not self.metrics.count:
            return ""
        tolerance = f"{METRICS_TOLERANCE:.0e}".replace("e-0", "e-")
        if not self.metrics.differing:
            return f"The metrics agree within {tolerance} (values: {self.metrics.count}). "
        return (
            f"{len(self.metrics.differing)} of {counted(self.metrics.count, 'metric')} do not agree "
            f"within {tolerance}: {listed(self.metrics.differing)}. "
        )


def rebuild(
    project: Path, revision: str, tell: Tell, environment: Mapping[str, str] | None = None
) -> Rebuild:
    """Rebuild a commit with this Python and compare each output with what the commit records.

    Parameters
    ----------
    project : Path
        The project's folder.
    revision : str
        Any Git revision.
    tell : callable
        Is given lines of progress.
    environment : mapping, optional
        Of the stages; default: this process's.

    Raises
    ------
    ArtifactError
        If the revision or its `dvc.lock` does not exist, an input is missing or changed, or a stage
        fails; the message holds the stage's own error.
    """
    commit = find_commit(project, revision)
    if commit is None:
        raise ArtifactError(f"{revision} is no Git revision. `git log --oneline` lists them.")
    lock = lock_at(project, commit)
    if not lock:
        raise ArtifactError(
            f"commit {commit[:7]} has no {LOCK}, so there is nothing to compare with. "
            "Name a commit that has one, or run `dvc repro` and commit what it writes."
        )
    require_program("dvc")
    with tempfile.TemporaryDirectory(prefix="assay-verify-") as name:
        temporary = Path(name).resolve()
        tell(f"rebuilding commit {commit[:7]} in a temporary clone, with an empty cache")
        clone = _clone(project, commit, temporary)
        _supply_inputs(project, commit, lock, clone)
        _run_stages(clone, temporary, tell, os.environ if environment is None else environment)
        rebuilt = parse_yaml((clone / LOCK).read_bytes(), LOCK)["stages"]
        outputs = compare_outputs(project, lock, clone, rebuilt, temporary / "cache")
        notes = _notes(commit, lock, rebuilt, clone)
        differs = any(output.difference for output in outputs)
        return Rebuild(commit, outputs, compare_metrics(clone) if differs else None, notes)


def _notes(
    commit: str, lock: Mapping[str, Any], rebuilt: Mapping[str, Any], clone: Path
) -> list[str]:
    """Say what may explain a difference."""
    notes = []
    causes, packages = changed_causes(lock, rebuilt), other_versions(clone)
    if causes:
        notes.append(
            f"{LOCK} of commit {commit[:7]} was written before a change of {listed(causes)}"
        )
    if packages:
        notes.append(
            f"not in the version that requirements.lock of commit {commit[:7]} names: "
            f"{listed(packages)}"
        )
    return notes


def uncommitted(project: Path) -> list[str]:
    """Return the files of the working copy that are not as its last commit has them, new ones too."""
    changed = run_git(project, "diff", "--name-only", "--relative", "HEAD").stdout
    new = run_git(project, "ls-files", "--others", "--exclude-standard").stdout
    return [*changed.decode().splitlines(), *new.decode().splitlines()]


def _clone(project: Path, commit: str, temporary: Path) -> Path:
    """Check a commit out in a repository that borrows the project's objects; return its project."""
    top = run_git(project, "rev-parse", "--show-toplevel").stdout.decode().strip()
    inner = run_git(project, "rev-parse", "--show-prefix").stdout.decode().strip()
    folder = temporary / "clone"
    # Shared, so that commits which no branch reaches, as experiments of DVC, are there too.
    for arguments in (
        ("clone", "--quiet", "--shared", "--no-checkout", "--template=", top, str(folder)),
        ("-C", str(folder), "-c", "advice.detachedHead=false", "checkout", "--quiet", commit),
    ):
        done = run_git(temporary, *arguments)
        if done.returncode:
            said = " ".join(done.stderr.decode(errors="replace").split())
            raise ArtifactError(f"commit {commit[:7]} cannot be cloned. Git says: {said}")
    return folder / inner


def _supply_inputs(project: Path, commit: str, lock: Mapping[str, Any], clone: Path) -> None:
    """Bring the inputs that `.dvc` files track into the clone.

    Raises
    ------
    ArtifactError
        If an input is neither in Git nor in DVC, or has other bytes than its `.dvc` file names.
    """
    written = [entry["path"] for _, entry in lock_entries(lock, "outs")]
    inputs = {
        entry["path"]
        for _, entry in lock_entries(lock, "deps")
        if "://" not in entry["path"]
        and not any(under(entry["path"], output) for output in written)
    }
    tracked = _tracked_by_dvc(clone)
    needed = [path for path in tracked if any(under(path, i) or under(i, path) for i in inputs)]
    faults = []
    for path in needed:
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        try:
            download(project, commit, path, clone / path, "Where it is, run `dvc push`.")
        except ArtifactError as error:
            faults.append(str(error))
            continue
        if tracked[path] not in {None, content_md5(clone / path)}:
            faults.append(
                f"{path} of commit {commit[:7]} came with other bytes than its .dvc file names: the "
                f"cache or the remote is damaged. Run `dvc add {path}` where it is whole."
            )
    for path in sorted(inputs):
        if not (clone / path).exists() and not any(under(path, one) for one in needed):
            faults.append(
                f"{path}, an input, is neither in Git nor in DVC at commit {commit[:7]}. "
                f"Run `dvc add {path}` and commit {path}.dvc."
            )
    if faults:
        raise ArtifactError(numbered(faults))


def _tracked_by_dvc(clone: Path) -> dict[str, str | None]:
    """Return what `.dvc` files track, with its hash; None where that is not one of the bytes."""
    tracked: dict[str, str | None] = {}
    for file in sorted(path for path in clone.rglob("?*.dvc") if path.is_file()):
        content = parse_yaml(file.read_bytes(), file.name) or {}
        folder = PurePosixPath(file.parent.relative_to(clone).as_posix(), content.get("wdir", "."))
        for output in content.get("outs") or ():
            # The hash of DVC 2 takes the line ends of Windows for those of Unix.
            md5 = output.get("md5") if output.get("hash") == "md5" else None
            tracked[(folder / output["path"]).as_posix()] = md5
    return tracked


def _run_stages(clone: Path, temporary: Path, tell: Tell, environment: Mapping[str, str]) -> None:
    """Run every stage in the clone.

    Raises
    ------
    ArtifactError
        If one fails.
    """
    # Without a lock no stage counts as done, and what does not run is not in the new one.
    (clone / LOCK).unlink()
    # The project's own settings may lead to a cache that holds something.
    (clone / ".dvc/config.local").write_text(
        f'[core]\nanalytics = false\ncheck_update = false\n[cache]\ndir = "{temporary / "cache"}"\n'
    )
    variables = {name: value for name, value in environment.items() if name not in _OF_A_HOOK}
    variables |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}",
        "DVC_SITE_CACHE_DIR": str(temporary / "site"),
        "PYTHONUNBUFFERED": "1",
    }
    stage, last, error = "", deque[str](maxlen=20), list[str]()
    with _running([sys.executable, "-m", "dvc", "repro"], clone, variables) as process:
        for line in process.stdout or ():
            last.append(line)
            found = _STAGE.match(line)
            if found:
                stage, error = found[1], []
                tell(f"  {stage}")
            elif line.startswith("error: ") or (error and not line.startswith("ERROR: ")):
                error.append(line)
    if process.returncode:
        said = "".join(error or last).strip().removeprefix("error: ")
        where = f"in stage {stage}" if stage else "before its first stage"
        raise ArtifactError(f"the rebuild stopped {where}: {said}")


@contextmanager
def _running(
    command: list[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Run a program; if the block is left early, end it with all that it started."""
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # A group of its own: Ctrl-C reaches us alone, and we end the group before its folder goes.
        start_new_session=True,
    )
    with process:
        try:
            yield process
        except BaseException:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            raise
