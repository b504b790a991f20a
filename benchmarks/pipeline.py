"""Measure what the README's first screen claims: seconds of `dvc repro` on the bundled data.

    make bench

In a fresh clone of HEAD: a cold rebuild, a second one with nothing to do, and one after a change of the
threshold. Prints the seconds, and their ratios to the cold rebuild, which travel better between
machines. Nothing of the working copy is touched.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


def seconds(folder: Path, *command: str) -> float:
    """Return the wall time of a command in a folder, with this environment's programs first."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Clone, measure, print."""
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary) / "clone"
        seconds(ROOT, "git", "clone", "--quiet", str(ROOT), str(clone))
        cold = seconds(clone, "dvc", "repro", "--quiet")
        again = seconds(clone, "dvc", "repro", "--quiet")
        sweep = seconds(clone, "dvc", "exp", "run", "--quiet", "-S", "threshold.strategy=max_f1")
        timings = {
            path.stem: json.loads(path.read_text())["stage_seconds"]
            for path in sorted((clone / "reports/timings").glob("*.json"))
        }
    print(f"cores: {os.cpu_count()}")
    for name, value in (
        ("cold dvc repro", cold),
        ("second dvc repro", again),
        ("threshold change", sweep),
    ):
        print(f"{name:18} {value:7.1f} s   {value / cold:.3f} of cold")
    for name, value in timings.items():
        print(f"  inside {name:9} {value:7.1f} s")


if __name__ == "__main__":
    main()
