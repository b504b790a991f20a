"""Grouped importance, and whether the three signals of a feature agree: on planted truths."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from signals import evidence_on, signal_case
from sklearn.linear_model import LinearRegression, Ridge

from assay.evidence import Predicted
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
from assay.interpretation.verdicts import OPEN, judge, ordinal


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
    straight = rng.normal(size=rows)
    outcome = 2 * one * two + straight + 0.5 * rng.normal(size=rows)
    features = {"one": one, "two": two, "noise": noise, "straight": straight}
    found = interpret_model(evidence_on(signal_case(features, outcome), shap_sample_rows=400))
    assert found.agreement.set_index("feature").loc["two", "interacts_with"] == "one"
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
    assert "of all mean absolute SHAP values, 2nd of 2)" in row["meaning"]
    # The folds of a case are by time, and its holdout is later.
    assert row["meaning"].endswith("learned noise, or the holdout's later period differs")


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
    assert "the holdout has one value of it only: shuffling" in row["meaning"]
    assert row["importance"] == 0 < row["moved_by_training"]
    assert verdicts(found)["signal"] == "agree: matters"
    # Many values, beyond the last split.
    beyond = case.holdout.assign(season=5 + np.arange(len(case.holdout)) % 3.0)
    assert "in all of the holdout's rows its values (3 different ones) lie where" in season_on(
        case, beyond
    )
    beyond.loc[beyond.index[:5], "season"] = 0.0
    few = (
        f"in all but {5 / len(beyond):.1%} of the holdout's rows its values (4 different ones) lie"
    )
    assert few in season_on(case, beyond)
    near = case.holdout.assign(season=3.5 + np.linspace(0, 0.01, len(case.holdout)))
    assert "the holdout's values of it differ too little" in season_on(
        case, near, LinearRegression()
    )


def season_on(case, holdout, model=None):
    few = {"partial_dependence_rows": 10, "shap_sample_rows": 100, "permutation_repeats": 2}
    found = interpret_model(evidence_on(case, model, holdout=holdout, **few))
    row = found.agreement.set_index("feature").loc["season"]
    assert row["verdict"] == "not testable"
    return row["meaning"]


def test_outliers_of_the_target_are_no_interactions():
    """Each of five adds something; R2 of a target with 25 outliers sees none of them."""
    rng, rows = drawn(11, 1500)
    features = {f"x{k}": rng.normal(size=rows) for k in range(5)}
    outcome = sum(features.values()) + 0.5 * rng.normal(size=rows)
    outcome[rng.permutation(rows)[:25]] *= 400
    evidence = evidence_on(signal_case(features, outcome), partial_dependence_rows=10)
    alone = univariate_signals(evidence)
    assert (alone["alone_p_value"] < 0.001).all()
    assert (alone["alone_score"] > 0.1).all()


def test_what_is_small_beside_another_is_no_interaction():
    """Alone, it drowns in what the other one does; the model takes that away."""
    rng, rows = drawn(12)
    large, small = rng.normal(size=(2, rows))
    case = signal_case({"large": large, "small": small}, 30 * large + small)
    evidence = evidence_on(case, LinearRegression(), shap_sample_rows=200)
    row = interpret_model(evidence).agreement.set_index("feature").loc["small"]
    assert row["alone_p_value"] > 0.05 > row["importance_p_value"]
    assert row["verdict"] in {"unclear", "matters, alone not shown"}


def judged(**changes):
    """Return the verdicts on one that matters, and one that tells something and is missed."""
    columns = {
        "feature": ["good", "rare"],
        "importance": [0.1, 0.0], "ci_low": [0.05, -0.01], "importance_p_value": [0.001, 1.0],
        "shap_share": [0.97, 0.03], "shap_rank": [1, 2], "shap_p99": [1.0, 0.1],
        "mean_abs_shap": [0.97, 0.03],
        "alone_score": [0.6, 0.56], "alone_chance": 0.5, "alone_shown": True, "alone_rank": [1, 2],
        "left_p_value": 0.001, "left_score": 0.01, "moved": 0.1, "moved_by_training": 0.1,
        "grouped_with": None, "interacts_with": None, "holdout_values": 9, "treated_alike": 0.0,
    } | changes  # fmt: skip
    return judge(pd.DataFrame(columns), {}, "binary", later=False)


def test_what_the_model_uses_for_few_rows_is_not_unused():
    (_, (verdict, meaning)) = judged()
    assert verdict == "telling, not used"
    assert "(AUC 0.560, 2nd of 2)" in meaning
    assert "hardly moves with it (3.0% of all mean absolute SHAP values, 2nd of 2" in meaning
    (_, (verdict, meaning)) = judged(shap_p99=[1.0, 1.2])
    assert verdict == "unclear"
    assert "2nd of 2, most of it in few rows)" in meaning
    # As much as the least of those that matter.
    assert judged(shap_share=[0.03, 0.04])[1][0] == "unclear"


def test_where_nothing_tells_alone_nothing_is_only_together():
    changes = {"shap_share": [0.6, 0.4], "alone_shown": False, "interacts_with": ["rare", "good"]}
    ((verdict, meaning), (_, other)) = judged(**changes)
    assert verdict == "matters, alone not shown"
    assert "nor is what any other feature tells" in meaning
    # Without times there is no period to blame.
    assert other.endswith("for it on the holdout: it may have learned noise")
    seen = changes | {"alone_shown": [False, True]}
    assert judged(**seen)[0] == (
        "only together",
        "the model predicts better for it; it shows nothing alone: what it adds depends on others, most on rare",
    )
    assert judged(**seen | {"interacts_with": None})[0][0] == "matters, alone not shown"


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
