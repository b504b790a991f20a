"""The model against the run before it, on rows that neither trained on."""

import numpy as np
import pandas as pd
import pytest
from conftest import make_params, make_table

from assay.costs import row_costs
from assay.errors import ArtifactError
from assay.history.previous import (
    common_rows,
    compare_with_previous,
    comparison_json,
    value_against,
)
from assay.params import parse_params
from assay.schema import infer_schema
from assay.uncertainty.bootstrap import Bootstrap

PARAMS = parse_params(make_params())
SCHEMA = infer_schema(make_table(), PARAMS.data, PARAMS.task)
PLAN = Bootstrap(300, 0.95, 0)


def judged(first: int, last: int, skill: float) -> pd.DataFrame:
    """Holdout rows of these numbers, scored by a model of this skill."""
    rng = np.random.default_rng(5)
    y_true = (rng.uniform(size=1000) < 0.4).astype(int)
    noise = rng.normal(size=1000)
    return pd.DataFrame(
        {
            "row_key": [f"k{i}" for i in range(1000)],
            "moment": pd.Timestamp("2020-01-01"),
            "entity": [f"e{i % 200}" for i in range(1000)],
            "y_true": y_true,
            "y_score": 1 / (1 + np.exp(-(skill * y_true + noise))),
        }
    ).iloc[first:last]


def compare(current, previous, same=True):
    rows = common_rows(current, previous, same, ["row_key"])
    return rows, compare_with_previous(rows, SCHEMA, PLAN, 10)


def test_a_better_model_is_told_to_be_better_and_a_worse_one_worse():
    weak, strong = judged(0, 1000, 0.5), judged(0, 1000, 2.0)
    for current, previous, told in ((strong, weak, "better"), (weak, strong, "worse")):
        rows, found = compare(current, previous)
        written = comparison_json(found, "roc_auc", {"model": "m"}, rows)
        assert written["verdict"] == told
        assert found["roc_auc"].gain.method == "percentile bootstrap of groups"
        assert set(written["metrics"]["roc_auc"]["gain"]) == {"value", "ci_low", "ci_high"}
        assert (written["row_count"], written["all_rows"]) == (1000, True)


def test_the_same_predictions_are_told_to_be_the_same():
    rows, found = compare(judged(0, 300, 1.0), judged(0, 300, 1.0))
    assert comparison_json(found, "roc_auc", {}, rows)["verdict"] == "the same"


def test_equal_scores_of_other_predictions_are_not_told_to_be_the_same():
    """Both rank perfectly, so that no resample tells them apart."""
    ours, theirs = judged(0, 300, 1.0), judged(0, 300, 1.0)
    ours["y_score"] = 0.1 + 0.8 * ours["y_true"]
    theirs["y_score"] = 0.2 + 0.6 * theirs["y_true"]
    rows, found = compare(ours, theirs)
    assert found["roc_auc"].model.value == found["roc_auc"].reference.value == 1
    assert comparison_json(found, "roc_auc", {}, rows)["verdict"] == "not known"


def test_a_difference_that_chance_makes_is_not_told():
    ours, theirs = judged(0, 400, 1.0), judged(0, 400, 1.0)
    theirs["y_score"] += np.random.default_rng(1).normal(0, 1e-3, 400)
    rows, found = compare(ours, theirs.assign(y_score=theirs["y_score"].clip(0, 1)))
    assert comparison_json(found, "roc_auc", {}, rows)["verdict"] == "no difference shown"


def test_of_two_holdouts_only_the_rows_of_both_are_compared():
    ours = judged(400, 1000, 2.0).sample(frac=1, random_state=1)
    theirs = judged(0, 700, 0.5).sample(frac=1, random_state=2)
    rows, found = compare(ours, theirs, same=False)
    assert sorted(rows.current["row_key"]) == sorted(f"k{i}" for i in range(400, 700))
    assert list(rows.current["row_key"]) == list(rows.previous["row_key"])
    assert not rows.all_rows
    alone = compare(judged(400, 700, 2.0), judged(400, 700, 0.5))[1]
    for who in ("model", "reference", "gain"):
        expected = getattr(alone["roc_auc"], who).value
        assert getattr(found["roc_auc"], who).value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("previous", "keys", "told"),
    [
        (judged(0, 430, 1.0), ["row_key"], "share 30 rows, expected at least 50"),
        (judged(0, 900, 1.0), [], "data.id_columns names no column"),
        (judged(0, 900, 1.0).drop(columns="row_key"), ["row_key"], "have no row_key"),
        (
            judged(0, 900, 1.0).assign(y_true=lambda t: t["y_true"].where(t.index != 500, -1)),
            ["row_key"],
            "1 of the 500 common rows have another outcome",
        ),
    ],
)
def test_rows_that_cannot_be_compared_are_refused(previous, keys, told):
    with pytest.raises(ArtifactError, match=told):
        common_rows(judged(400, 1000, 1.0), previous, same_holdout=False, keys=keys)


def test_another_tasks_predictions_are_refused():
    previous = judged(0, 300, 1.0).rename(columns={"y_score": "y_pred"})
    with pytest.raises(ArtifactError, match="are of another task, or of other classes"):
        compare(judged(0, 300, 1.0), previous)


def test_what_it_is_worth_more_is_counted_at_each_ones_own_threshold():
    rows = common_rows(judged(0, 1000, 2.0), judged(0, 1000, 0.5), True, ["row_key"])
    costs = PARAMS.threshold.costs.model_copy(update={"false_negative": 5.0, "true_positive": -1.0})
    value = value_against(rows, (0.6, 0.4), row_costs(costs, rows.current), SCHEMA, PLAN)
    y_true = rows.current["y_true"].to_numpy()

    def cost(table, threshold):
        flagged = table["y_score"].to_numpy() >= threshold
        return (1.0 * (flagged & (y_true == 0)) + 5.0 * (~flagged & (y_true == 1))
                - 1.0 * (flagged & (y_true == 1)))  # fmt: skip

    saved = cost(rows.previous, 0.4) - cost(rows.current, 0.6)
    assert value.gain.value == pytest.approx(1000 * saved.mean())
    assert value.gain.ci_low < value.gain.value < value.gain.ci_high
    written = comparison_json(
        compare_with_previous(rows, SCHEMA, PLAN, 10), "roc_auc", {}, rows, value
    )
    assert written["value_gain"]["value"] == value.gain.value
