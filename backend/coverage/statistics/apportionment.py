"""Divide whole numbers so that nothing is lost and nothing is made; pure."""

import math
from collections.abc import Sequence


def largest_remainder(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a number of samples by weights; the parts add up to it exactly.

    Equal parts where no weight says otherwise; among equal remainders the earlier one is served.
    """
    whole = math.fsum(weights)
    shares = (
        [weight / whole for weight in weights] if whole > 0 else [1 / len(weights)] * len(weights)
    )
    exact = [total * share for share in shares]
    parts = [math.floor(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts
