import pandas as pd
import pytest
from cases import make_case
from signals import evidence_on, signal_case

from assay.interpretation.interpret import interpret_model, interpretation_json
from assay.report.rendering import render


def card(found):
    return render(
        "card_signals.md.j2",
        m={"interpret": interpretation_json(found)},
        primary="rmse",
        agreement=found.agreement.to_dict("records"),
        directions=found.directions.to_dict("records"),
    )


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_part_of_the_card_is_filled_for_every_task(task):
    found = interpret_model(evidence_on(make_case(task)))
    text = card(found)
    assert "| signal | " in text
    assert "agree: matters" in text
    assert "features have an importance whose interval lies above zero" in text
    assert "Expected directions" not in text
    assert len(text.strip().splitlines()) < 20


def test_it_names_groups_and_directions_and_survives_odd_names():
    rng = pd.Series(range(600)).sample(frac=1, random_state=0).to_numpy() / 100
    case = signal_case({"a|b": rng, "copy of a": rng**2, "_": rng[::-1].copy()}, rng)
    found = interpret_model(
        evidence_on(case, expected_direction={"a|b": "decreasing", "_": "increasing"})
    )
    text = card(found)
    assert r"| `a\|b` | " in text
    one = "One group of features goes together. Shuffled as one, it (`a|b, copy of a`) makes rmse worse by"
    assert one in text
    assert "- `a|b`, decreasing: against what is expected (the curve goes the other way" in text


def test_it_says_once_that_nothing_tells_alone_and_counts_groups():
    found = interpret_model(evidence_on(make_case("regression")))
    metrics = interpretation_json(found)
    metrics["agreement"]["alone_shown_count"] = 0
    metrics["groups"] = {
        **{"applicable": True, "count": 2, "hidden_count": 1},
        **{"top_features": "experience, age", "top_importance": 54.805},
        **{"top_ci_low": 50.0, "top_ci_high": 60.25},
    }
    text = render(
        "card_signals.md.j2",
        m={"interpret": metrics},
        primary="rmse",
        agreement=[row for row in found.agreement.to_dict("records") if row["feature"] == "signal"],
        directions=[],
    )
    assert text.count("No feature is shown to tell anything alone beyond chance") == 1
    assert "contradict" not in text
    assert (
        "2 groups of features go together. Shuffled as one, the most important (experience, age) makes "
        "rmse worse by 54.805 [50.000, 60.250]; of 1 group no member matters alone." in text
    )
