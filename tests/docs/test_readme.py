"""The README's claims and commands."""

import json
import re
import subprocess
import sys

import pytest
from conftest import ROOT, STAGES, read_yaml

from assay.errors import AssayError
from assay.params import parse_params
from assay.report.rendering import interval

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.split("#")[0].strip()
    for kind, block in BLOCKS
    if kind == ""
    for line in block.splitlines()
    if line.strip()
]


def metrics(name):
    return json.loads((ROOT / f"metrics/{name}.json").read_text())


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision"])
def test_the_table_of_results_is_the_holdouts(metric):
    holdout = metrics("holdout")
    row = " | ".join(
        interval(holdout[part][metric]) for part in ("model", "baseline", "gain_over_baseline")
    )
    assert row in README


def test_the_sentence_on_alerts_is_the_holdouts():
    told = metrics("threshold")
    point = told["holdout"]
    assert f"from a score of {told['threshold']:.3f} on" in README
    assert f"of 100 alerts {round(100 * point['precision']['value'])} are right" in README
    assert f"they catch {round(100 * point['recall']['value'])} of 100 late flights" in README
    costs = read_yaml(ROOT / "params.yaml")["threshold"]["costs"]
    assert costs["false_negative"] == 5 * costs["false_positive"]


def test_where_the_flights_fail_is_what_interpret_says():
    found = metrics("interpret")["slices"]
    count, verdicts = found["count"], found["verdicts"]
    parts = f"Of {count} parts of the flights' holdout {verdicts['fails']} fail"
    assert f"{parts} and {verdicts['hard']} are hard" in README
    assert f"against {found['whole']:.3f} on all rows" in README
    card = (ROOT / "reports/model_card.md").read_text()
    weakest = {
        cells[0]: cells
        for line in card.split("The weakest part of each cut")[1].splitlines()
        if len(cells := line.strip("| ").split(" | ")) == 6
    }
    for cut, part, words in (
        ("calendar month of sched_dep", "2013-10", "The weakest month is October (ROC AUC "),
        ("hour", "15", "the weakest hour that after 15:00 ("),
        ("carrier", "EV", "the weakest carrier EV ("),
    ):
        _, told, _, value, _, verdict = weakest[cut]
        assert (told, verdict) == (part, "as elsewhere")
        assert f"{words}{value}" in README


def rounded(estimate, digits):
    return "{value:.{d}f} [{ci_low:.{d}f}, {ci_high:.{d}f}]".format(**estimate, d=digits)


def test_what_acting_is_worth_is_the_holdouts():
    gains = metrics("threshold")["value"]["gain_over"]
    for other, words in (
        ("none", "against doing nothing"),
        ("rule", "against the rule of today"),
        ("baseline", "against the baseline at its own threshold"),
    ):
        assert f"{rounded(gains[other], 0)} {words}" in README
    assert f"it gains {rounded(metrics('holdout')['gain_over']['rule']['roc_auc'], 3)}" in README


def test_the_two_scores_of_the_split_story_are_told():
    """The honest one is the holdout's; `benchmarks/split_story.py` measures the other in CI."""
    told = dict(re.findall(r"^\| `(time|random)`: .*\| ([\d.]+) \|$", README, re.MULTILINE))
    assert told["time"] == f"{metrics('holdout')['model']['roc_auc']['value']:.3f}"
    assert float(told["random"]) > float(told["time"])
    assert "split_story.py --check" in (ROOT / ".ci/run").read_text()


def test_the_pictures_are_compared_with_the_rebuilt_ones():
    ci = (ROOT / ".ci/run").read_text()
    for target in re.findall(r"\(docs/pictures/(\w+\.png)\)", README):
        assert f"docs/pictures/{target}" in ci


def test_every_make_target_exists():
    makefile = (ROOT / "Makefile").read_text()
    targets = [command.split()[1] for command in COMMANDS if command.startswith("make ")]
    assert {"repro", "test"} <= set(targets)
    for target in [*targets, *re.findall(r"`make (\w+)`", README)]:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_dvc_command_exists_with_its_options():
    commands = [c for c in COMMANDS if c.startswith("dvc ")]
    assert len(commands) >= 9
    for command in (c.replace(" NAME", "") for c in commands):
        words = [w for w in command.split()[1:] if not w.startswith("-") and "=" not in w]
        name = (
            words[:2] if words[0] in {"exp", "params", "metrics", "plots", "queue"} else words[:1]
        )
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *name, "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, command
        for option in re.findall(r"--?[\w-]+", command.replace("=", " ")):
            if option.startswith("--") or option == "-S":
                assert option in done.stdout, command


def test_swept_settings_are_valid():
    for place, values in re.findall(r"-S ([\w.]+)=([\w,]+)", README):
        *sections, key = place.split(".")
        for value in values.split(","):
            params = read_yaml(ROOT / "params.yaml")
            section = params
            for name in sections:
                section = section[name]
            assert key in section
            section[key] = value
            parse_params(params)


def test_the_python_example_runs(finished):
    code = next(block for kind, block in BLOCKS if kind == "python")
    code = code.replace('columns="late"', 'columns=["outcome"]')
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=finished, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "prediction" in done.stdout
    imports = [line for line in code.splitlines() if line.startswith(("import", "from"))]
    assert imports[1].startswith("import stages")


def test_the_table_of_exit_codes_is_the_codes():
    told = {int(code) for code in re.findall(r"^\| (\d+) \| \w+ \|", README, re.MULTILINE)}
    assert told == {kind.exit_code for kind in AssayError.__subclasses__()}


def test_the_stages_are_told_in_order():
    assert re.findall(r"^\| (\w+) \| [A-Z][^|]+\? \|", README, re.MULTILINE) == list(STAGES)


def test_links_lead_somewhere():
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data/README.md"]
    for page in pages:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), target


def test_the_lock_file_names_no_index():
    lock = (ROOT / "requirements.lock").read_text()
    assert "http" not in re.sub(r"^(\S*http\S*==|\s+#).*$", "", lock, flags=re.MULTILINE)
    assert lock.count("--hash=sha256:") > 1000
