"""Planned months of the demo and quotas of communes: drawn by seed, with fixed totals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from backend.clock import VIETNAM, local_day, month_end, month_start

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]

# Letter 5691/BTTTT-CVT: samples of Thái Nguyên in November 2024, and its communes at 300.
LETTER_MONTH, LETTER_PROVINCE = "2024-11", "19"
LETTER_COUNTED, LETTER_REACHED = 64_595, 66
THRESHOLD = 300

# Communes without enough samples reach at most this share of the threshold: one more sample by
# hand does not change the figure.
LACK_MOST = 0.94
# Largest share of the samples above the thresholds for communes without enough samples.
LACK_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """Samples planned for one month, province and network."""

    month: str
    province: str
    network: str
    counted: int
    reached: int
    until: datetime  # no sample is measured or received later
    threshold: int = THRESHOLD

    @property
    def days(self) -> list[date]:
        """The days of measurements."""
        first = month_start(self.month)
        last = min(month_end(self.month), local_day(self.until))
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @property
    def key(self) -> list[int]:
        """Numbers that identify the plan, for seeding."""
        return [int(self.month.replace("-", "")), int(self.province), int(self.network == "fixed")]


def month_plans(today: date, now: datetime) -> list[MonthPlan]:
    """Return the plans of the last and the current month, followed by that of the letter."""
    midnight = datetime(today.year, today.month, today.day, tzinfo=VIETNAM) + timedelta(days=1)
    until = min(now, midnight)
    this = month_start(today.isoformat()[:7])
    last = this - timedelta(days=1)
    elapsed = (until - datetime(this.year, this.month, 1, tzinfo=VIETNAM)) / timedelta(days=30)
    # Together at most 30,000 rows, anomalies included.
    wanted = [
        *(_scaled(one, 1.0) for one in _recent(last.isoformat()[:7], until)),
        *(_scaled(one, 0.6 * elapsed) for one in _recent(this.isoformat()[:7], until)),
    ]
    letter = MonthPlan(LETTER_MONTH, LETTER_PROVINCE, "mobile", LETTER_COUNTED, LETTER_REACHED, now)
    recent = [one for one in wanted if one.month != LETTER_MONTH and one.counted > 0]
    return [*recent, letter]


def _recent(month: str, until: datetime) -> list[MonthPlan]:
    """Return the plans of Thái Nguyên and Đà Nẵng for a month of today's units."""
    return [
        MonthPlan(month, "19", "mobile", 5_400, 11, until),
        MonthPlan(month, "19", "fixed", 1_500, 2, until),
        MonthPlan(month, "48", "mobile", 4_600, 9, until),
        MonthPlan(month, "48", "fixed", 1_900, 3, until),
    ]


def _scaled(plan: MonthPlan, share: float) -> MonthPlan:
    counted = int(plan.counted * min(1.0, share))
    reached = min(plan.reached, int(counted * LACK_SHARE / plan.threshold))
    return replace(plan, counted=counted, reached=reached)


def quotas(
    plan: MonthPlan, codes: Sequence[str], districts: Sequence[str], rng: np.random.Generator
) -> dict[str, int]:
    """Draw counted samples by commune, with the exact total and number of reached thresholds."""
    keen = {name: rng.lognormal(0, 0.8) for name in sorted(set(districts))}
    zeal = np.array([keen[name] for name in districts]) * rng.lognormal(0, 0.8, len(codes))
    order = np.argsort(-zeal, kind="stable")
    reached = min(plan.reached, len(codes))
    strong, weak = order[:reached], order[reached:]
    spare = plan.counted - reached * plan.threshold
    low = _lacking(plan, zeal[weak], spare if reached == 0 else int(spare * LACK_SHARE))
    high = plan.threshold + _shared(spare - int(low.sum()), zeal[strong])
    numbers = dict(zip(order.tolist(), [*high.tolist(), *low.tolist()], strict=True))
    return {codes[place]: int(n) for place, n in sorted(numbers.items())}


def _lacking(plan: MonthPlan, zeal: Floats, most: int) -> Wholes:
    """Draw numbers below the threshold for communes without enough samples."""
    if not len(zeal):
        return np.zeros(0, dtype=np.int64)
    ceiling = int(plan.threshold * LACK_MOST)
    wish = zeal / zeal.mean() * plan.threshold * 0.37
    wish = np.minimum(wish, ceiling)
    if wish.sum() > most or plan.reached == 0:
        return np.minimum(_shared(most, wish), ceiling)
    few: Wholes = np.maximum(1, wish.astype(np.int64))
    return few


def _shared(total: int, weights: Floats) -> Wholes:
    """Divide a total into whole numbers by weight (largest remainder method)."""
    if not len(weights):
        return np.zeros(0, dtype=np.int64)
    exact = total * weights / weights.sum()
    whole: Wholes = np.floor(exact).astype(np.int64)
    rest = total - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:rest]] += 1
    return whole
