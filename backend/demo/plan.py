"""How many samples each commune is to end with: drawn by seed, the totals fixed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from backend.clock import VIETNAM, local_day, month_end, month_start

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]

# Letter 5691/BTTTT-CVT: what Thái Nguyên measured in November 2024, and its communes at 300.
LETTER_MONTH, LETTER_PROVINCE = "2024-11", "19"
LETTER_COUNTED, LETTER_REACHED = 64_595, 66
THRESHOLD = 300

# Communes that lack samples end this far below the threshold at least: one more by hand
# does not move the figure.
LACK_MOST = 0.94
# Of what is left after the thresholds, the most that goes to communes that lack samples.
LACK_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Campaign:
    """One month of measuring in one province, on one network, and what it is to reach."""

    month: str
    province: str
    network: str
    counted: int
    reached: int
    until: datetime  # nothing is measured or received later
    threshold: int = THRESHOLD

    @property
    def days(self) -> list[date]:
        """The days in which it measures."""
        first = month_start(self.month)
        last = min(month_end(self.month), local_day(self.until))
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @property
    def key(self) -> list[int]:
        """Numbers that tell it from the others, for seeding."""
        return [int(self.month.replace("-", "")), int(self.province), int(self.network == "fixed")]


def campaigns(today: date, now: datetime) -> list[Campaign]:
    """The months of the demo: this one and the last, and at the end that of the letter."""
    midnight = datetime(today.year, today.month, today.day, tzinfo=VIETNAM) + timedelta(days=1)
    until = min(now, midnight)
    this = month_start(today.isoformat()[:7])
    last = this - timedelta(days=1)
    elapsed = (until - datetime(this.year, this.month, 1, tzinfo=VIETNAM)) / timedelta(days=30)
    # Together at most 30,000 rows, with all that goes wrong.
    wanted = [
        *(_in_part(one, 1.0) for one in _recent(last.isoformat()[:7], until)),
        *(_in_part(one, 0.6 * elapsed) for one in _recent(this.isoformat()[:7], until)),
    ]
    letter = Campaign(LETTER_MONTH, LETTER_PROVINCE, "mobile", LETTER_COUNTED, LETTER_REACHED, now)
    recent = [one for one in wanted if one.month != LETTER_MONTH and one.counted > 0]
    return [*recent, letter]


def _recent(month: str, until: datetime) -> list[Campaign]:
    """Thái Nguyên and Đà Nẵng in a month of today's units."""
    return [
        Campaign(month, "19", "mobile", 5_400, 11, until),
        Campaign(month, "19", "fixed", 1_500, 2, until),
        Campaign(month, "48", "mobile", 4_600, 9, until),
        Campaign(month, "48", "fixed", 1_900, 3, until),
    ]


def _in_part(campaign: Campaign, share: float) -> Campaign:
    counted = int(campaign.counted * min(1.0, share))
    reached = min(campaign.reached, int(counted * LACK_SHARE / campaign.threshold))
    return replace(campaign, counted=counted, reached=reached)


def quotas(
    campaign: Campaign, codes: Sequence[str], districts: Sequence[str], rng: np.random.Generator
) -> dict[str, int]:
    """Counted samples by commune: exactly the total, exactly so many at the threshold."""
    keen = {name: rng.lognormal(0, 0.8) for name in sorted(set(districts))}
    zeal = np.array([keen[name] for name in districts]) * rng.lognormal(0, 0.8, len(codes))
    order = np.argsort(-zeal, kind="stable")
    reached = min(campaign.reached, len(codes))
    strong, weak = order[:reached], order[reached:]
    spare = campaign.counted - reached * campaign.threshold
    low = _lacking(campaign, zeal[weak], spare if reached == 0 else int(spare * LACK_SHARE))
    high = campaign.threshold + _shared(spare - int(low.sum()), zeal[strong])
    numbers = dict(zip(order.tolist(), [*high.tolist(), *low.tolist()], strict=True))
    return {codes[place]: int(n) for place, n in sorted(numbers.items())}


def _lacking(campaign: Campaign, zeal: Floats, most: int) -> Wholes:
    """Numbers below the threshold for the communes that lack samples."""
    if not len(zeal):
        return np.zeros(0, dtype=np.int64)
    ceiling = int(campaign.threshold * LACK_MOST)
    wish = zeal / zeal.mean() * campaign.threshold * 0.37
    wish = np.minimum(wish, ceiling)
    if wish.sum() > most or campaign.reached == 0:
        return np.minimum(_shared(most, wish), ceiling)
    few: Wholes = np.maximum(1, wish.astype(np.int64))
    return few


def _shared(total: int, weights: Floats) -> Wholes:
    """Divide a total in whole numbers by weight (largest remainder)."""
    if not len(weights):
        return np.zeros(0, dtype=np.int64)
    exact = total * weights / weights.sum()
    whole: Wholes = np.floor(exact).astype(np.int64)
    rest = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:rest]] += 1
    return whole
