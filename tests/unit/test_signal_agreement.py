"""Grouped importance, and whether the three signals of a feature agree: on planted truths."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from signals import evidence_on, signal_case
from sklearn.linear_model import LinearRegression, Ridge

from assay.evidence import Predicted
from assay.interpretation.agreement import OPEN, ordinal
from assay.interpretation.associations import (
    associations,
    category_codes,
    correlation_ratio,
    cramers_v,
)
from assay.interpretation.groups import HIDDEN, TOGETHER, feature_groups
from assay.interpretation.interactions import strongest_interactions
from assay.interpretation.interpret import interpret_model
from assay.interpretation.univariate import univariate_signals


def drawn(seed=0, rows=1500):
    return np.random.default_rng(seed), rows


def verdicts(found):
    return dict(zip(found.agreement["feature"], found.agreement["verdict"], strict=True))


def test_numbers_go_together_as_spearman_says_also_with_missing_values():
    rng, rows = drawn()
    one = rng.normal(size=rows)
    two = np.exp(one + rng.normal(size=rows))
    case = signal_case({"one": one, "two": two}, rng.normal(size=rows))
    train = case.train
    found = associations(train, case.schema, 0)
    expected = abs(spearmanr(train["one"], train["two"]).statistic)
    np.testing.assert_allclose(found, [[1, expected], [expected, 1]], atol=1e-12)
    holes = train.assign(one=train["one"].where(rng.uniform(size=len(train)) > 0.2))
    both = holes.dropna()
    near = abs(spearmanr(both["one"], both["two"]).statistic)
    assert associations(holes, case.schema, 0)[0, 1] == pytest.approx(near, abs=0.01)


def test_categories_go_together_by_what_is_not_chance():
    rng, rows = drawn()
    city = rng.integers(0, 30, rows)
    other = rng.integers(0, 30, rows)
    assert cramers_v(city, city) == pytest.approx(1)
    # What chance would give is taken off.
    assert cramers_v(city, city % 3) == pytest.approx(1, abs=0.01)
    assert cramers_v(city, other) < 0.06
    assert cramers_v(city, np.zeros(rows, dtype=int)) == 0
    assert correlation_ratio(city, city.astype(float)) == pytest.approx(1)
    assert correlation_ratio(city, rng.normal(size=rows)) < 0.02
    codes = category_codes(pd.Series(["a", "b", None, "b"], dtype=object))
    np.testing.assert_array_equal(codes, [1, 0, 2, 0])


def test_groups_are_what_goes_together_whatever_its_kind():
    rng, rows = drawn()
    city = rng.integers(0, 8, rows)
    signal = rng.normal(size=rows)
    features = {
        "noise": rng.normal(size=rows),
        "signal": signal,
        "city": np.array(list("abcdefgh"))[city],
        "copy": -(signal**3),
        "rooms": city * 10.0,
        "district": np.array(list("xyzw"))[city // 2],
    }
    case = signal_case(features, rng.normal(size=rows))
    found = feature_groups(case.train, case.schema, 0.7, 0)
    assert [names for names, _ in found] == [("city", "rooms", "district"), ("signal", "copy")]
    assert found[1][1] == pytest.approx(1)
    alone = signal_case({f"n{k}": rng.normal(size=rows) for k in range(12)}, signal)
    assert feature_groups(alone.train, alone.schema, 0.7, 0) == []


def test_two_copies_matter_little_alone_and_much_together():
    """A ridge halves the weight between copies: shuffling one loses a quarter of the variance."""
    rng, rows = drawn()
    signal = rng.normal(size=rows)
    features = {"one": signal, "noise": rng.normal(size=rows), "two": signal.copy()}
    case = signal_case(features, signal + 0.1 * rng.normal(size=rows))
    found = interpret_model(evidence_on(case, Ridge(alpha=1.0)))
    (group,) = found.groups.itertuples(index=False)
    assert group.features == "one, two"
    alone = found.importance.set_index("feature")["importance"]
    # Root mean squared errors: half the weight on a shuffled copy, and all of it on both.
    assert alone["one"] == pytest.approx(np.sqrt(0.5 + 0.01) - 0.1, abs=0.08)
    assert group.importance == pytest.approx(np.sqrt(2 + 0.01) - 0.1, abs=0.12)
    assert group.single_sum == pytest.approx(alone["one"] + alone["two"])
    assert group.ci_low < group.importance < group.ci_high
    assert abs(alone["noise"]) < 0.01


def test_what_only_many_copies_tell_is_hidden_behind_them():
    rng, rows = drawn()
    signal = rng.normal(size=rows)
    copies = {f"copy_{k}": signal + 0.01 * rng.normal(size=rows) for k in range(8)}
    case = signal_case(copies, 0.7 * signal + rng.normal(size=rows))
    found = interpret_model(evidence_on(case, resamples=200))
    (group,) = found.groups.itertuples(index=False)
    assert group.feature_count == 8
    assert group.meaning in {HIDDEN, TOGETHER}
    assert group.importance > 2 * group.single_sum
    assert "hidden" in verdicts(found).values()
    assert not set(verdicts(found).values()) & set(OPEN)


def test_an_exclusive_or_is_only_together():
    rng, rows = drawn(3, 2000)
    one, two = rng.choice([-1.0, 1.0], (2, rows))
    noise = rng.normal(size=rows)
    outcome = 2 * one * two + 0.5 * rng.normal(size=rows)
    case = signal_case({"one": one, "two": two, "noise": noise}, outcome)
    found = interpret_model(evidence_on(case, shap_sample_rows=400))
    assert verdicts(found)["one"] == verdicts(found)["two"] == "only together"
    assert verdicts(found)["noise"] == "agree: does not matter"
    # What one does is decided by the other alone.
    interactions = found.interactions.set_index("feature")
    assert interactions.loc["one", "interacts_with"] == "two"
    assert interactions.loc["one", "share"] > 0.9


def test_a_copy_that_the_model_does_not_need_is_hidden():
    rng, rows = drawn(4)
    signal = rng.normal(size=rows)
    features = {"signal": signal, "copy": signal.copy(), "noise": rng.normal(size=rows)}
    case = signal_case(features, signal + rng.normal(size=rows))
    found = interpret_model(evidence_on(case))
    # Of two equal splits LightGBM takes the first.
    assert verdicts(found) == {
        "signal": "agree: matters", "copy": "hidden", "noise": "agree: does not matter",
    }  # fmt: skip
    row = found.agreement.set_index("feature").loc["copy"]
    assert row["grouped_with"] == "signal"
    assert "signal" in row["meaning"]


def test_a_noise_that_the_model_learned_is_used_and_not_useful():
    from lightgbm import LGBMRegressor

    rng, rows = drawn(5, 800)
    signal, noise = rng.normal(size=(2, rows))
    case = signal_case({"signal": signal, "noise": noise}, signal + 3 * rng.normal(size=rows))
    deep = LGBMRegressor(n_estimators=200, min_child_samples=2, n_jobs=1, verbose=-1)
    found = interpret_model(evidence_on(case, deep))
    row = found.agreement.set_index("feature").loc["noise"]
    assert row["verdict"] == "used, not useful"
    assert row["shap_share"] > 0.3
    assert "2nd of 2 by SHAP" in row["meaning"] or "1st of 2 by SHAP" in row["meaning"]


def test_a_feature_that_does_not_vary_in_the_holdout_cannot_be_tested_there():
    rng, rows = drawn(6)
    season, signal = rng.uniform(0, 4, rows), rng.normal(size=rows)
    case = signal_case(
        {"season": season, "signal": signal}, 2 * season + signal + 0.2 * rng.normal(size=rows)
    )
    holdout = case.holdout.assign(season=4.0)
    found = interpret_model(evidence_on(case, holdout=holdout))
    row = found.agreement.set_index("feature").loc["season"]
    assert row["verdict"] == "not testable"
    assert "hardly any variation" in row["meaning"]
    assert row["importance"] == 0 < row["moved_by_training"]
    assert verdicts(found)["signal"] == "agree: matters"


def test_what_tells_and_is_missed_by_the_model_is_told():
    """The line sees nothing of a square; the model's out-of-fold errors do."""
    rng, rows = drawn(7)
    bent, straight = rng.normal(size=(2, rows))
    case = signal_case(
        {"bent": bent, "straight": straight}, bent**2 + straight + 0.5 * rng.normal(size=rows)
    )
    found = interpret_model(evidence_on(case, LinearRegression(), dependence_feature_count=1))
    row = found.agreement.set_index("feature").loc["bent"]
    assert row["left_p_value"] < 0.001
    assert row["left_score"] > 0.3
    assert row["verdict"] in {"telling, not used", "used, not useful"}


def test_groups_of_rows_do_not_make_a_feature_tell():
    """Feature and outcome are the entity's own: 30 entities are not 1,500 rows."""
    alarms = 0
    for seed in range(4):
        rng, rows = drawn(seed)
        entity = np.arange(rows) % 30
        own, level = rng.normal(size=(2, 30))
        case = signal_case(
            {"entity": entity, "own": own[entity], "free": rng.normal(size=rows)},
            level[entity] + 0.3 * rng.normal(size=rows),
            group_column="entity",
        )
        predictor_rows = Predicted(case.train, case.y_true, np.full(len(case.train), 0.0))
        evidence = evidence_on(case, out_of_fold=predictor_rows)
        found = univariate_signals(evidence).set_index("feature")
        alarms += bool(found.loc["own", "alone_p_value"] < 0.05)
        alarms += bool(found.loc["own", "left_p_value"] < 0.05)
    assert alarms <= 1


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_on_clean_data_the_signals_agree(task):
    """The rate is stated in docs/interpretation.md; of these few tables at most one verdict is off."""
    off = 0
    for seed in range(3):
        rng, rows = drawn([8, seed], 1000)
        signal = rng.normal(size=rows)
        features = {"signal": signal} | {f"noise_{k}": rng.normal(size=rows) for k in range(3)}
        outcome = signal + rng.normal(size=rows)
        case = signal_case(
            features, (outcome > 0).astype(int) if task == "binary" else outcome, task
        )
        evidence = evidence_on(case, partial_dependence_rows=20, shap_sample_rows=100)
        found = interpret_model(evidence)
        assert verdicts(found)["signal"] == "agree: matters"
        off += sum(not verdict.startswith("agree") for verdict in verdicts(found).values())
    assert off <= 1


def test_without_an_interaction_none_is_named():
    rng, rows = drawn(9, 600)
    features = pd.DataFrame({"one": rng.normal(size=rows), "two": rng.choice(["a", "b"], rows)})
    values = pd.DataFrame({"one": 3 * features["one"], "two": (features["two"] == "a") * 2.0})
    found = strongest_interactions(values, features, ["one", "two"])
    assert found["interacts_with"].isna().all()


def test_ranks_are_written_as_ordinals():
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"),
    ]
