"""What the next person receives beside the model."""

import getpass
import json
import platform
import re

import numpy as np
import pytest
from bundles import run_of
from cases import make_case
from conftest import ROOT
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import Ridge

from assay import artifacts
from assay.closure import import_closure
from assay.interpretation.background import background_rows
from assay.provenance import file_sha256
from assay.shipping import described, scorer_files
from assay.version import VERSION


def test_run_meta_answers_which_model_is_deployed(finished_task):
    meta = artifacts.read_json(finished_task.run / "run_meta.json")
    params, table = finished_task.params, finished_task.table
    assert meta["run_id"] == finished_task.run.name
    assert meta["tool"] == {"name": "assay", "version": VERSION}
    data = meta["data"]
    path = finished_task.folder / data["file"]
    assert data["sha256"] == file_sha256(path)
    assert (data["row_count"], data["column_count"]) == table.shape
    assert data["fitted_row_count"] == len(table)
    assert (meta["target"], meta["unit"]) == ("outcome", "case")
    schema = artifacts.read_json(finished_task.run / "schema/input_schema.json")["schema"]
    assert meta["feature_count"] == len(schema["features"])
    assert len(meta["labels"]) == {"binary": 2, "multiclass": 3, "regression": 0}[params.task.type]
    assert meta["task"] == params.task.model_dump()
    assert meta["params"] == json.loads(json.dumps(params.model_dump(by_alias=True)))
    assert meta["split"]["strategy"] == params.split.strategy
    assert meta["split"]["train_count"] + meta["split"]["holdout_count"] == len(table)
    assert meta["decision"]["kind"] in {"threshold", "most_probable_class", "interval"}
    environment = meta["environment"]
    assert environment == artifacts.read_json(finished_task.run / "env/env_meta.json")
    assert environment["python"] == "3.11"
    assert meta["requirements_sha256"] == file_sha256(ROOT / "requirements.lock")
    assert meta["run_id"] in meta["find_commit"]
    assert {"code_sha256", "holdout", "calibrator"} <= set(meta)


def test_run_meta_has_the_parameters_of_the_model_however_deep(finished_task):
    meta = artifacts.read_json(finished_task.run / "run_meta.json")
    told = meta["estimator"]
    model = artifacts.read_json(finished_task.run / "metrics/train.json")["chosen_model"]
    assert meta["model"] == model
    if finished_task.params.task.target_transform == "log1p" and model != "blend":
        assert told["class"].endswith("TransformedTargetRegressor")
        assert told["parameters"]["func"] == "log1p"
        told = told["parameters"]["regressor"]
    if model in {"logistic", "ridge", "lightgbm"}:
        name = told["class"].rsplit(".", 1)[1]
        assert model.removesuffix("gbm")[:5] in name.lower() or name.startswith("LGBM")
        assert told["parameters"]["random_state"] == finished_task.params.task.seed


def test_nothing_of_this_machine_is_told(finished_task):
    text = (finished_task.run / "run_meta.json").read_text()
    for name in ("requirements-scoring.txt", "requirements-scoring-extras.txt", "env_meta.json"):
        text += (finished_task.run / "env" / name).read_text()
    for path in sorted((finished_task.run / "scorer").rglob("*.py")):
        text += path.read_text()
    for here in (str(finished_task.folder), str(ROOT), f"/{getpass.getuser()}/"):
        assert here not in text
    assert not re.search(rf"\b{re.escape(platform.node())}\b", text)


def test_an_estimator_is_described_as_json_has_it():
    model = VotingRegressor(
        [("a", TransformedTargetRegressor(Ridge(alpha=np.float64(2)), func=np.log1p))],
        weights=[np.nan],
    )
    told = described(model)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["class"] == "sklearn.ensemble._voting.VotingRegressor"
    assert told["parameters"]["weights"] == ["nan"]
    name, inner = told["parameters"]["estimators"][0]
    assert (name, inner["parameters"]["func"]) == ("a", "log1p")
    assert inner["parameters"]["regressor"]["parameters"]["alpha"] == 2.0
    assert described({"callback": object(), "of": Ridge}) == {"callback": "object", "of": "Ridge"}


def test_background_rows_are_seeded_and_in_order():
    case = make_case()
    rows = background_rows(case.train, case.schema, seed=1)
    assert rows.equals(background_rows(case.train, case.schema, seed=1))
    assert not rows.equals(background_rows(case.train, case.schema, seed=2))
    assert rows.index.is_monotonic_increasing
    assert list(rows) == case.schema.feature_names
    assert len(background_rows(case.train.head(7), case.schema, seed=1)) == 7


def test_the_scorer_is_the_code_that_was_judged(finished):
    files = scorer_files(ROOT)
    for path in import_closure(ROOT, ["stages.predict", "stages._stage"]):
        assert files[f"scorer/{path.removeprefix('src/')}"] == (ROOT / path).read_bytes()
    run = run_of(finished)
    found = {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in (run / "scorer").rglob("*")
        if path.is_file()
    }
    assert found == files
    for name in files:
        if name.endswith(".py") and name.count("/") > 1:
            package = name.rsplit("/", 1)[0]
            assert f"{package}/__init__.py" in files


def test_the_version_is_that_of_the_distribution():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


@pytest.mark.parametrize("name", ["pycaret", "dvc", "matplotlib", "shap"])
def test_what_training_needs_is_not_required_to_score(finished_task, name):
    text = (finished_task.run / "env/requirements-scoring.txt").read_text()
    assert f"\n{name}==" not in text
