"""What the choice among models says, in words."""

import pytest

from assay.search.words import digits_of, estimate_words, fixed, learning_words, selection_words


def estimate(value, low, high):
    return {"value": value, "ci_low": low, "ci_high": high, "method": "t", "n": 9}


SELECTION = {
    "metric": "roc_auc",
    "selected_by": "best",
    "chosen_model": "lightgbm (tuned)",
    "best_model": "lightgbm (tuned)",
    "simpler_within_noise": "logistic",
    "best": {"complexity": 3100, "complexity_unit": "leaves"},
    "simpler": {
        "complexity": 120,
        "complexity_unit": "coefficients",
        "behind_best": estimate(0.0031, -0.0042, 0.0104),
    },
}


def test_a_simpler_model_is_told_with_its_difference_and_what_was_taken():
    assert selection_words(SELECTION) == (
        "logistic is as good as the best, lightgbm (tuned), within noise (difference in roc_auc "
        "0.0031 [-0.0042, 0.0104]) and simpler: 120 coefficients against 3,100 leaves. "
        "lightgbm (tuned) was taken (train.select best)."
    )
    taken = SELECTION | {"selected_by": "simplest_within_noise", "chosen_model": "logistic"}
    assert selection_words(taken).endswith("It was taken (train.select simplest_within_noise).")
    alone = SELECTION | {"simpler_within_noise": "lightgbm (tuned)"}
    assert selection_words(alone) == (
        "No simpler model is within one standard error of lightgbm (tuned)."
    )


def test_the_dummys_standing_is_told():
    behind = estimate(0.02, -0.01, 0.05)
    near = selection_words(SELECTION | {"dummy": {"behind_best": behind, "within_noise": True}})
    assert near.endswith(
        "A constant prediction (dummy) is 0.0200 [-0.0100, 0.0500] behind the best, within noise: the "
        "folds do not show that the features tell anything."
    )
    far = selection_words(SELECTION | {"dummy": {"behind_best": behind, "within_noise": False}})
    assert far.endswith("[-0.0100, 0.0500] behind the best.")


def test_more_coefficients_than_leaves_are_simpler_and_the_reason_is_told():
    held = SELECTION["simpler"] | {"complexity": 9000}
    words = selection_words(SELECTION | {"simpler": held})
    assert (
        "and simpler (a linear model is simpler than trees, and these than a blend): 9,000 "
        "coefficients against 3,100 leaves."
    ) in words


CURVE = {
    "metric": "log_loss",
    "confidence": 0.9,
    "underfitting_judged": True,
    "rows": 7999.6,
    "groups_whole": False,
    "time_ordered": False,
    "train_score": 0.6123,
    "validation_score": 0.6683,
    "constant_score": 1.0884,
    "constant_own_score": 1.0884,
    "greater_is_better": False,
    "gap": estimate(0.056, 0.01, 0.1),
    "carried_over": 0.8824,
    "verdict": "neither",
    "last_doubling_gain": estimate(0.0101, 0.0042, 0.016),
    "next_doubling_gain": estimate(0.006, 0.0021, 0.016),
}


def test_scores_have_the_digits_that_tell_them_apart():
    words = learning_words(CURVE)
    assert "reaches log_loss 0.612, on others 0.668, and a constant prediction 1.088" in words
    assert "88% of what it gains carries over" in words
    assert (
        "At least half carries over, which is not called overfitting; nor is underfitting:" in words
    )
    alone = learning_words(CURVE | {"underfitting_judged": False})
    assert "At least half carries over, which is not called overfitting." in alone
    assert "underfitting" not in alone
    unsure = CURVE | {"gap": estimate(0.056, -0.01, 0.1)}
    assert "may be noise, so that overfitting is not shown; nor is" in learning_words(unsure)


def test_a_share_that_carries_over_can_be_counted_from_what_is_told():
    """A constant may do otherwise on a model's own rows: prices rise."""
    words = learning_words(CURVE | {"constant_own_score": 1.2})
    assert "reaches log_loss 0.612 (a constant 1.200), on others 0.668, and a constant" in words


def test_more_rows_are_promised_only_what_is_no_noise():
    assert (
        "brought 0.0101 [0.0042, 0.0160]; twice the rows would bring about 0.0060, from 0.0021"
        in (learning_words(CURVE))
    )
    noise = CURVE | {
        "last_doubling_gain": estimate(0.004, -0.0042, 0.0122),
        "next_doubling_gain": estimate(0.0, 0.0, 0.0122),
    }
    words = learning_words(noise)
    assert (
        "twice the rows are not shown to help. If a doubling brings no more than the one before it, "
        "0.0122 is the upper end of the 90% interval of what they would bring."
    ) in words
    # An interval to where no loss is left says nothing.
    clipped = noise | {"next_doubling_gain": estimate(0.0, 0.0, 0.6683)}
    assert learning_words(clipped).endswith("twice the rows are not shown to help.")
    nothing = noise | {"next_doubling_gain": estimate(0.0, 0.0, 0.0)}
    assert "not shown to help. " not in learning_words(nothing)
    assert "at most" not in learning_words(nothing)
    single = {key: value for key, value in CURVE.items() if "doubling" not in key}
    assert "doubling" not in learning_words(single)


def test_of_a_model_that_is_worse_than_a_constant_nothing_carries_over_and_nothing_is_promised():
    worse = {key: value for key, value in CURVE.items() if key != "carried_over"}
    del worse["next_doubling_gain"]
    words = learning_words(worse | {"verdict": "worse than a constant", "validation_score": 1.2})
    assert "on other rows it is worse than a constant" in words
    assert "%" not in words
    assert "twice the rows" not in words


def test_what_the_parts_were_drawn_from_is_told():
    assert "all of the past" in learning_words(CURVE | {"time_ordered": True})
    assert "more rows are more groups" in learning_words(CURVE | {"groups_whole": True})


@pytest.mark.parametrize(
    ("values", "digits"),
    [
        ([0.0], 3),
        ([0.5], 3),
        ([0.0101], 4),
        ([0.000012], 6),
        ([3.2], 2),
        ([320.0], 0),
        ([0.1, 12], 1),
    ],
)
def test_digits_follow_the_largest_value(values, digits):
    assert digits_of(*values) == digits


def test_numbers_are_never_minus_zero_and_an_estimate_may_have_no_interval():
    assert fixed(-0.0001, 3) == "0.000"
    assert estimate_words({"value": 0.5, "ci_low": 0.5, "ci_high": 0.5, "method": ""}) == "0.500"
