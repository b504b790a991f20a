"""Run what docs/monitored_months.md tells: a model trained to October, and the months after it.

    python scripts/monitored_months.py [--update | --check]

In a clone of HEAD, `outputs/monitored_months`, the bundled flights from January to October train a model,
all but those of July, which it never sees. Then November, December and that July are scored, monitored
as batches without outcomes, and monitored again when their outcomes have come. `--update` copies what is
printed into the page, and draws the top of December's page (needs Chromium); `--check` fails if the page
shows anything else. If the folder is there already its model is taken as it is.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from typing import Any

import pandas as pd
from run_example import BUNDLED, ENVIRONMENT, ROOT, repro, run
from show_report import draw

FOLDER = ROOT / "outputs/monitored_months"
PAGE = ROOT / "docs/monitored_months.md"
PICTURE = ROOT / "docs/monitored_months.png"
PAGES = FOLDER / "reports/monitoring"
MONTHS = ("2013-11", "2013-12", "2013-07")
# Between these comments stands what a command printed, or a table of figures.
_SHOWN = re.compile(r"(<!-- (?P<name>[\w -]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HEIGHT = 1000


def month_of(flights: pd.DataFrame) -> "pd.Series[Any]":
    """Return the month of each flight, such as 2013-11."""
    return flights["sched_dep"].dt.strftime("%Y-%m")


def make_project() -> None:
    """Clone HEAD, and train there on the months that the model may know."""
    run("git", "clone", "--quiet", str(ROOT), str(FOLDER))
    flights = pd.read_parquet(ROOT / BUNDLED)
    month = month_of(flights)
    known = flights[(month <= "2013-10") & (month != "2013-07")]
    known.reset_index(drop=True).to_parquet(FOLDER / BUNDLED)
    params = (FOLDER / "params.yaml").read_text()
    # The quick engine: the story is about what comes after training.
    params = params.replace("engine: pycaret", "engine: sklearn")
    # Two calm months judge this model, and do not show that it beats the baseline.
    (FOLDER / "params.yaml").write_text(params.replace("action: fail", "action: warn"))
    repro(FOLDER)


def stage(name: str, *options: str) -> tuple[str, int]:
    """Run a command of the project; return what it printed, and its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", f"stages.{name}", *options],
        cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        env=ENVIRONMENT | {"PYTHONPATH": str(FOLDER / "src")},
    )  # fmt: skip
    if done.returncode not in (0, 20, 21):
        sys.exit(done.stdout)
    return done.stdout, done.returncode


def feed() -> dict[str, str]:
    """Score and monitor the months one after the other; return what is shown of it, by its name."""
    shutil.rmtree(PAGES, ignore_errors=True)
    flights = pd.read_parquet(ROOT / BUNDLED)
    inputs = FOLDER / "data/batches"
    inputs.mkdir(exist_ok=True)
    shown, results = {}, {}
    for month in MONTHS:
        batch = flights[month_of(flights) == month]
        batch.drop(columns=["late", "arr_delay"]).to_parquet(inputs / f"{month}.parquet")
        batch[["flight_id", "late"]].to_parquet(inputs / f"{month}-outcomes.parquet")
        given, scored = f"data/batches/{month}.parquet", f"outputs/{month}.parquet"
        stage("predict", "--input", given, "--output", scored)
        asked = ("--input", given, "--receipts", f"{scored}.receipt.json")
        outcomes = ("--labels-file", f"data/batches/{month}-outcomes.parquet")
        for name, more in ((month, ()), (f"{month} with outcomes", outcomes)):
            text, code = stage("monitor", *asked, *more)
            command = " ".join(["python -m stages.monitor", *asked, *more])
            shown[name] = f"```text\n$ {command}\n{text}$ echo $?\n{code}\n```\n"
        results[month] = json.loads((PAGES / f"{month}.json").read_text())
    return shown | {"figures": figures(results)}


def figures(results: dict[str, Any]) -> str:
    """Return the table of what was predicted, estimated, and came."""
    lines = [
        "| month | flights | mean score | late | flagged | ROC AUC, estimated before | ROC AUC, measured after |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for month, result in results.items():
        told = result["performance"]
        late = told["outcome_mean"]
        lines.append(
            f"| {month} | {told['n']:,} | {told['mean_prediction']:.1%} | {late['now']:.1%} "
            f"[{late['ci_low']:.1%}, {late['ci_high']:.1%}] | {result['outputs']['flagged_rate']['now']:.1%} "
            f"| {ends(result['estimate'])} | {ends(told['metrics']['roc_auc'])} |"
        )
    return "\n".join(lines) + "\n"


def ends(told: dict[str, float]) -> str:
    """Write a value with its interval."""
    return f"{told['value']:.3f} [{told['ci_low']:.3f}, {told['ci_high']:.3f}]"


def filled(page: str, shown: dict[str, str]) -> str:
    """Return the page with what was printed."""
    return _SHOWN.sub(lambda found: found[1] + shown[found["name"]] + found[3], page)


def main() -> None:
    """Make the project where there is none, feed it the months, and do what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--update", action="store_true", help="copy what is printed into the page")
    asked.add_argument("--check", action="store_true", help="compare it with the page")
    arguments = parser.parse_args()
    if not FOLDER.exists():
        make_project()
    shown = feed()
    page = PAGE.read_text(encoding="utf-8")
    if arguments.update:
        PAGE.write_text(filled(page, shown), encoding="utf-8")
        draw(PAGES / "2013-12.html", PICTURE, _HEIGHT, "light")
    elif arguments.check and filled(page, shown) != page:
        sys.exit(f"{PAGE.relative_to(ROOT)} shows other results; run with --update.")
    print("\n".join(shown.values()))


if __name__ == "__main__":
    main()
