import json

import numpy as np
import pytest
from scipy.special import logit

from assay.calibration.maps import (
    Clip,
    Identity,
    Isotonic,
    PerClass,
    Sigmoid,
    Temperature,
    calibrator_from_json,
)

STEPS = Isotonic((0.1, 0.5, 0.9), (0.2, 0.2, 0.8))
GRID = np.linspace(0, 1, 57)
PROBABILITIES = np.random.default_rng(0).dirichlet([0.3, 1, 2], 57)
PER_CLASS = PerClass((Sigmoid(0.7, -0.1), STEPS, Identity()))

EVERY = {
    "identity": (Identity(), GRID),
    "sigmoid": (Sigmoid(0.7, -0.1), GRID),
    "isotonic": (STEPS, GRID),
    "temperature": (Temperature(1.7), PROBABILITIES),
    "per class": (PER_CLASS, PROBABILITIES),
    "clip": (Clip(0.1, None), GRID),
    "clip above": (Clip(None, 1 / 3), GRID),
}


@pytest.mark.parametrize("name", EVERY)
def test_calibrators_round_trip_through_json_to_the_last_bit(name):
    calibrator, predicted = EVERY[name]
    back = calibrator_from_json(json.loads(json.dumps(calibrator.to_json())))
    assert back == calibrator
    np.testing.assert_array_equal(back.apply(predicted), calibrator.apply(predicted))


@pytest.mark.parametrize("name", EVERY)
def test_the_shape_stays_also_without_rows(name):
    calibrator, predicted = EVERY[name]
    for rows in (predicted, predicted[:0]):
        assert calibrator.apply(rows).shape == rows.shape


@pytest.mark.parametrize("name", ["temperature", "per class"])
def test_probabilities_of_classes_add_up_to_one(name):
    calibrator, predicted = EVERY[name]
    calibrated = calibrator.apply(predicted)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, rtol=1e-12)
    assert (calibrated >= 0).all()


def test_a_row_that_no_class_fits_keeps_its_probabilities():
    """Steep curves give each of its classes a probability that rounds to 0."""
    steep = PerClass((Sigmoid(3000.0, 0.0),) * 3)
    unsure = np.array([[0.4, 0.35, 0.25], [0.9, 0.05, 0.05]])
    np.testing.assert_array_equal(steep.apply(unsure), [[0.4, 0.35, 0.25], [1, 0, 0]])


def test_the_sigmoid_contains_the_identity():
    score = np.linspace(0.01, 0.99, 9)
    np.testing.assert_allclose(Sigmoid(1.0, 0.0).apply(score), score)
    assert Sigmoid(1.0, 0.0).apply(np.array([0.0, 1.0])) == pytest.approx([0, 1], abs=1e-6)
    assert np.isfinite(logit(Sigmoid(1.0, 0.0).apply(np.array([0.0, 1.0])))).all()


def test_a_temperature_of_one_changes_nothing_and_none_changes_the_order():
    np.testing.assert_allclose(Temperature(1.0).apply(PROBABILITIES), PROBABILITIES, atol=1e-6)
    for temperature in (0.1, 0.5, 3.0):
        calibrated = Temperature(temperature).apply(PROBABILITIES)
        assert (calibrated.argmax(axis=1) == PROBABILITIES.argmax(axis=1)).all()
    certain = np.array([[1.0, 0.0, 0.0]])
    assert np.isfinite(np.log(Temperature(1.0).apply(certain))).all()


def test_a_higher_temperature_is_less_sure():
    confidence = [Temperature(t).apply(PROBABILITIES).max(axis=1) for t in (0.5, 1.0, 2.0)]
    assert (confidence[0] >= confidence[1]).all()
    assert (confidence[1] >= confidence[2]).all()


def test_limits_are_kept_on_either_side():
    numbers = np.array([-5.0, 0.5, 9.0])
    assert Clip(0.0, 1.0).apply(numbers).tolist() == [0, 0.5, 1]
    assert Clip(0.0, None).apply(numbers).tolist() == [0, 0.5, 9]
    assert Clip(None, 1.0).apply(numbers).tolist() == [-5, 0.5, 1]


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="unknown calibration method 'beta'"):
        calibrator_from_json({"method": "beta"})
