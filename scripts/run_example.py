"""Run an example in a folder of its own, `outputs/examples/NAME`.

That is a clone of this project's HEAD, with the example's table and params.

    make example NAME=hotel_rates
    python scripts/run_example.py hotel_rates [--update | --check]

The folder is a project like this one: change its `params.yaml`, and call `dvc repro` there again. If it
is there already it is taken as it is. `--update` copies what `examples/NAME/README.md` shows from there;
`--check` fails if the README shows anything else.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# This environment's programs first.
_PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
ENVIRONMENT = {**os.environ, "PATH": _PATH}
BUNDLED = Path("data/processed/features.parquet")
CARD = Path("reports/model_card.md")
# Pictures are shown from here, each copied from the same path of the project.
_PICTURE = re.compile(r"\]\(results/(plots/[^)]+)\)")
# What stands between these comments is copied from the card: the verdict and the first table of metrics.
_FIGURES = re.compile(r"(<!-- figures -->\n).*?(<!-- end -->)", re.DOTALL)


def examples() -> list[str]:
    """Return the names of the examples."""
    return sorted(path.parent.name for path in ROOT.glob("examples/*/params.yaml"))


def make_folder(name: str, folder: Path) -> None:
    """Clone HEAD, put the example's table and params in, and commit them there."""
    source = ROOT / "examples" / name
    table = source / "features.parquet"
    run("git", "clone", "--quiet", str(ROOT), str(folder))
    shutil.copy(source / "params.yaml", folder / "params.yaml")
    shutil.copy(table if table.is_file() else ROOT / BUNDLED, folder / BUNDLED)
    # A run's name begins with the time of its commit: that of HEAD, so that it is the same each time.
    when = run("git", "log", "-1", "--format=%cI", folder=folder).strip()
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
    identity = ("-c", "user.name=Assay", "-c", "user.email=assay@localhost")
    message = ("--quiet", "--all", "--message", f"Example {name}")
    run("git", *identity, "commit", *message, folder=folder, more=dates)


def run(*command: str, folder: Path = ROOT, more: dict[str, str] | None = None) -> str:
    """Run a command; return what it printed."""
    environment = ENVIRONMENT | (more or {})
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def repro(folder: Path) -> None:
    """Run the pipeline there, with its own code, and show what it says."""
    environment = ENVIRONMENT | {"PYTHONPATH": str(folder / "src")}
    done = subprocess.run(["dvc", "repro"], check=False, cwd=folder, env=environment)
    if done.returncode:
        sys.exit(f"The pipeline stopped; see above. The project is in {folder}.")


def page_of(name: str, folder: Path) -> str:
    """Return the example's README with the figures of the card in the folder."""
    page = (ROOT / "examples" / name / "README.md").read_text(encoding="utf-8")
    card = (folder / CARD).read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in card.split("\n## ")[1:])
    verdict = sections["Verdict"].split("\n### ")[0].strip()
    table = next(part for part in sections["Metrics"].split("\n\n") if part.strip().startswith("|"))
    return _FIGURES.sub(rf"\g<1>{verdict}\n\n{table.strip()}\n\g<2>", page)


def pictures_of(name: str) -> list[str]:
    """Return the pictures that the example's README shows, by their paths in a project."""
    page = (ROOT / "examples" / name / "README.md").read_text(encoding="utf-8")
    return _PICTURE.findall(page)


def update(name: str, folder: Path) -> None:
    """Copy figures and pictures from the folder into the example."""
    shown = ROOT / "examples" / name
    (shown / "README.md").write_text(page_of(name, folder), encoding="utf-8")
    shutil.rmtree(shown / "results", ignore_errors=True)
    for picture in pictures_of(name):
        (shown / "results" / picture).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / picture, shown / "results" / picture)


def check(name: str, folder: Path) -> None:
    """Fail if the example shows other figures or pictures than the folder has."""
    shown = ROOT / "examples" / name
    stale = [] if page_of(name, folder) == (shown / "README.md").read_text() else ["README.md"]
    stale += [
        picture
        for picture in pictures_of(name)
        if (shown / "results" / picture).read_bytes() != (folder / picture).read_bytes()
    ]
    if stale:
        sys.exit(f"examples/{name} shows other results ({', '.join(stale)}); run with --update.")


def main() -> None:
    """Make the folder where there is none, run the pipeline, and do what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=examples())
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--update", action="store_true", help="copy its results into examples/NAME")
    asked.add_argument(
        "--check", action="store_true", help="compare them with those in examples/NAME"
    )
    arguments = parser.parse_args()
    folder = ROOT / "outputs/examples" / arguments.name
    if not folder.exists():
        make_folder(arguments.name, folder)
    repro(folder)
    if arguments.update:
        update(arguments.name, folder)
    if arguments.check:
        check(arguments.name, folder)
    print(f"\nThe project is in {folder.relative_to(ROOT)}; begin with its {CARD}.")


if __name__ == "__main__":
    main()
