"""Planned months of the demo and quotas of communes: drawn by seed, with fixed totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from backend.clock import (
    day_begin,
    local_day,
    month_before,
    month_end,
    month_start,
    this_month,
)

# Letter 5691/BTTTT-CVT: samples of Thái Nguyên in November 2024, and its communes at 300.
LETTER_MONTH, LETTER_PROVINCE = "2024-11", "19"
LETTER_COUNTED, LETTER_REACHED = 64_595, 66
THRESHOLD = 300
# The recent months: province, network, counted samples and reached communes of a whole month.
# With the last and the current month and all that goes wrong, at most 30,000 rows.
RECENT = (
    ("19", "mobile", 5_400, 11),
    ("19", "fixed", 1_500, 2),
    ("48", "mobile", 3_300, 7),
    ("48", "fixed", 1_300, 2),
)
# Provinces that begin in the current month, with so many communes around their middle: a list of
# provinces has more than two.
BEGINNING, BEGINNING_COMMUNES = ("01", "40", "79"), 20
BEGINNING_COUNTED, BEGINNING_REACHED = 900, 1
CURRENT_SHARE = 0.6  # of a whole month's samples, by the end of the current month

# Communes below the threshold get at most this share of the samples above the thresholds. They have
# 37 % of the threshold on average, and at most 94 %: one more sample does not change the figure.
LACK_SHARE, LACK_MEAN, MAX_LACK = 0.6, 0.37, 0.94


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
    cheats: bool = False  # whether phones of cheats measure besides
    communes: int | None = None  # that are measured; None: all

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


def month_plans(now: datetime) -> list[MonthPlan]:
    """Return the plans of the last and the current month, followed by that of the letter."""
    current = this_month(now)
    elapsed = (now - day_begin(month_start(current))) / timedelta(days=30)
    shares = {month_before(current): 1.0, current: min(1.0, CURRENT_SHARE * elapsed)}
    plans = []
    for month, share in shares.items():
        beginning = month == current and [
            (province, "mobile", BEGINNING_COUNTED, BEGINNING_REACHED) for province in BEGINNING
        ]
        for province, network, whole, most in (*RECENT, *(beginning or ())):
            counted = int(whole * share)
            reached = min(most, int(counted * LACK_SHARE / THRESHOLD))
            cheats = (province, network, share) == (LETTER_PROVINCE, "mobile", 1.0)
            few = BEGINNING_COMMUNES if province in BEGINNING else None
            plan = MonthPlan(
                month, province, network, counted, reached, now, cheats=cheats, communes=few
            )
            if counted and month != LETTER_MONTH:
                plans.append(plan)
    letter = MonthPlan(LETTER_MONTH, LETTER_PROVINCE, "mobile", LETTER_COUNTED, LETTER_REACHED, now)
    return [*plans, letter]


def quotas(
    plan: MonthPlan, codes: Sequence[str], districts: Sequence[str], rng: np.random.Generator
) -> dict[str, int]:
    """Draw counted samples by commune, with the exact total and number of reached thresholds."""
    keen = {name: rng.lognormal(0, 0.8) for name in sorted(set(districts))}
    zeal = np.array([keen[name] for name in districts]) * rng.lognormal(0, 0.8, len(codes))
    order = np.argsort(-zeal, kind="stable")
    strong, weak = order[: plan.reached], order[plan.reached :]
    spare = plan.counted - len(strong) * plan.threshold
    numbers = np.zeros(len(codes), dtype=np.int64)
    if len(weak):
        usual = int(LACK_MEAN * plan.threshold * len(weak))
        few = min(usual, int(spare * LACK_SHARE)) if len(strong) else spare
        drawn = rng.multinomial(few, zeal[weak] / zeal[weak].sum())
        numbers[weak] = np.minimum(drawn, int(MAX_LACK * plan.threshold))
    if len(strong):
        rest = spare - int(numbers.sum())
        numbers[strong] = plan.threshold + rng.multinomial(rest, zeal[strong] / zeal[strong].sum())
    return dict(zip(codes, numbers.tolist(), strict=True))
