import numpy as np
import pandas as pd
import pytest
from proposals import churn, orders, patients, penguins, proposed, sensors


def values(table, **wishes):
    return proposed(table, **wishes).values


def numbers(target, rows=2000):
    rng = np.random.default_rng(1)
    return pd.DataFrame({"a": rng.normal(size=rows), "b": rng.normal(size=rows), "target": target})


def test_rare_positives_are_judged_by_average_precision():
    rng = np.random.default_rng(0)
    rare = proposed(numbers((rng.uniform(size=2000) < 0.04).astype(int)))
    assert rare.values["task.primary_metric"] == "average_precision"
    assert "of rows are positive" in rare.reasons["task.primary_metric"][0]
    common = values(numbers((rng.uniform(size=2000) < 0.4).astype(int)))
    assert common["task.primary_metric"] == "roc_auc"


@pytest.mark.parametrize(
    ("draw", "transform", "metric", "low", "high"),
    [
        (lambda rng: rng.normal(50, 5, 2000), "none", "neg_root_mean_squared_error", 0, None),
        (lambda rng: rng.normal(0, 5, 2000), "none", "neg_root_mean_squared_error", None, None),
        (lambda rng: rng.lognormal(3, 1.2, 2000), "log1p", "neg_mean_absolute_error", 0, None),
        (lambda rng: rng.standard_t(1.2, 2000), "none", "neg_mean_absolute_error", None, None),
        (lambda rng: rng.beta(2, 2, 2000), "none", "neg_root_mean_squared_error", 0, 1),
    ],
    ids=["normal", "around 0", "lognormal", "heavy tails", "shares"],
)
def test_the_shape_of_a_number(draw, transform, metric, low, high):
    proposal = proposed(numbers(draw(np.random.default_rng(3))))
    task = proposal.params.task
    assert task.type == "regression"
    assert (task.target_transform, task.primary_metric) == (transform, metric)
    assert (task.clip_low, task.clip_high) == (low, high)
    assert proposal.params.calibrate.methods == []


@pytest.mark.parametrize(
    ("rows", "fraction", "min_rows", "category_count"),
    [(300, 0.3, 150, 5), (900, 0.3, 450, 5), (3000, 0.2, 1000, 6), (150_000, 0.1, 70_000, 20)],
)
def test_sizes_follow_the_rows(rows, fraction, min_rows, category_count):
    rng = np.random.default_rng(0)
    params = proposed(numbers(rng.normal(size=rows), rows)).params
    assert params.split.holdout_fraction == fraction
    assert params.validate_.min_rows == min_rows
    assert params.preprocess.min_category_count == category_count


@pytest.mark.parametrize(
    ("make", "strategy"),
    [(churn, "random"), (orders, "time"), (patients, "group"), (sensors, "time"),
     (penguins, "random")],
)  # fmt: skip
def test_the_split_is_what_the_model_will_meet(make, strategy):
    proposal = proposed(make())
    assert proposal.values["split.strategy"] == strategy
    assert proposal.reasons["split.strategy"][0].startswith(f"{strategy}, because")
    assert proposal.trial.split_error == ""


def test_mostly_new_entities_are_judged_on_new_ones():
    table = orders(3000, 2000).sort_values("placed_at")
    table["customer_id"] = np.arange(3000) // 2 + 7
    proposal = proposed(table)
    assert proposal.values["split.strategy"] == "group_time"
    assert "will mostly meet new ones" in proposal.reasons["split.strategy"][0]


def test_years_and_dates_as_texts_are_asked_about():
    assert "year: do later rows" in " ".join(proposed(penguins()).reasons["split.strategy"])
    table = sensors().astype({"timestamp": str})
    assert proposed(table).values["split.strategy"] == "time"
    # With and without a zone.
    table.loc[5, "timestamp"] += "+00:00"
    assert "until timestamp is converted" in proposed(table).reasons["split.strategy"][0]


def test_many_categories_are_encoded_by_the_target():
    table = orders()
    table["town"] = [f"town {number % 150}" for number in range(len(table))]
    proposal = proposed(table)
    assert proposal.values["preprocess.high_cardinality"] == "target"
    assert "town" in proposal.reasons["preprocess.high_cardinality"][0]
    assert "preprocess.high_cardinality" not in values(orders())


def test_few_rows_get_no_isotonic_calibrator():
    assert values(penguins())["calibrate.methods"] == ["sigmoid", "temperature"]
    assert values(churn())["calibrate.methods"] == ["sigmoid", "isotonic"]


def test_nothing_depends_on_costs_that_nobody_said():
    params = proposed(churn()).params
    assert params.threshold.strategy == "max_f1"
    assert params.baseline.rule is None
    assert params.evaluate.gate.action == "fail"
    assert params.train.preset == "fast"


def with_times(**columns):
    return orders().drop(columns="delivered_at").assign(**columns)


def test_times_before_the_decision_are_features_with_ages():
    proposal = proposed(with_times(joined=pd.Timestamp("2023-01-01 12:00")))
    assert proposal.roles.excluded["joined"] == "has the same value in every row"
    joined = orders()["placed_at"] - pd.to_timedelta(np.arange(3000) % 900, "D")
    proposal = proposed(with_times(joined=joined))
    assert proposal.roles.time == "placed_at"
    assert proposal.params.data.exclude_columns == {}
    assert proposal.params.preprocess.datetimes == "parts_and_age"
    assert (
        "joined: read as parts, and as the days before"
        in (proposal.reasons["preprocess.datetimes"][0])
    )
    proposal = proposed(with_times(joined=joined.dt.date))
    assert proposal.params.preprocess.datetimes == "parts_and_age"
    assert proposal.trial.errors == []


def test_ages_need_a_time_and_one_kind_of_zone():
    joined = orders()["placed_at"] - pd.to_timedelta(np.arange(3000) % 900, "D")
    proposal = proposed(with_times(joined=joined.dt.tz_localize("UTC")))
    assert proposal.params.preprocess.datetimes == "parts"
    assert "some have a time zone" in proposal.reasons["preprocess.datetimes"][0]
    assert proposal.trial.errors == []
    proposal = proposed(with_times(birth_date=joined).drop(columns="placed_at"))
    assert (proposal.roles.time, proposal.params.preprocess.datetimes) == (None, "parts")
    assert "needs a time column" in proposal.reasons["preprocess.datetimes"][0]


def test_sensitive_names_are_compared_and_stay_features():
    people = patients().assign(sex=lambda table: np.where(table.index % 2, "f", "m"), gender="x")
    proposal = proposed(people)
    assert proposal.params.evaluate.sensitive_columns == ["age", "sex"]
    assert proposal.params.evaluate.sensitive_min_rows == 20
    assert {"age", "sex"}.isdisjoint(proposal.params.data.exclude_columns)
    assert proposal.params.data.passthrough_columns == []
    (told,) = proposal.reasons["evaluate.sensitive_columns"]
    assert "They stay features" in told
    assert proposed(orders()).params.evaluate.sensitive_columns == []
