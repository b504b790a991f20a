"""`dvc.yaml` against the code: stages, paths, params, dependencies, and who may see the holdout."""

import importlib
import shutil

import pytest
from conftest import ROOT, STAGES, read_yaml

from assay.closure import import_closure
from assay.params import parse_params, section_names

PIPELINE = read_yaml(ROOT / "dvc.yaml")
PARAMS = read_yaml(ROOT / "params.yaml")


def paths(entries) -> list[str]:
    """Return the paths of a list of outputs, with the templates of params filled in."""
    names = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries or []]
    return [name.replace("${data.table}", PARAMS["data"]["table"]) for name in names]


def written(stage) -> list[str]:
    return paths([*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])])


def stage_closure(name):
    return import_closure(ROOT, [f"stages.{name}", "stages._stage"])


def declared(name):
    return importlib.import_module(f"stages.{name}").STAGE


def test_the_pipeline_has_the_eight_stages_each_with_its_question():
    assert tuple(PIPELINE["stages"]) == STAGES
    for name, stage in PIPELINE["stages"].items():
        assert stage["cmd"] == f"python -m stages.{name}"
        assert "?" in stage["desc"]
        question = stage["desc"].split("?")[0]
        docstring = importlib.import_module(f"stages.{name}").__doc__
        assert question.split()[0] == docstring.split()[0]


@pytest.mark.parametrize("name", STAGES)
def test_the_code_reads_and_writes_what_the_pipeline_says(name):
    stage, code = PIPELINE["stages"][name], declared(name)
    assert code.name == name
    assert sorted(stage["params"]) == sorted(code.sections)
    assert sorted(written(stage)) == sorted(path.as_posix() for path in code.writes.values())
    assert "requirements.lock" in stage["deps"], "a new environment must rerun every stage"
    code_or_environment = ("src/", "stages", "requirements.lock")
    data = [p for p in paths(stage["deps"]) if not p.startswith(code_or_environment)]
    code_reads = paths([path.as_posix() for path in code.reads.values()])
    assert sorted(data) == sorted(code_reads)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_every_source_file_that_it_reaches(name):
    """DVC does not follow imports: without the file in `deps`, editing it would not rerun the stage."""
    listed = [
        p for p in paths(PIPELINE["stages"][name]["deps"]) if p.startswith(("src/", "stages"))
    ]
    reached = stage_closure(name)
    if name == "package":
        # The hash of all code is part of the run.
        assert set(listed) == {"src/assay", "stages"}
        return
    missing, surplus = sorted(reached - set(listed)), sorted(set(listed) - reached)
    assert not missing, f"add to the deps of {name}: {missing}"
    assert not surplus, f"drop from the deps of {name}: {surplus}"


def test_the_closure_finds_late_imports_and_templates():
    for engine in ("pycaret", "sklearn"):
        assert f"src/assay/search/{engine}_engine.py" in stage_closure("train")
    assert "src/assay/report/templates/readiness.md.j2" in stage_closure("validate")
    assert "src/assay/plots/style.py" not in stage_closure("baseline")


HOLDOUT = "data/split/holdout.parquet"
MAY_SEE_IT = {"evaluate", "threshold", "interpret", "package"}
# What is chosen, and so must be the same whatever the holdout holds.
CHOSEN = {
    "models/baseline",
    "models/candidate",
    "data/predictions/oof.parquet",
    "data/predictions/baseline_oof.parquet",
    "data/split/folds.parquet",
    "reports/tables/leaderboard.csv",
    "reports/tables/tuning.csv",
    "reports/tables/learning_curve.csv",
    "plots/data/learning_curve.csv",
    "metrics/train.json",
    "metrics/baseline.json",
}


def test_no_path_leads_from_the_holdout_to_anything_that_is_chosen():
    tainted, stages = {HOLDOUT}, set()
    changed = True
    while changed:
        changed = False
        for name, stage in PIPELINE["stages"].items():
            if name not in stages and tainted & set(paths(stage["deps"])):
                stages.add(name)
                tainted |= set(written(stage))
                changed = True
    assert stages == MAY_SEE_IT
    assert not tainted & CHOSEN


def test_only_judges_read_the_holdout():
    readers = {n for n, s in PIPELINE["stages"].items() if HOLDOUT in paths(s["deps"])}
    assert readers == {"evaluate", "interpret"}
    # The threshold is chosen out-of-fold; it sees holdout scores to report them, which
    # tests/stages proves by changing them.
    scores = "data/predictions/holdout.parquet"
    readers = {n for n, s in PIPELINE["stages"].items() if scores in paths(s["deps"])}
    assert readers == {"threshold", "package"}


def test_outputs_keep_the_run_cache():
    """A plain output without cache would cost its stage the run cache; only `package` may."""
    for name, stage in PIPELINE["stages"].items():
        for entry in stage["outs"]:
            if isinstance(entry, dict):
                assert name == "package", (name, entry)


def test_sections_are_those_of_the_code():
    assert list(PARAMS) == section_names()


# Their keys are the user's.
MAPPINGS = {"data.exclude_columns", "validate.ignore"}


def leaves(value, place=""):
    for key, inner in value.items():
        name = f"{place}.{key}" if place else key
        if isinstance(inner, dict) and name not in MAPPINGS:
            yield from leaves(inner, name)
        elif name not in MAPPINGS:
            yield name, inner


def override(value) -> str:
    """Write a value as `-S` takes it (Hydra's grammar)."""
    if isinstance(value, str):
        escaped = value.replace("'", "\\'")
        return f"'{escaped}'"
    if isinstance(value, list):
        return f"[{','.join(map(override, value))}]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("place", [name for name, _ in leaves(PARAMS)])
def test_every_key_survives_a_sweep(place, tmp_path):
    """`dvc exp run -S` rewrites the file: it must load alike, and keep its comments."""
    from dvc.utils.hydra import apply_overrides

    copy = shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    value = dict(leaves(PARAMS))[place]
    apply_overrides(copy, [f"{place}={override(value)}"])
    assert parse_params(read_yaml(copy)) == parse_params(PARAMS)
    comments = [line for line in (ROOT / "params.yaml").read_text().splitlines() if "#" in line]
    assert [line for line in copy.read_text().splitlines() if "#" in line] == comments


def test_every_key_has_a_comment():
    """A key says why it has its value, on the line before; a few share the comment above them."""
    lines = (ROOT / "params.yaml").read_text().splitlines()
    keys = [
        i for i, line in enumerate(lines) if line.startswith("  ") and ":" in line.split("#")[0]
    ]
    bare = [
        lines[i].strip() for i in keys
        if "#" not in lines[i - 1] and not lines[i].startswith("    ")
    ]  # fmt: skip
    shared = {
        "slice_quantiles",
        "false_negative",
        "true_positive",
        "true_negative",
        "under_prediction",
    }
    shared |= {"confidence", "clip_high"}
    shared |= {"categorical_columns", "passthrough_columns", "known_limits"}
    assert {line.split(":")[0] for line in bare} <= shared
