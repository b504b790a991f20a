"""Make the example of docs/review.md anew: one change of a parameter, in a temporary clone of this project.

    python scripts/review_example.py

Needs a finished run in DVC's cache, or the minutes to make one, and Chromium for the picture.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from show_comment import draw

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ROOT / "docs/review"
CHANGE = "threshold.strategy=max_f1"
# As much of the comment as README shows.
_HEIGHT = 1080


def run(project: Path, *command: str) -> None:
    """Run a program of this environment in the clone, on the clone's own code; it must succeed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(project / "src")}
    print(f"> {' '.join(command)}", flush=True)
    subprocess.run(command, cwd=project, env=environment, check=True)


def make(project: Path, cache: Path) -> Path:
    """Clone HEAD, change a parameter on a branch, run and review it; return the review's folder."""
    subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
    # DVC makes commits of experiments too.
    run(project, "git", "config", "user.name", "A. Author")
    run(project, "git", "config", "user.email", "author@example.org")
    run(project, "git", "checkout", "--quiet", "-B", "main")
    if cache.is_dir():
        shutil.copytree(cache, project / ".dvc/cache")
    run(project, "dvc", "repro", "--quiet")
    run(project, "git", "commit", "--quiet", "--all", "--allow-empty", "--message", "The run")
    run(project, "git", "checkout", "--quiet", "-b", "f1")
    run(project, "dvc", "exp", "run", "--quiet", "-S", CHANGE)
    run(project, "python", "-m", "stages.history", "--against", "main")
    run(project, "dvc", "repro", "--quiet")
    run(project, "git", "commit", "--quiet", "--all", "--message", "Act where F1 is highest")
    run(project, "python", "-m", "stages.review", "--against", "main")
    return project / "outputs/review"


def main() -> None:
    """Write docs/review/."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=ROOT / ".dvc/cache", help="DVC's cache")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        review = make(Path(folder) / "project", chosen.cache)
        shutil.rmtree(SHOWN, ignore_errors=True)
        SHOWN.mkdir(parents=True)
        for path in sorted(review.iterdir()):
            shutil.copy(path, SHOWN / path.name)
    draw(SHOWN / "comment.md", SHOWN / "comment.png", _HEIGHT)


if __name__ == "__main__":
    main()
