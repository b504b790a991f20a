"""Every figure of every task: what it names, and that it is drawn the same twice."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from cases import changed_params, make_case
from conftest import make_table
from examined import evidence_of
from figures import faults_of

from assay import artifacts
from assay.calibration.maps import Identity
from assay.costs import NumberCosts, RowCosts
from assay.decisions.decide import decide_task
from assay.decisions.rows import Resampling, Rows
from assay.interpretation.interpret import interpret_model
from assay.plots.agreement import agreement_figure
from assay.plots.decision import decision_figures
from assay.plots.dependence import shap_dependence_figure
from assay.plots.explanation import (
    explanation_figures,
    groups_figure,
    importance_figure,
    shap_bar_figure,
    shap_beeswarm_figure,
)
from assay.plots.holdout import calibration_figure, holdout_figures
from assay.predictor import Predictor, Recipe
from assay.reliability import judge_calibration
from assay.schema import Schema
from assay.search.candidates import CANDIDATES
from assay.uncertainty.bootstrap import Bootstrap

RESAMPLING = Resampling(100, 0.95, 0)
TASKS = ["binary", "multiclass", "regression"]


def schema_of(task, classes=None) -> Schema:
    from dataclasses import replace

    schema = make_case(task).schema
    return schema if classes is None else replace(schema, labels=tuple(range(classes)))


def rows(task, n=200, classes=3, seed=0) -> Rows:
    rng = np.random.default_rng(seed)
    if task == "binary":
        score = rng.uniform(size=n)
        costs = RowCosts(*(np.full(n, cost) for cost in (1.0, 5.0, 0.0, 0.0)))
        y_true = (rng.uniform(size=n) < score).astype(int)
        return Rows(y_true, score, score[::-1].copy(), costs, rule_holds=score > 0.7)
    if task == "multiclass":
        y_prob = rng.dirichlet(np.ones(classes), n)
        y_true = np.minimum(
            (rng.uniform(size=(n, 1)) > y_prob.cumsum(axis=1)).sum(axis=1), classes - 1
        )
        return Rows(y_true, y_prob)
    y_pred = rng.gamma(3, 4, n)
    costs = NumberCosts(np.full(n, 1.0), np.full(n, 4.0))
    return Rows(y_pred + rng.normal(size=n), y_pred, y_pred[::-1].copy(), number_costs=costs)


def judged(task, classes=None):
    judged = rows(task, classes=classes or 3)
    shown = {"model": judged.predicted, "baseline (x)": judged.predicted[::-1]}
    return holdout_figures(
        judged.y_true, shown, calibration_of(task, judged), schema_of(task, classes), 0.95
    )


def calibration_of(task, judged):
    """Raw predictions and others that stand for the calibrated ones."""
    calibrated = judged.predicted
    raw = calibrated * 1.1 if task == "regression" else calibrated**1.2
    method = "clip" if task == "regression" else "sigmoid"
    plan = Bootstrap(100, 0.95, 0)
    return judge_calibration(task, judged.y_true, raw, calibrated, method, 10, plan)


def decided(task, classes=None, **threshold):
    params = changed_params(task, threshold=threshold)
    parts = (rows(task, classes=classes or 3, seed=seed) for seed in (1, 0))
    return decision_figures(
        decide_task(schema_of(task, classes), params.task, params.threshold, *parts, RESAMPLING)
    )


@cache
def interpreted(task):
    """Interpret a forest of the tiny table, with some of everything that can be drawn."""
    table = make_table(task=task)
    table["copy"] = table["signal"] + 0.01 * table["noise"]
    table["signal"] = table["signal"].where(table.index % 30 > 0)
    case = make_case(task, table)
    model = case.problem().model(CANDIDATES["random_forest"], {"n_estimators": 10})
    fitted = Recipe(case.preprocessor, model).fit(case.features, case.y_true)
    evidence = evidence_of(
        case, Predictor(fitted, Identity()), holdout=case.train.head(200),
        shap_sample_rows=200, partial_dependence_rows=200, dependence_feature_count=5,
        expected_direction={"count": "increasing"},
    )  # fmt: skip
    return interpret_model(evidence), case.params.task, evidence.params


def explained(task):
    found, *params = interpreted(task)
    return explanation_figures(found, 200, *params)


FIGURES = {
    "binary": {"roc", "precision_recall", "calibration", "threshold", "confusion", "gain", "value"},
    "multiclass": {"roc", "precision_recall", "calibration", "rejection", "confusion"},
    "regression": {
        *("calibration", "actual", "residuals", "errors", "qq"),
        *("coverage", "intervals", "value"),
    },
}


def figures(task):
    return {**judged(task), **decided(task), **explained(task)}


def title(figure) -> str:
    suptitle = figure._suptitle.get_text() if figure._suptitle else ""
    return suptitle or figure.axes[0].get_title(loc="left")


@pytest.mark.parametrize("task", TASKS)
def test_each_figure_names_its_rows_its_axes_and_draws_the_same_bytes(task, tmp_path):
    first, second = figures(task), figures(task)
    explanations = {
        *("importance", "importance_groups", "shap_bar", "shap_beeswarm", "shap_dependence"),
        *("agreement", "partial_dependence", "local_explanations"),
    }
    assert set(first) == FIGURES[task] | explanations
    for name, figure in first.items():
        rows = {"intervals": "of 200", "local_explanations": "n = 3"}.get(name, "n = 200")
        assert rows in title(figure), name
        assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes), name
        artifacts.write_figure(tmp_path / "a.png", figure)
        artifacts.write_figure(tmp_path / "b.png", second[name])
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes(), name
        assert (tmp_path / "a.png").stat().st_size > 5000, name
    assert not faults(first)


def faults(drawn) -> dict[str, list[str]]:
    found = {name: faults_of(figure) for name, figure in drawn.items()}
    return {name: each for name, each in found.items() if each}


def legend(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_both_stages_of_calibration_are_drawn_or_one_that_says_there_is_no_other():
    before, after = legend(judged("binary")["calibration"])[1:]
    assert before.startswith("before: error 0.")
    assert after.startswith("after sigmoid: error 0.")
    binary = rows("binary")
    plan = Bootstrap(100, 0.95, 0)
    same = judge_calibration(
        "binary", *([binary.y_true] + [binary.predicted] * 2), "none", 10, plan
    )
    told = legend(calibration_figure(same, "Score", 0.95))
    assert len(told) == 2
    assert told[1].startswith("not calibrated: error")


def test_two_classes_are_drawn_beside_the_baseline():
    assert legend(judged("binary")["roc"]) == ["model", "baseline (x)", "chance"]


def test_many_classes_are_drawn_in_part_and_the_figure_says_so():
    drawn = judged("multiclass", classes=20)
    assert len(legend(drawn["roc"])) == 6 + 1
    assert "6 largest classes" in title(drawn["roc"])
    assert legend(judged("multiclass")["roc"]) == ["low", "mid", "high", "chance"]


@pytest.mark.parametrize(("classes", "numbered"), [(12, True), (13, False), (100, False)])
def test_the_cells_of_a_large_confusion_matrix_have_no_numbers(classes, numbered, tmp_path):
    figure = decided("multiclass", classes=classes)["confusion"]
    assert bool(figure.axes[0].texts) is numbered
    artifacts.write_figure(tmp_path / "confusion.png", figure)


def test_the_chosen_confidence_is_marked_where_it_lies():
    figure = decided("multiclass", accept_accuracy=0.7)["rejection"]
    curve, point = figure.axes[0].lines
    place = (point.get_xdata()[0], point.get_ydata()[0])
    assert place in set(zip(curve.get_xdata(), curve.get_ydata(), strict=True))
    assert place[1] >= 0.7
    undecided = decided("multiclass")["rejection"].axes[0].lines[1]
    assert undecided.get_xdata()[0] == 1


@pytest.mark.parametrize("task", TASKS)
def test_few_rows_and_perfect_predictions_are_drawn(task, tmp_path):
    few = rows(task, 12)
    if task == "regression":
        few = Rows(few.predicted, few.predicted)
    found = holdout_figures(
        few.y_true, {"model": few.predicted}, calibration_of(task, few), schema_of(task), 0.95
    )
    for name, figure in found.items():
        artifacts.write_figure(tmp_path / f"{name}.png", figure)
    assert all("n = 12" in title(figure) for figure in found.values())


def test_features_that_are_not_drawn_are_counted():
    names = [f"f{k}" for k in range(40)]
    table = pd.DataFrame({"feature": names, "importance": 0.1, "ci_low": 0.0, "ci_high": 0.2})
    assert "top 15 of 40" in title(importance_figure(table, "rmse", 100))
    means = pd.Series(np.linspace(1, 0, 40), index=names)
    assert "top 15 of 40" in title(shap_bar_figure(means, "outcome", 100))


@pytest.mark.parametrize("classes", [20, 100])
def test_figures_of_many_classes_have_no_fault(classes):
    drawn = {**judged("multiclass", classes=classes), **decided("multiclass", classes=classes)}
    assert not faults(drawn)


LONG = "the share of all the flights of a carrier that were late in the week before this one"


@pytest.mark.parametrize("names", [[LONG], [f"{LONG} {k}" for k in range(40)]])
def test_figures_of_long_names_and_of_one_feature_have_no_fault(names):
    table = pd.DataFrame({"feature": names, "importance": 0.1, "ci_low": -0.1, "ci_high": 0.2})
    groups = pd.DataFrame(
        {"features": [", ".join(names[:4])], "importance": 0.1, "ci_low": 0.0, "ci_high": 0.2,
         "single_sum": 0.05}
    )  # fmt: skip
    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.normal(size=(30, len(names))), columns=names)
    features = pd.DataFrame(rng.normal(size=(30, len(names))), columns=names)
    partners = pd.DataFrame({"feature": names[:5], "interacts_with": names[-1:] * len(names[:5])})
    ranks = pd.DataFrame(
        {"feature": names, "verdict": "agree: does not matter"}
        | {
            rank: np.arange(len(names)) + 1
            for rank in ("importance_rank", "shap_rank", "alone_rank")
        }
    )
    drawn = {
        "importance": importance_figure(table, "rmse", 100),
        "groups": groups_figure(groups, "rmse", 100),
        "bar": shap_bar_figure(values.abs().mean(), LONG, 30),
        "beeswarm": shap_beeswarm_figure(values, features, names, "log-odds"),
        "dependence": shap_dependence_figure(values, features, partners, "log-odds"),
        "agreement": agreement_figure(ranks, 30),
    }
    assert not faults(drawn)


def test_faults_of_a_figure_are_found():
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.set_title("no count", loc="left")
    axes.plot([0, 1], color="#123456")
    axes.text(0.5, 0.5, "one text")
    axes.text(0.5, 0.5, "another text", fontsize=6)
    figure.text(1.2, 0.5, "outside")
    figure.draw_without_rendering()
    said = "\n".join(faults_of(figure))
    plt.close(figure)
    for fault in (
        "no n in",
        "no label of",
        "cut at",
        "smaller than",
        "over each other",
        "not of the palette",
    ):
        assert fault in said
