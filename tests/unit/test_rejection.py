import numpy as np
import pytest

from assay.errors import GateError
from assay.rejection import decide_classes, decided_rates, rejection_curve

LABELS = ("high", "low", "mid")


def classes(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    y_prob = rng.dirichlet([1, 1, 1], n)
    return (rng.uniform(size=(n, 1)) > y_prob.cumsum(axis=1)).sum(axis=1), y_prob


def decide(accept, seed=0):
    return decide_classes(*classes(seed=seed), accept, "case", LABELS)


def test_the_curve_by_hand_keeps_ties_together():
    y_prob = np.array([[0.8, 0.2, 0.0], [0.8, 0.1, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5]])
    curve = rejection_curve(np.array([0, 1, 1, 0]), y_prob)
    assert curve.min_confidence.tolist() == [0.8, 0.6, 0.5]
    assert curve.decided_rate.tolist() == [0.5, 0.75, 1]
    assert curve.accuracy.tolist() == pytest.approx([1 / 2, 2 / 3, 2 / 4])


def test_every_point_of_the_curve_is_what_its_confidence_does():
    y_true, y_prob = classes(200)
    curve = rejection_curve(y_true, np.round(y_prob, 2))
    assert (np.diff(curve.min_confidence) < 0).all()
    assert curve.decided_rate[-1] == 1
    for index, confidence in enumerate(curve.min_confidence):
        rates = decided_rates(y_true, np.round(y_prob, 2), confidence)
        assert rates["decided_rate"] == curve.decided_rate[index]
        assert rates["accuracy"] == curve.accuracy[index]


@pytest.mark.parametrize("wanted", [0.7, 0.8, 0.9])
def test_the_chosen_confidence_reaches_the_accuracy_and_decides_the_most_rows(wanted):
    y_true, y_prob = classes()
    chosen = decide(wanted)
    rates = decided_rates(y_true, y_prob, chosen.min_confidence)
    assert rates["accuracy"] >= wanted
    assert 0 < rates["decided_rate"] < 1
    curve = rejection_curve(y_true, y_prob)
    lower = curve.min_confidence < chosen.min_confidence
    assert (curve.accuracy[lower] < wanted).all()
    fresh = decided_rates(*classes(seed=1), chosen.min_confidence)
    assert fresh["accuracy"] == pytest.approx(wanted, abs=0.04)
    assert f"at least {wanted:g}" in chosen.rationale


def test_without_a_wanted_accuracy_every_row_is_decided():
    chosen = decide(None)
    assert chosen.min_confidence == 0
    assert "every row is decided: threshold.accept_accuracy is null" in chosen.rationale
    assert decided_rates(*classes(), 0.0)["decided_rate"] == 1


def test_an_accuracy_that_all_rows_have_leaves_none_undecided():
    """A new row, less sure than any before, is decided too."""
    chosen = decide(0.2)
    assert chosen.min_confidence == 0
    assert chosen.rationale.startswith("100.0% of rows are decided")


def test_an_accuracy_out_of_reach_is_told_with_the_best_there_is():
    y_prob = np.array([[0.9, 0.1, 0.0], [0.8, 0.1, 0.1], [0.1, 0.6, 0.3], [0.2, 0.3, 0.5]])
    message = r"is out of reach: the highest accuracy .* is 0\.667, with 75\.0% of rows decided"
    with pytest.raises(GateError, match=message):
        decide_classes(
            np.repeat([1, 0, 1, 0], 20), np.repeat(y_prob, 20, axis=0), 0.9, "case", LABELS
        )


def test_a_few_lucky_rows_establish_no_accuracy():
    """On pure noise the surest row is right now and then; that is no reason to decide it."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y_true, y_prob = rng.integers(0, 3, 2000), rng.dirichlet([1, 1, 1], 2000)
        with pytest.raises(GateError, match="is out of reach"):
            decide_classes(y_true, y_prob, 0.95, "case", LABELS)


def test_no_decided_row_has_no_accuracy_to_divide():
    assert decided_rates(*classes(50), 1.1) == {
        "decided_rate": 0, "decided_count": 0,
    }  # fmt: skip


def test_the_decision_is_the_content_of_its_file():
    content = decide(0.8).to_json()
    assert content["applicable"] is True
    assert content["kind"] == "most_probable_class"
    assert content["labels"] == list(LABELS)
    assert 0 < content["min_confidence"] < 1
