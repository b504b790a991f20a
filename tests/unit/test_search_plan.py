import pytest
from cases import changed_params

from assay.search.candidates import CANDIDATES
from assay.search.plan import search_plan

UNSET = {"candidates": None, "tune_top": None, "trials": None, "ensemble": None}


def plan(task, **train):
    return search_plan(changed_params(task, train=UNSET | train).train, task)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("preset", ["fast", "balanced", "thorough"])
def test_every_preset_has_a_linear_model_and_one_that_scores_nothing(preset, task):
    found = plan(task, preset=preset)
    linear, foreign = ("ridge", "logistic")[:: 1 if task == "regression" else -1]
    assert {"dummy", linear, "lightgbm"} <= set(found.candidates)
    assert foreign not in found.candidates
    for name in found.candidates:
        CANDIDATES[name].build(task, 0, 1)


def test_presets_try_harder_in_the_order_of_their_names():
    fast, balanced, thorough = (plan("binary", preset=p) for p in ("fast", "balanced", "thorough"))
    for easy, hard in ((fast, balanced), (balanced, thorough)):
        assert set(easy.candidates) < set(hard.candidates)
        assert easy.tune_top * easy.trials < hard.tune_top * hard.trials
    assert (fast.ensemble, thorough.ensemble) == ("none", "blend")


def test_what_params_say_beside_the_preset_is_done():
    found = plan(
        "binary", preset="thorough", candidates=["lightgbm"], tune_top=0, trials=7,
        ensemble="none", budget_seconds=9,
    )  # fmt: skip
    assert vars(found) == {
        "candidates": ("lightgbm",), "tune_top": 0, "trials": 7, "ensemble": "none",
        "budget_seconds": 9,
    }  # fmt: skip
