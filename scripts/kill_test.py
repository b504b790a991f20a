"""Kill every stage, `dvc repro` and `predict` at random moments; the next run must give the same bytes.

    python scripts/kill_test.py
    python scripts/kill_test.py --kills 12 --only package --only predict --seed 3

Works in a temporary project with a tiny table and the fastest settings. A kill is a SIGKILL for the
process and all that it started, at a moment that is uniform over the time of an undisturbed run. Before
every other kill the outputs are removed, as DVC does before it runs a stage. What must hold:

- After the kill every output of a stage, and of `predict`, is whole or absent.
- The next run succeeds, and then every file of the project has the bytes of the undisturbed run, the
  inputs too. There is no other file: nothing is left of the killed run.

Not compared: `reports/timings/`, and the seconds and latencies of receipts. Exits with 1 if anything does not hold.
POSIX only.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "src")]

from conftest import STAGES, make_params, make_table  # noqa: E402
from repositories import BIN, write_repository  # noqa: E402

from assay.artifacts import read_yaml  # noqa: E402

KILLS = 55
# More than two of the parts that `predict` finishes and can resume from.
SCORED_ROWS = 600_000
# `split` writes it twice: it can be read also where no split can be made.
WRITTEN_TWICE = Path("reports/readiness.md")
NEW_ROWS, SCORES = Path("outputs/new.parquet"), Path("outputs/scores.parquet")
PREDICT = ("-m", "stages.predict", "--input", str(NEW_ROWS), "--output", str(SCORES))


@dataclass(frozen=True)
class Victim:
    """What is killed.

    Attributes
    ----------
    name : str
    command, again : tuple of str
        Python's arguments: for the run that is killed, and for the next one.
    outputs : tuple of Path
        Files and folders: removed before every other kill; after each of them whole or absent.
    """

    name: str
    command: tuple[str, ...]
    again: tuple[str, ...]
    outputs: tuple[Path, ...]


def victims(project: Path) -> list[Victim]:
    """Return all that can be killed."""
    found = []
    for name, stage in read_yaml(ROOT / "dvc.yaml")["stages"].items():
        entries = [*stage["outs"], *stage.get("metrics", ()), *stage.get("plots", ())]
        outputs = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]
        command = ("-m", f"stages.{name}")
        found.append(Victim(name, command, command, tuple(map(Path, outputs))))
    # What DVC is at when it is killed is its own affair, so no output must be whole before it ran again.
    repro = ("-m", "dvc", "repro")
    found.append(Victim("repro", (*repro, "--force"), repro, ()))
    found.append(Victim("predict", PREDICT, PREDICT, (SCORES,)))
    if "--resume" in finish(project, "-m", "stages.predict", "--help"):
        resume = (*PREDICT, "--resume")
        found.append(Victim("predict --resume", resume, resume, (SCORES,)))
    return found


NAMES = (*STAGES, "repro", "predict", "predict --resume")


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start this Python in the project, in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=project,
        env={
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(project.parent),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(project: Path, *arguments: str) -> str:
    """Run it to its end, and return what it printed."""
    process = start(project, *arguments)
    try:
        printed, _ = process.communicate()
    except BaseException:
        kill(process)
        raise
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)} exits with {process.returncode}:\n{printed}")
    return printed


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process with all that it started, if it has not ended."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def kill_after(project: Path, seconds: float, arguments: Iterable[str]) -> None:
    """Start it, and kill it; it may have ended by then."""
    process = start(project, *arguments)
    try:
        time.sleep(seconds)
    finally:
        kill(process)


def contents(project: Path) -> dict[str, str]:
    """Return the hash of every file of the project, and its folders, by path."""
    return {path.relative_to(project).as_posix(): _hash(path) for path in sorted(_listed(project))}


def _listed(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in {".git", ".dvc", "__pycache__", "timings"}:
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _listed(path)


def _hash(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    content = path.read_bytes()
    if path.name.endswith(".receipt.json"):
        seconds = {"seconds": None, "latency_seconds": None}
        content = json.dumps({**json.loads(content), **seconds}).encode()
    return hashlib.sha256(content).hexdigest()


def differences(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """Say which paths are missing, left over, or have other bytes."""
    return [
        f"{path} is {'missing' if path not in found else 'left over' if path not in expected else 'another'}"
        for path in sorted({*expected, *found})
        if expected.get(path) != found.get(path)
    ]


def halves(victim: Victim, expected: dict[str, str], found: dict[str, str]) -> list[str]:
    """Say which outputs are neither whole nor absent."""
    faults = []
    for output in [path.as_posix() for path in victim.outputs if path != WRITTEN_TWICE]:
        wanted = {p: h for p, h in expected.items() if p == output or p.startswith(f"{output}/")}
        files = {p: h for p, h in wanted.items() if h != "a folder"}
        there = {p: found[p] for p in files if p in found}
        if there and there != files:
            faults.append(f"{output} is neither whole nor absent")
    return faults


def remove(project: Path, outputs: Iterable[Path]) -> None:
    """Remove files and folders that are there."""
    for output in outputs:
        path = project / output
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def attack(
    victim: Victim, kills: int, project: Path, expected: dict[str, str], rng: np.random.Generator
) -> list[str]:
    """Kill it time and again; print what does not hold, and a line; return what does not hold."""
    faults: list[str] = []

    def note(when: str, found: list[str]) -> None:
        for fault in found:
            print(f"{victim.name}, {when}: {fault}", flush=True)
        faults.extend(found)

    started = time.monotonic()
    finish(project, *victim.command)
    seconds = time.monotonic() - started
    note("undisturbed", differences(expected, contents(project)))
    moments = rng.uniform(0, seconds, size=kills).round(2).tolist()
    for number, moment in enumerate(moments):
        if number % 2:
            remove(project, victim.outputs)
        kill_after(project, moment, victim.command)
        note(f"killed after {moment} s", halves(victim, expected, contents(project)))
        try:
            finish(project, *victim.again)
        except RuntimeError as error:
            note(f"after a kill after {moment} s", [str(error)])
        note(f"after a kill after {moment} s", differences(expected, contents(project)))
    result = "same bytes" if not faults else f"{len(faults)} FAULTS"
    told = " ".join(f"{moment:.2f}" for moment in moments)
    print(f"{victim.name:17} {seconds:7.1f} {kills:6}  {result:11} {told}", flush=True)
    return faults


def make_project(folder: Path) -> Path:
    """Lay out a project with the fastest settings and a tiny table, and run it once."""
    params = make_params()
    params["train"] |= {"engine": "sklearn", "candidates": ["logistic"], "tune_top": 0}
    folder.mkdir()
    write_repository(folder, make_table(), params)
    finish(folder, "-m", "dvc", "repro", "--quiet")
    return folder


def score(project: Path, rows: int) -> None:
    """Write rows to score, and score them."""
    (project / NEW_ROWS).parent.mkdir()
    make_table(rows, seed=1).drop(columns="outcome").to_parquet(project / NEW_ROWS, index=False)
    finish(project, *PREDICT)


def main() -> None:
    """Make the project, attack all victims, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=KILLS, help=f"default: {KILLS}")
    parser.add_argument("--only", action="append", choices=NAMES, help="may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="assay-kills-") as temporary:
        project = make_project(Path(temporary).resolve() / "project")
        score(project, SCORED_ROWS)
        expected = contents(project)
        attacked = [v for v in victims(project) if v.name in (chosen.only or NAMES)]
        rng = np.random.default_rng(chosen.seed)
        print(f"{'what':17} {'seconds':>7} {'kills':>6}  {'result':11} killed after (seconds)")
        faults = []
        for number, victim in enumerate(attacked):
            kills = len(range(number, chosen.kills, len(attacked)))
            faults += attack(victim, kills, project, expected, rng)
    print(f"{chosen.kills} kills, seed {chosen.seed}: {len(faults) or 'no'} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
