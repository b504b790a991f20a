import numpy as np
import pytest
from scipy.stats import t

from assay.uncertainty.folds import corrected_difference


def test_the_interval_is_that_of_the_paper():
    differences = [0.01, 0.03, 0.02, 0.05, 0.04]
    found = corrected_difference(differences, [800] * 5, [200] * 5, 0.95)
    error = np.sqrt((1 / 5 + 0.25) * np.var(differences, ddof=1))
    assert found.value == pytest.approx(0.03)
    assert found.ci_high - found.value == pytest.approx(t.ppf(0.975, 4) * error)
    assert found.value - found.ci_low == pytest.approx(found.ci_high - found.value)
    assert (found.method, found.n) == ("corrected resampled t", 1000)


def test_a_single_fold_has_no_interval():
    found = corrected_difference([0.1], [80], [20], 0.95)
    assert (found.ci_low, found.ci_high, found.method) == (0.1, 0.1, "")
