"""What picking the best of several models by one score does to that score."""

import numpy as np


def expected_maximum(count: int) -> float:
    """Return the mean of the largest of so many independent standard normal numbers.

    Parameters
    ----------
    count : int
        At least 1; of one number the mean is 0.

    References
    ----------
    Tippett 1925, "On the extreme individuals and the range of samples", Biometrika 17.
    """
    from scipy.integrate import quad
    from scipy.special import log_ndtr

    if count == 1:
        return 0.0

    def density(x: float) -> float:
        # The density of the maximum, by its logarithm: a power of a small number vanishes.
        exponent = -(x**2) / 2 + (count - 1) * float(log_ndtr(x))
        return float(x * count * np.exp(exponent) / np.sqrt(2 * np.pi))

    return float(quad(density, -9, 9, points=[0, 3], limit=200)[0])


def best_of_optimism(count: int, error: float) -> float:
    """Return by how much the best score of equally good models flatters its model, at most.

    It is the mean flattery if the scores have nothing in common. Models are judged on the same rows,
    so that their scores rise and fall together; only what they do not share makes one look best, and
    the more alike they predict, the less that is.

    Parameters
    ----------
    count : int
        Models that were judged; at least 1.
    error : float
        Standard error of one model's score.

    References
    ----------
    Cawley and Talbot 2010, "On over-fitting in model selection and subsequent selection bias in
    performance evaluation", JMLR 11.
    """
    return expected_maximum(count) * error


def standard_error(low: float, high: float, confidence: float) -> float:
    """Return the standard error that an interval of this confidence amounts to."""
    from scipy.special import ndtri

    return (high - low) / (2 * float(ndtri(0.5 + confidence / 2)))
