"""Planted faults of a table are found, in the order of what to mend first, and told to its owner."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import make_case
from conftest import TASKS, make_table
from examined import evidence_of
from explained import case_of, pipeline_of

from assay.calibration.maps import Identity
from assay.evidence import Predicted
from assay.feedback.categories import joined_form, plain_form, pooled_categories, spellings
from assay.feedback.copies import contradicting_copies
from assay.feedback.drifting import COLUMNS as DRIFT_COLUMNS
from assay.feedback.drifting import feature_drift
from assay.feedback.excess import excess_row_loss
from assay.feedback.find import feedback_json, find_data_faults
from assay.feedback.finding import COLUMNS, ROW_COLUMNS
from assay.feedback.gaps import missing_errors
from assay.feedback.outcomes import suspicious_outcomes
from assay.predictor import Predictor
from assay.report.data_feedback import data_feedback_page, plain
from assay.schema import ROW


def planted_table(rows=2000):
    """Labels follow `signal`, but those of one supplier are reversed; `kind` is spelt in two ways."""
    rng = np.random.default_rng(0)
    table = make_table(rows, 0)
    signal = rng.normal(size=rows) + np.where(rng.uniform(size=rows) < 0.5, 4, -4)
    supplier = rng.choice([f"s{number:02d}" for number in range(20)], rows)
    truth = signal > 0
    label = np.where(supplier == "s03", ~truth, truth)
    kind = table["kind"].where(rng.uniform(size=rows) > 0.1, table["kind"].str.upper() + " ")
    return table.assign(signal=signal, outcome=label.astype("int64"), remark=supplier, kind=kind)


@pytest.fixture(scope="module")
def planted():
    case = make_case("binary", planted_table())
    train = case.train
    odds = 3 * train["signal"].to_numpy()
    # What a model that learnt how often labels are wrong says of them.
    probability = 0.05 + 0.9 / (1 + np.exp(-odds))
    known = Predicted(train, case.y_true, probability)
    return evidence_of(
        case, Predictor(pipeline_of("binary", "lightgbm"), Identity()), out_of_fold=known
    )


def test_planted_faults_are_found_by_what_to_mend_first(planted):
    found = find_data_faults(planted)
    items = found.items.set_index("item")
    assert items["kind"].tolist()[:2] == ["wrong_label", "spelling"]
    assert items["certainty"].is_monotonic_increasing
    wrong = items.loc[1]
    reversed_labels = planted.train["remark"] == "s03"
    assert wrong["rows"] == pytest.approx(reversed_labels.sum(), rel=0.05)
    assert "remark = s03" in wrong["finding"]
    named = found.rows[found.rows["item"] == 1]
    assert len(named) == 50
    assert (named["remark"] == "s03").all()
    by_row = planted.train.set_index(ROW).loc[named[ROW]]
    assert named["row_key"].tolist() == by_row["row_key"].tolist()
    assert named["label"].tolist() == by_row["outcome"].astype(str).tolist()
    assert (named["suggested"] != named["label"]).all()
    assert named["label_probability"].is_monotonic_increasing
    assert "'a'" in items.loc[2, "action"]


def test_the_page_tells_its_owner(planted):
    page = data_feedback_page(find_data_faults(planted), planted.schema)
    assert "**Mend first: labels that look wrong** (`outcome`" in page
    assert "### 2. One category, written in several ways: kind" in page
    assert (
        "40 more are in `reports/tables/data_feedback_rows.csv`, item 1, which has the first 50"
        in page
    )
    assert "Looked for, and not found: missing values where the model errs" in page
    for line in page.splitlines():
        if line.startswith("|"):
            assert line.rstrip().endswith("|")


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_its_tables_and_finite_metrics(task):
    case = case_of(task)
    evidence = evidence_of(case, Predictor(pipeline_of(task, "lightgbm"), Identity()))
    found = find_data_faults(evidence)
    assert tuple(found.items.columns) == COLUMNS
    assert found.rows.columns[-len(ROW_COLUMNS) :].tolist() == list(ROW_COLUMNS)
    assert tuple(found.drift.columns) == DRIFT_COLUMNS
    told = json.dumps(feedback_json(found), allow_nan=False)
    assert "null" not in told and "[" not in told
    assert not (found.items["certainty"] == "error").any()
    page = data_feedback_page(found, case.schema)
    assert "Labels that look wrong" not in page
    pd.testing.assert_frame_equal(found.drift, find_data_faults(evidence).drift)


def test_nothing_found_is_said_plainly(planted):
    found = find_data_faults(planted)
    nothing = replace(found, items=found.items.head(0), rows=found.rows.head(0))
    page = data_feedback_page(nothing, planted.schema)
    assert "**Nothing was found.**" in page
    assert "labels that look wrong; one category" in page
    assert feedback_json(nothing)["item_count"] == 0


def test_wrong_numbers_are_listed_with_what_would_be_usual():
    case = case_of("regression")
    rng = np.random.default_rng(0)
    truth = case.y_true
    wrong = rng.uniform(size=len(truth)) < 0.02
    rows = case.train.assign(outcome=np.where(wrong, truth * 1000, truth))
    known = Predicted(rows, rows["outcome"].to_numpy(), truth + rng.normal(size=len(truth)))
    predictor = Predictor(pipeline_of("regression", "lightgbm"), Identity())
    found = find_data_faults(evidence_of(case, predictor, out_of_fold=known))
    first = found.items.iloc[0]
    assert first["kind"] == "wrong_number"
    assert first["rows"] == wrong.sum()
    assert f"divided by 1,000 ({wrong.sum()} rows)" in first["finding"]
    named = found.rows[found.rows["item"] == 1]
    assert set(named[ROW]) == set(rows.loc[wrong, ROW])
    values = named["value"].str.replace(",", "").astype(float) / 1000
    assert named["suggested"].str.replace(",", "").astype(float).to_numpy() == pytest.approx(
        values.to_numpy(), rel=1e-4
    )


def with_gaps(seed, rows=1500, wrong=0.0):
    """Where `signal` is missing, the model is as sure as ever, and wrong for a share of rows."""
    rng = np.random.default_rng(seed)
    case = make_case("binary", make_table(rows, seed))
    train = case.train
    probability = rng.uniform(0.02, 0.98, len(train))
    y_true = (rng.uniform(size=len(train)) < probability).astype(int)
    gap = train["signal"].isna().to_numpy()
    turn = gap & (rng.uniform(size=len(train)) < wrong)
    known = Predicted(train, np.where(turn, 1 - y_true, y_true), probability)
    return evidence_of(
        case, Predictor(pipeline_of("binary", "lightgbm"), Identity()), out_of_fold=known
    )


def test_missing_values_that_drive_errors_are_found_and_others_are_not():
    found = missing_errors(with_gaps(0, wrong=0.5)).set_index("features")
    assert found["drives_errors"].to_dict() == {"signal": True, "kind": False}
    assert found.loc["signal", "ci_low"] > 0
    clean = [missing_errors(with_gaps(seed))["drives_errors"].any() for seed in range(12)]
    assert sum(clean) <= 2


def test_losses_that_predictions_expect_are_no_excess():
    rng = np.random.default_rng(0)
    probability = rng.uniform(size=20_000)
    y_true = (rng.uniform(size=20_000) < probability).astype(int)
    nothing = pd.DataFrame(index=range(20_000))
    known = Predicted(nothing, y_true, probability)
    for part in (probability > 0.9, np.abs(probability - 0.5) < 0.1):
        excess = excess_row_loss("binary", known, known)
        assert excess[part].mean() == pytest.approx(0, abs=0.02)
    predicted = rng.uniform(0, 10, 20_000)
    number = predicted + rng.normal(size=20_000) * (1 + predicted)
    numbers = Predicted(nothing, number, predicted)
    excess = excess_row_loss("regression", numbers, numbers)
    assert excess[predicted > 9].mean() == pytest.approx(0, abs=0.3)
    three = rng.dirichlet([1, 1, 1], 20_000)
    drawn = np.array([rng.choice(3, p=row) for row in three[:3000]])
    classes = Predicted(nothing.head(3000), drawn, three[:3000])
    assert excess_row_loss("multiclass", classes, known).mean() == pytest.approx(0, abs=0.05)


def test_drift_is_found_beyond_chance_and_beyond_the_least_effect():
    case = make_case("binary", make_table(seed=2))
    moved = case.holdout.assign(noise=case.holdout["noise"] + 1)
    predictor = Predictor(pipeline_of("binary", "lightgbm"), Identity())
    found = feature_drift(evidence_of(case, predictor, holdout=moved)).set_index("feature")
    assert found.index[0] == "noise"
    assert found["drifts"].to_dict() == {name: name == "noise" for name in found.index}
    assert found.loc["noise", "wasserstein_sd"] == pytest.approx(1, abs=0.2)
    lost = case.holdout.assign(signal=np.nan)
    found = feature_drift(evidence_of(case, predictor, holdout=lost)).set_index("feature")
    assert found.loc["signal", "distance_of"] == "missing rate"
    assert found.loc["signal", "drifts"]


def test_groups_are_dealt_whole():
    """A number that belongs to the group differs between sides of few groups, which is chance."""
    rng = np.random.default_rng(1)
    table = make_table(1000)
    level = dict(zip(sorted(set(table["entity"])), rng.normal(size=50), strict=True))
    case = make_case(
        "binary", table.assign(noise=table["entity"].map(level)), split={"strategy": "group"}
    )
    predictor = Predictor(pipeline_of("binary", "lightgbm"), Identity())
    evidence = evidence_of(case, predictor)
    whole = feature_drift(evidence).set_index("feature")
    alone = replace(evidence, schema=replace(evidence.schema, group_column=None))
    by_row = feature_drift(alone).set_index("feature")
    assert whole.loc["noise", "chance_up_to"] > 2 * by_row.loc["noise", "chance_up_to"]


def test_spellings():
    texts = [
        *[*["EMBRAER"] * 9, *["Embraer "] * 2, "émbraer"],
        *[*["AIRBUS"] * 6, *["AIRBUS INDUSTRIE"] * 4],
        *["CANADAIR", "CANADIAR", "BOEING", "BOEINGS", "AA", "AB", "Room 1", "Room 2", "-1", "1"],
    ]
    train = pd.DataFrame({"maker": pd.Series(texts, dtype=object)})
    found = spellings(train, ["maker"])
    assert [list(each.counts) for each in found if each.same] == [
        ["EMBRAER", "Embraer ", "émbraer"]
    ]
    assert found[0].rows == 3
    assert sorted(map(sorted, (each.counts for each in found if not each.same))) == [
        ["AIRBUS", "AIRBUS INDUSTRIE"],
        ["BOEING", "BOEINGS"],
    ]
    assert plain_form("São-Paulo ") == plain_form("sao paulo")
    for one, other in (("-1", "1"), ("A-", "A"), ("below -1", "below 1"), ("A B", "AB")):
        assert joined_form(one) != joined_form(other)
    assert joined_form("1.5 litres") != joined_form("15 litres")
    assert joined_form("rooms 1 2") != joined_form("rooms 12")


def test_a_misspelling_of_a_short_name_is_a_hint_and_punctuation_alone_an_error():
    texts = [
        *["Boston"] * 9,
        "Bostn",
        *["midwest"] * 5,
        *["Mid-West"] * 2,
        "mid west",
        "FuseA",
        "FuseF",
    ]
    found = spellings(pd.DataFrame({"city": pd.Series(texts, dtype=object)}), ["city"])
    assert [(list(each.counts), each.same) for each in found] == [
        (["midwest", "Mid-West", "mid west"], True),
        (["Boston", "Bostn"], False),
    ]


def test_pooled_categories_are_those_of_the_fitted_preprocessor():
    table = make_table()
    rare = table["kind"].where(np.arange(600) >= 3, "rare").where(np.arange(600) != 5, "lone")
    case = make_case("binary", table.assign(kind=rare), split={"strategy": "random"})
    pipeline = case.preprocessor.fit(case.features, case.y_true)
    model = type("Fitted", (), {"named_steps": {"features": pipeline}})()
    evidence = replace(
        evidence_of(case_of("binary"), Predictor(pipeline_of("binary", "lightgbm"), Identity())),
        predictor=Predictor(model, Identity()),
    )
    (pooled,) = pooled_categories(evidence)
    counts = case.train["kind"].value_counts()
    assert pooled.feature == "kind"
    assert set(pooled.categories) == set(counts.index[counts < 5])


def test_copies_with_different_labels():
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    twice = pd.concat([features, features.head(4)], ignore_index=True)
    label = np.r_[np.zeros(200, dtype=int), [1, 1, 0, 0]]
    found = contradicting_copies(twice, label)
    assert found.rows.tolist() == [0, 200, 1, 201]
    assert found.sets == 2
    coarse = pd.DataFrame(rng.integers(0, 3, (200, 2)), columns=list("ab"))
    assert not contradicting_copies(coarse, rng.integers(0, 2, 200)).sets


def test_a_users_names_stay_as_they_are_in_markdown():
    assert plain("a|b *c* `d` <e> snake_case _f") == r"a\|b \*c\* \`d\` \<e> snake_case \_f"
    assert plain("two\nlines") == "two lines"


def test_where_most_numbers_are_one_value_the_others_are_judged_among_themselves():
    rng = np.random.default_rng(0)
    for rate in (0.02, 0.1):
        claims = np.where(rng.uniform(size=3000) < rate, rng.gamma(2, 500, 3000), 0.0)
        assert not len(suspicious_outcomes(claims, np.full(3000, rate * 1000.0)))
        counts = rng.poisson(rate, 3000).astype(float)
        assert not len(suspicious_outcomes(counts, np.full(3000, rate)))
    wrong = np.flatnonzero(claims)[:5]
    claims[wrong] *= 1000
    found = suspicious_outcomes(claims, np.full(3000, 100.0))
    assert set(found.rows) <= set(wrong) and len(found) >= 4


def test_a_second_gap_needs_its_own_evidence():
    """Numbers times 1,000 do not make errors of the greatest true ones."""
    rng = np.random.default_rng(3)
    predicted = rng.uniform(300, 900, 5000)
    truth = predicted * np.exp(rng.normal(0, 0.5, 5000))
    # True numbers that stand out, by less than chance shows of three.
    truth[:3] = predicted[:3] + np.sort(truth - predicted)[-1] * np.array([1.5, 1.6, 1.7])
    assert not len(suspicious_outcomes(truth, predicted))
    wrong = np.arange(100, 123)
    found = suspicious_outcomes(
        np.where(np.isin(np.arange(5000), wrong), truth * 1000, truth), predicted
    )
    assert set(found.rows) == set(wrong)


def test_few_rows_without_a_rare_outcome_are_no_alarm():
    """Where a feature is known in 40 of 1,000 rows, and 2% are positive, hardly any of them is."""
    alarms = 0
    for seed in range(20):
        rng = np.random.default_rng([1, seed])
        case = case_of("binary")
        rows = case.train.sample(1000, replace=True, random_state=seed).reset_index(drop=True)
        rows = rows.assign(
            entity=np.arange(1000), signal=np.where(np.arange(1000) < 40, 1.0, np.nan), kind="a"
        )
        probability = rng.beta(2, 98, 1000)
        y_true = (rng.uniform(size=1000) < probability).astype(int)
        known = Predicted(rows, y_true, probability)
        evidence = evidence_of(
            case, Predictor(pipeline_of("binary", "lightgbm"), Identity()), out_of_fold=known
        )
        alarms += missing_errors(evidence)["drives_errors"].any()
    assert alarms <= 2


def test_drift_of_groups_that_span_both_sides_is_dealt_within_them():
    rng = np.random.default_rng(0)
    case = make_case("binary", make_table(2000, 3), split={"strategy": "time"})
    column = case.schema.group_column
    known = rng.choice(sorted(set(case.train[column])), len(case.holdout))
    moved = case.holdout.assign(**{column: known, "noise": case.holdout["noise"] + 0.4})
    evidence = evidence_of(
        case, Predictor(pipeline_of("binary", "lightgbm"), Identity()), holdout=moved
    )
    assert feature_drift(evidence).set_index("feature").loc["noise", "drifts"]


def test_rare_categories_do_not_drift_by_being_others():
    rng = np.random.default_rng(0)
    case = make_case("binary", make_table(1000, 3), split={"strategy": "random"})
    parts = [
        part.assign(kind=[f"c{number}" for number in rng.integers(0, 5000, len(part))])
        for part in (case.train, case.holdout)
    ]
    evidence = replace(
        evidence_of(case, Predictor(pipeline_of("binary", "lightgbm"), Identity())), train=parts[0]
    )
    evidence = replace(evidence, holdout=replace(evidence.holdout, rows=parts[1]))
    found = feature_drift(evidence).set_index("feature")
    assert found.loc["kind", "distance"] < 0.05
    assert not found.loc["kind", "drifts"]


def test_spellings_are_counted_and_named_in_the_whole_table(planted):
    found = find_data_faults(planted)
    item = found.items[found.items["kind"] == "spelling"].iloc[0]
    named = found.rows[found.rows["item"] == item["item"]]
    both = pd.concat([planted.train, planted.holdout.rows])
    rarer = both[both["kind"].isin({"A ", "B ", "C "})]
    assert item["rows"] == len(rarer) == len(named) > 50
    assert set(named[ROW]) == set(rarer[ROW])
    assert (
        named["part"].value_counts()["holdout"]
        == len(rarer) - rarer[ROW].isin(planted.train[ROW]).sum()
    )
