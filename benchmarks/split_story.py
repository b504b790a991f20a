"""Measure what the README tells of the two splits: the honest holdout score and the inflated one.

    python benchmarks/split_story.py [--check]

In a fresh clone of HEAD the pipeline runs to `evaluate` with `split.strategy=random`; the honest figure is
that of the committed metrics. With `--check` the command fails if the README tells other figures. Nothing
of the working copy is touched.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
TOLD = re.compile(r"^\| `(time|random)`: .*\| ([\d.]+) \|$", re.MULTILINE)


def score(folder: Path) -> float:
    """Return the ROC AUC on the holdout that a folder's metrics tell."""
    metrics = json.loads((folder / "metrics/holdout.json").read_text())
    return float(metrics["model"]["roc_auc"]["value"])


def random_score() -> float:
    """Run the pipeline with a random split, in a clone."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        subprocess.run(
            ["dvc", "exp", "run", "--quiet", "-S", "split.strategy=random", "evaluate"],
            cwd=clone, check=True, env=environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        return score(clone)


def main() -> None:
    """Measure, print, and compare where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if the README differs")
    check = parser.parse_args().check
    measured = {"time": f"{score(ROOT):.3f}", "random": f"{random_score():.3f}"}
    for strategy, figure in measured.items():
        print(f"{strategy:8} {figure}")
    told = dict(TOLD.findall((ROOT / "README.md").read_text()))
    if check and told != measured:
        sys.exit(f"The README tells {told}, measured are {measured}.")


if __name__ == "__main__":
    main()
