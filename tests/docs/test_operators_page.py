"""docs/monitoring.md: its options and keys exist, its codes are the code's, and its scripts run."""

import os
import re
import shutil
import subprocess
import sys
from types import ModuleType

import pytest
from conftest import ROOT, read_yaml

from assay import errors
from assay.monitoring.check import EXIT_CODES
from assay.monitoring.slope import FEWEST_BATCHES
from assay.sections import EffectParams, MonitorParams
from stages import monitor, predict

PAGE = (ROOT / "docs/monitoring.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(WORKFLOW,) = [text for kind, text in BLOCKS if kind == "yaml"]
(SCRIPT,) = [text for kind, text in BLOCKS if kind == "bash"]
(DAG,) = [text for kind, text in BLOCKS if kind == "python"]
(CRON,) = [text for _, text in BLOCKS if "flock" in text and "#!" not in text]
SHELL = [shutil.which("bash") or "bash", "--noprofile", "--norc", "-eo", "pipefail"]
CODES = [0, *(code for code in EXIT_CODES.values() if code), 11, 12, 14]


@pytest.fixture
def workflow(tmp_path):
    path = tmp_path / "monitor.yml"
    path.write_text(WORKFLOW)
    return read_yaml(path)


def step(workflow, words):
    (found,) = [each for each in workflow["jobs"]["monitor"]["steps"] if each.get("name") == words]
    return found["run"]


def test_the_options_exist_and_commands_can_be_read():
    text = re.sub(r"\\\n\s*", " ", PAGE)
    text = re.sub(r'"\n\s*f?"', "", text)
    calls = re.findall(r"python -m stages\.(\w+)(.*?)(?:$|`|\||>|\"\n| #|\)$)", text, re.MULTILINE)
    modules = {"monitor": monitor, "predict": predict}
    assert len([name for name, _ in calls if name == "monitor"]) >= 6
    for name, rest in calls:
        if rest.strip():
            modules[name].parse_arguments(rest.replace('"', "").split())
    told = monitor.parse_arguments
    with pytest.raises(SystemExit, match="0"):
        told(["--help"])


def test_every_option_that_is_named_is_one(capsys):
    shown = ""
    for module in (monitor, predict):
        with pytest.raises(SystemExit, match="0"):
            module.parse_arguments(["--help"])
        shown += capsys.readouterr().out
    prose = re.sub(r"^```(\w*)\n(.*?)^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"`[^`]*benchmarks/[^`]*`", "", prose)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", prose))
    assert named >= {"--labels", "--labels-file", "--since", "--window", "--output", "--rev"}
    for option in named:
        assert re.search(rf"{option}\b", shown), option


def test_the_keys_exist():
    keys = set(re.findall(r"`monitor\.(\w+)`", PAGE))
    assert keys >= {"cadence", "min_rows", "false_alarm_rate", "window", "warn", "alarm"}
    assert keys <= set(MonitorParams.model_fields)
    for name in EffectParams.model_fields:
        assert f"`{name}`" in PAGE
    for name in ("max_rejected_rate", "max_latency_seconds"):
        assert f"`{name}`" in PAGE
        assert name in MonitorParams.model_fields


def test_the_exit_codes_are_those_of_the_code():
    rows = dict(re.findall(r"^\| (\d+) \| (.+?) \|", PAGE, re.MULTILINE))
    for level, code in EXIT_CODES.items():
        assert rows[str(code)].startswith(level)
    named = {
        kind.exit_code
        for kind in (errors.ParamsError, errors.SchemaError, errors.DataError, errors.ArtifactError)
    }
    assert {int(code) for code in rows} == named | set(EXIT_CODES.values())
    assert f"(at least {FEWEST_BATCHES})" in PAGE


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE):
        assert target.startswith("https://") or (ROOT / "docs" / target).exists(), target


def fakes(folder, **codes):
    """Make programs that note what they are asked and exit with what is wanted."""
    programs = folder / "bin"
    said = "The verdict" if codes.get("monitor", 0) in {0, 20, 21} else "error: The verdict"
    programs.mkdir(exist_ok=True)
    (programs / "python").write_text(
        '#!/bin/sh\necho "$@" >> "$LOG"\n'
        'case "$2" in\n'
        f"stages.predict) echo scored; exit {codes.get('predict', 0)};;\n"
        f"stages.monitor) echo {said}; exit {codes.get('monitor', 0)};;\n"
        f'*) exec {sys.executable} "$@";;\n'
        "esac\n"
    )
    (programs / "mail").write_text('#!/bin/sh\necho "mail $@" >> "$LOG"; cat >> "$LOG"\n')
    for name in ("python", "mail"):
        (programs / name).chmod(0o755)
    path = f"{programs}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(folder), "LOG": str(folder / "log")}


def run(command, folder, given, **more):
    return subprocess.run(
        command, cwd=folder, env=given | more, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("code", CODES)
def test_the_line_of_cron_scores_monitors_and_mails(tmp_path, code):
    project = tmp_path / "late-flights"
    project.mkdir()
    (project / "night.sh").write_text(SCRIPT)
    given = fakes(tmp_path, monitor=code)
    line = CRON.split(maxsplit=5)
    assert line[:5] == ["30", "5", "*", "*", "*"]
    command = line[5].replace("/srv", str(tmp_path))
    done = run(["/bin/sh", "-c", command], tmp_path, given)
    assert done.returncode == code, done.stderr
    log = (tmp_path / "log").read_text()
    assert "-m stages.predict --input incoming/20" in log
    assert log.index("stages.predict") < log.index("stages.monitor")
    told = {0: "", 20: "warning for 20", 21: "ALARM for 20"}.get(
        code, f"monitoring of 20.* failed with {code}"
    )
    assert ("mail -s" in log) is bool(code)
    assert re.search(told, log)
    assert ("The verdict" in log) is bool(code)


@pytest.mark.parametrize("monitored", [0, 20, 21, 12])
def test_a_job_that_did_not_score_is_mailed_first_and_a_day_can_be_named(tmp_path, monitored):
    (tmp_path / "night.sh").write_text(SCRIPT)
    given = fakes(tmp_path, predict=11, monitor=monitored)
    place = tmp_path / "outputs/scored/2026-02-03/scores.parquet.failure.json"
    place.parent.mkdir(parents=True)
    place.write_text("the reason\n")
    done = run(["bash", tmp_path / "night.sh", "2026-02-03"], tmp_path, given)
    assert done.returncode == 11
    log = (tmp_path / "log").read_text()
    assert "--input incoming/2026-02-03.parquet --receipts outputs/scored/2026-02-03" in log
    assert "the job of 2026-02-03 scored nothing, exit code 11" in log
    assert "The verdict\nthe reason\n" in log


def test_the_workflow_is_one_and_its_scripts_parse(workflow):
    assert set(workflow) == {"name", "on", "permissions", "concurrency", "defaults", "jobs"}
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["on"]["schedule"][0]["cron"].split()[:2] == ["30", "5"]
    steps = workflow["jobs"]["monitor"]["steps"]
    for each in steps:
        if "uses" in each:
            assert re.fullmatch(r"actions/[\w/-]+@v\d+", each["uses"])
            continue
        done = subprocess.run([*SHELL, "-n"], input=each["run"], text=True, check=False)
        assert done.returncode == 0, each["name"]
        assert "${{" not in each["run"]
    keys = {each["with"]["key"] for each in steps if "cache/" in each.get("uses", "")}
    # A second attempt of a run may not save under the key of the first.
    assert keys == {"monitoring-${{ github.run_id }}-${{ github.run_attempt }}"}
    used = " ".join(each.get("uses", "") for each in steps)
    assert "actions/upload-artifact" in used
    review = read_yaml(ROOT / ".github/workflows/review.yml")["jobs"]["review"]["steps"]
    mine = {each["uses"] for each in steps if "uses" in each}
    theirs = {each["uses"] for each in review if "uses" in each}
    assert mine <= theirs | {"actions/cache/save@v5", "actions/cache/restore@v5"}


@pytest.mark.parametrize("command", ["pull", "get-url"])
def test_dvc_has_the_commands(command, workflow):
    assert f"dvc {command} " in step(workflow, "Fetch the model, and the batch of yesterday")
    done = subprocess.run(
        [sys.executable, "-m", "dvc", command, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", CODES)
def test_a_warning_leaves_the_workflow_green_and_all_else_fails_it(tmp_path, workflow, code):
    given = fakes(tmp_path, monitor=code)
    given |= {"DAY": "2026-02-03", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    scored = run([*SHELL, "-c", step(workflow, "Score")], tmp_path, given)
    assert scored.returncode == 0, scored.stderr
    (tmp_path / "outputs/monitoring").mkdir(parents=True)
    (tmp_path / "outputs/monitoring/2026-02-03.md").write_text("# The page\n")
    if code in {0, 20, 21}:
        told = '{"verdict": {"sentence": "That of the JSON"}}'
        (tmp_path / "outputs/monitoring/2026-02-03.json").write_text(told)
    done = run([*SHELL, "-c", step(workflow, "Monitor")], tmp_path, given)
    assert done.returncode == (0 if code in (0, 20) else code), done.stderr
    kind = {0: None, 20: "warning"}.get(code, "error")
    assert ("::" in done.stdout) is bool(kind)
    if kind:
        told = "That of the JSON" if code in {20, 21} else f"Ended with {code}. error: The verdict"
        assert f"::{kind} title=Monitoring::{told}\n" in done.stdout
    assert (tmp_path / "summary").read_text() == "# The page\n"


def test_the_dag_runs_its_commands_and_a_warning_stops_nothing(tmp_path, monkeypatch):
    tasks = {}

    class Task:
        def __init__(self, task_id, bash_command, **more):
            self.command, self.more = bash_command, more
            tasks[task_id] = self

        def __rshift__(self, other):
            return other

    class Dag:
        def __init__(self, **more):
            Dag.more = more

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    # Airflow is not installed: what the file takes of it stands here.
    names = ["airflow", "airflow.sdk", "airflow.providers", "airflow.providers.standard"]
    names += ["airflow.providers.standard.operators", "airflow.providers.standard.operators.bash"]
    for name in (*names, "pendulum"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["airflow.sdk"].DAG = Dag
    sys.modules[names[-1]].BashOperator = Task
    sys.modules["pendulum"].datetime = lambda *day, tz: (day, tz)
    exec(compile(DAG, "dag.py", "exec"), {})  # noqa: S102
    assert list(tasks) == ["score", "monitor", "hand_on"]
    assert tasks["monitor"].more == {"skip_on_exit_code": [EXIT_CODES["warning"]]}
    assert tasks["hand_on"].more == {"trigger_rule": "none_failed"}
    assert Dag.more["default_args"]["env"]["PATH"].startswith("/srv/late-flights/.venv/bin:")
    given = fakes(tmp_path, monitor=20)
    day = "{{ (dag_run.run_after - macros.timedelta(days=1)) | ds }}"
    for name, code in (("score", 0), ("monitor", 20)):
        command = tasks[name].command.replace(day, "2026-02-03")
        assert "{{" not in command
        assert run(["bash", "-c", command], tmp_path, given).returncode == code
    (tmp_path / "outputs/scored/2026-02-03/scores.parquet").write_text("")
    command = tasks["hand_on"].command.replace(day, "2026-02-03")
    assert run(["bash", "-c", command], tmp_path, given).returncode == 0
    assert (tmp_path / "outgoing/2026-02-03.parquet").exists()
