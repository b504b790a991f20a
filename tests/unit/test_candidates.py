"""Every model that a search may choose: what it can do, and that it can be stored."""

import inspect

import numpy as np
import pytest
from cases import make_case, positive_table

from assay import artifacts
from assay.calibration.maps import Identity
from assay.predictor import Predictor, Recipe, load_predictor, save_predictor
from assay.search.candidates import CANDIDATES
from assay.sections import CandidateName
from assay.skops_files import model_bytes

TASKS = ["binary", "multiclass", "regression"]
POSSIBLE = [
    (name, task)
    for name, candidate in CANDIDATES.items()
    for task in TASKS
    if (candidate.regressor if task == "regression" else candidate.classifier)
]


def test_params_and_candidates_name_the_same_models():
    assert set(CANDIDATES) == set(CandidateName.__args__)
    assert len(POSSIBLE) == 24


@pytest.mark.parametrize(
    ("name", "task"), [("logistic", "regression"), ("ridge", "binary"), ("ridge", "multiclass")]
)
def test_linear_models_have_one_kind_of_target(name, task):
    with pytest.raises(ValueError, match=f"{name} cannot do {task}"):
        CANDIDATES[name].build(task, 0, 1)


@pytest.mark.parametrize(("name", "task"), POSSIBLE)
def test_a_search_space_names_hyper_parameters(name, task):
    candidate = CANDIDATES[name]
    model = candidate.build(task, 0, 1)
    # CatBoost tells only those that are set; its constructor has all.
    known = {*model.get_params(), *inspect.signature(type(model)).parameters}
    assert set(candidate.space) <= known
    if candidate.balanced and task != "regression":
        assert set(candidate.balanced) <= known


def fitted(name, task):
    case = make_case(task)
    few = {"catboost": {"iterations": 5}, "hist_gradient_boosting": {"max_iter": 5}}.get(name, {})
    if name in {"lightgbm", "random_forest", "extra_trees", "xgboost"}:
        few = {"n_estimators": 10}
    model = case.problem().model(CANDIDATES[name], few)
    return case, Recipe(case.preprocessor, model).fit(case.features, case.y_true)


# The family of types that a candidate needs beside preprocessing; None where skops trusts all of it.
OF_FAMILY = dict.fromkeys(("dummy", "logistic", "ridge")) | dict.fromkeys(
    ("random_forest", "extra_trees"), "forest"
)


@pytest.mark.parametrize(("name", "task"), POSSIBLE)
def test_every_model_is_stored_without_pickle_and_comes_back_to_the_last_bit(name, task, tmp_path):
    case, pipeline = fitted(name, task)
    predictor = Predictor(pipeline, Identity())
    save_predictor(tmp_path, predictor)
    back = load_predictor(tmp_path).predict(case.features)
    np.testing.assert_array_equal(back, predictor.predict(case.features))
    families = [family for family in ("preprocessing", OF_FAMILY.get(name, name)) if family]
    assert artifacts.read_json(tmp_path / "families.json") == families
    # The same model twice is the same file twice.
    assert model_bytes(fitted(name, task)[1]) == (tmp_path / "pipeline.skops").read_bytes()


def test_a_model_of_a_transformed_target_is_stored_too(tmp_path):
    case = make_case("regression", positive_table(), task={"target_transform": "log1p"})
    model = case.problem().model(CANDIDATES["lightgbm"], {"n_estimators": 10})
    pipeline = Recipe(case.preprocessor, model).fit(case.features, case.y_true)
    predictor = Predictor(pipeline, Identity())
    save_predictor(tmp_path, predictor)
    back = load_predictor(tmp_path).predict(case.features)
    np.testing.assert_array_equal(back, predictor.predict(case.features))
