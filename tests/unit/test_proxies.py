"""Features that tell a sensitive column, planted and not."""

import json

import numpy as np
import pandas as pd
import pytest
from people import assessed

from assay.fairness.assess import fairness_json
from assay.fairness.proxies import TOGETHER, find_proxies
from assay.features import Feature
from assay.schema import Schema
from assay.uncertainty.bootstrap import Bootstrap

PLAN = Bootstrap(100, 0.95, 0)


def proxies(table, column, clusters=None, sources=None):
    features = tuple(
        Feature(name, "numeric", "float64", (sources or {}).get(name, name))
        for name in table if sources or name != column
    )  # fmt: skip
    schema = Schema("row", "binary", "y", (0, 1), (), (), None, None, {}, {}, features)
    (found,) = find_proxies(table, [column], schema, clusters, PLAN)
    return found


def people(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    sex = rng.integers(0, 2, rows)
    return rng, sex, pd.DataFrame({
        "sex": np.array(["f", "m"])[sex],
        "height": rng.normal(165 + 13 * sex, 7),
        "noise": rng.normal(size=rows),
    })  # fmt: skip


def test_a_planted_proxy_is_found_alone_and_with_all_features():
    _, _, table = people()
    found = proxies(table, "sex")
    assert found.table["feature"].tolist() == [TOGETHER, "height", "noise"]
    assert found.table["beyond_chance"].tolist() == [True, True, False]
    # Two normal distributions 13 / 7 standard deviations apart: AUC 0.905.
    assert found.table["score"][1] == pytest.approx(0.905, abs=0.03)
    told = found.to_json()
    assert (told["strongest"], told["score_name"]) == ("height", "AUC")
    assert told["together"]["ci_low"] < told["together"]["value"] < told["together"]["ci_high"]


def test_what_only_two_features_together_tell_is_found():
    rng, sex, table = people()
    one = rng.integers(0, 2, len(sex))
    found = proxies(table[["sex"]].assign(one=one * 1.0, other=(one ^ sex) * 1.0), "sex")
    assert found.table["beyond_chance"].tolist() == [True, False, False]
    assert found.table["score"][0] > 0.99


def test_a_number_is_told_as_a_number():
    rng = np.random.default_rng(0)
    age = rng.uniform(18, 90, 800)
    found = proxies(pd.DataFrame({"age": age, "years": age + rng.normal(0, 5, 800),
                                  "noise": rng.normal(size=800)}), "age")  # fmt: skip
    assert found.score_name == "R2"
    assert found.table["beyond_chance"].tolist() == [True, True, False]
    assert found.table["score"][1] > 0.8


def test_the_column_itself_and_what_is_made_of_it_are_no_proxies():
    _, sex, table = people()
    table["sex"] = sex.astype(float)
    table["copy"] = sex.astype(float)
    found = proxies(table, "sex", sources={"copy": "sex"})
    assert found.own_features == ("sex", "copy")
    assert set(found.table["feature"]) == {TOGETHER, "height", "noise"}
    assert found.to_json()["is_feature"]


def test_what_tells_next_to_nothing_is_no_proxy_however_sure():
    """4,000 rows, of which 53% go with the column: beyond chance, and an AUC of 0.53."""
    rng = np.random.default_rng(1)
    sex = rng.integers(0, 2, 4000)
    hint = np.where(rng.random(4000) < 0.06, sex, rng.integers(0, 2, 4000)) * 1.0
    found = proxies(pd.DataFrame({"sex": np.array(["f", "m"])[sex], "hint": hint}), "sex")
    alone = found.table[found.table["feature"] == "hint"]
    assert alone["beyond_chance"].tolist() == [True]
    assert alone["score"].iloc[0] < 0.55
    assert alone["proxy"].tolist() == [False]
    assert "strongest" not in found.to_json()


def test_independent_features_raise_no_alarm():
    """Also where rows of one entity have the same values, of the column and of its features."""
    alarms = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        entity = np.repeat(np.arange(60), 5)
        table = pd.DataFrame({"who": rng.choice(["f", "m"], 60)[entity],
                              **{f"x{n}": rng.normal(size=60)[entity] for n in range(4)}})  # fmt: skip
        alarms += proxies(table, "who", entity).table["beyond_chance"].any()
    assert alarms <= 1


def test_nothing_to_ask_is_no_answer():
    _, _, table = people(rows=300)
    found = proxies(table[["sex"]], "sex")
    assert found.to_json() == {"applicable": False, "is_feature": False, "row_count": 0}
    assert found.table.empty
    rare = table.assign(sex=np.where(np.arange(300) < 3, "f", "m"))
    assert not proxies(rare, "sex").to_json()["applicable"]


def test_the_scalars_hold_no_numbers_that_json_does_not_know():
    _, sex, table = people()
    found = assessed(sex, sex * 0.5 + 0.2, table, ["sex"])
    json.dumps(fairness_json(found), allow_nan=False)
    assert fairness_json(found)["columns"]["sex"]["proxies"]["strongest"] == "height"
