"""The beta distribution on arrays, for exact intervals of shares; pure numerical functions.

A continued fraction and a safeguarded Newton iteration, as in Numerical Recipes (3rd edition, 6.4).
They agree with SciPy to 1e-12 (tests); SciPy would be 100 MB for one function.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Terms of Stirling's series, accurate to a double from SHIFT on.
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
SHIFT = 10
# The fraction needs some √max(a, b) terms: enough for a hundred million samples.
MAX_TERMS = 20_000
MAX_STEPS = 100
# A Newton step this small relative to x: the next one would be its square.
MIN_STEP, MIN_NEWTON = 1e-12, 1e-7
TINY, MAX_LOG = 1e-300, 700.0
PRECISION = 1e-14


def log_gamma(x: Floats) -> Floats:
    """Return the logarithm of the gamma function of positive numbers."""
    shift = np.zeros_like(x)
    for step in range(SHIFT):
        shift += np.where(x < SHIFT, np.log(np.maximum(x + step, TINY)), 0)
    large = np.where(x < SHIFT, x + SHIFT, x)
    series = sum(term / large ** (2 * n + 1) for n, term in enumerate(STIRLING))
    result: Floats = (
        (large - 0.5) * np.log(large) - large + 0.5 * np.log(2 * np.pi) + series - shift
    )
    return result


def log_beta(a: Floats, b: Floats) -> Floats:
    """Return the logarithm of the beta function."""
    return log_gamma(a) + log_gamma(b) - log_gamma(a + b)


def beta_cdf(x: Floats, a: Floats, b: Floats) -> Floats:
    """Return the regularized incomplete beta function of x in (0, 1) for a, b > 0."""
    swap = x > (a + 1) / (a + b + 2)
    low_x, low_a, low_b = np.where(swap, 1 - x, x), np.where(swap, b, a), np.where(swap, a, b)
    front = low_a * np.log(low_x) + low_b * np.log1p(-low_x) - log_beta(low_a, low_b)
    below = np.exp(front) * _fraction(low_x, low_a, low_b) / low_a
    result: Floats = np.where(swap, 1 - below, below)
    return result


def _fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    """Return the continued fraction of the incomplete beta function by Lentz's method.

    Each element ends when it has converged: it does not depend on the others.
    """
    c, result = np.ones_like(x), np.empty_like(x)
    d = 1 / _away(1 - (a + b) * x / (a + 1))
    product, left = d, np.arange(len(x))
    for m in range(1, MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away(1 + term * d)
            c = _away(1 + term / c)
            product = product * (d * c)
        ended = np.abs(d * c - 1) < PRECISION
        if ended.any():
            result[left[ended]] = product[ended]
            if ended.all():
                return result
            x, a, b, c, d, product = (array[~ended] for array in (x, a, b, c, d, product))
            left = left[~ended]
    result[left] = product
    return result


def _away(x: Floats) -> Floats:
    """Return numbers that can be divided by."""
    result: Floats = np.where(np.abs(x) < TINY, TINY, x)
    return result


def beta_quantile(part: float, a: Floats, b: Floats) -> Floats:
    """Return x with beta_cdf(x, a, b) equal to part, for a, b > 0."""
    if part > 0.5:  # near 1, a double cannot tell small distances
        return 1 - beta_quantile(1 - part, b, a)
    constant = log_beta(a, b)
    x = _start(part, a, b, constant)
    low, high = np.zeros_like(a), np.ones_like(a)
    left = np.arange(len(a))
    for _ in range(MAX_STEPS):
        if not len(left):
            break
        at, of_a, of_b = x[left], a[left], b[left]
        excess = beta_cdf(at, of_a, of_b) - part
        high[left] = np.where(excess > 0, at, high[left])
        low[left] = np.where(excess > 0, low[left], at)
        log_density = (of_a - 1) * np.log(at) + (of_b - 1) * np.log1p(-at) - constant[left]
        density = np.exp(np.minimum(log_density, MAX_LOG))
        after = at - excess / np.maximum(density, TINY)
        inside = (after > low[left]) & (after < high[left])
        x[left] = np.maximum(np.where(inside, after, (low[left] + high[left]) / 2), TINY)
        # The step after a small one of Newton is its square.
        scale = np.minimum(at, 1 - at)  # near 1, the distance from it is what counts
        close = np.abs(x[left] - at) <= np.where(inside, MIN_NEWTON, MIN_STEP) * scale
        left = left[~close]
    return x


def _start(part: float, a: Floats, b: Floats, constant: Floats) -> Floats:
    """Return a first value: of a power for small parameters, else of a normal distribution."""
    # Abramowitz and Stegun 26.5.22, for parts up to a half.
    t = math.sqrt(-2 * math.log(part))
    z = t - (2.30753 + t * 0.27061) / (1 + t * (0.99229 + t * 0.04481))
    of_a, of_b = 1 / np.maximum(2 * a - 1, 1), 1 / np.maximum(2 * b - 1, 1)
    h, edge = 2 / (of_a + of_b), (z * z - 3) / 6
    w = z * np.sqrt(h + edge) / h - (of_b - of_a) * (edge + 5 / 6 - 2 / (3 * h))
    normal = a / (a + b * np.exp(2 * w))
    power = np.exp(np.minimum((math.log(part) + np.log(a) + constant) / a, -1e-9))
    small = (a < 1) | (b < 1)
    result: Floats = np.clip(np.where(small, power, normal), 1e-300, 1 - 1e-12)
    return result
