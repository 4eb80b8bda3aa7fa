"""Honest habits that no rule can distinguish from gaming, and how often they cause signals."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from backend.coverage.signals.rules import SIGNALS
from tests.tools.signal_months.honest import walks
from tests.tools.signal_months.month import Month, shifted


def office(month: Month) -> None:
    """Staff who measure at their desks alone, on working days."""
    rng = month.rng
    place = month.spot()
    for _ in range(int(rng.integers(5, 16))):
        phone, desk = month.phone(), shifted(place, *rng.normal(0, 10, 2).tolist())
        for day in rng.choice(20, int(rng.integers(3, 15)), replace=False).tolist():
            month.test(phone, month.moment(day, 8, 17), desk, indoors=True)


def receiver(month: Month) -> None:
    """A surveyor with an external receiver, whose positions all count as mock ones."""
    phone = month.phone()
    walks(month, phone, month.spot(), int(month.rng.integers(1, 6)))
    month.rows = [row._replace(mock=True) for row in month.rows]


def unnoted_guests(month: Month) -> None:
    """Residents helped at a market stall by somebody who notes none of them as a guest."""
    rng = month.rng
    stall = month.spot()
    for _ in range(int(rng.integers(5, 31))):
        at = month.moment(9, 8, 11)
        month.test(month.phone(at - timedelta(minutes=4)), at, stall)
        if rng.random() < 0.2:
            phone = month.phone(at - timedelta(minutes=4))
            month.test(phone, at, stall)
            month.test(phone, month.moment(9, 18, 22), month.spot(stall, 900))


def by_timer(month: Month) -> None:
    """One person with two phones whose app measures by a timer."""
    rng = month.rng
    one, other, home = month.phone(), month.phone(), month.spot()
    lag = timedelta(seconds=float(rng.uniform(0, 40)))
    for day in rng.choice(30, int(rng.integers(5, 25)), replace=False).tolist():
        at = month.moment(day, 7, 21)
        where = month.spot(home, 3_000)
        month.test(one, at, where)
        month.test(other, at + lag + timedelta(seconds=float(rng.normal(0, 0.5))), where)


def night_shift(month: Month) -> None:
    """A survey crew that works at night, when the roads are free."""
    phone = month.phone()
    for day in month.rng.choice(30, int(month.rng.integers(1, 5)), replace=False).tolist():
        at, here = month.moment(day, 0, 1), month.spot()
        for _ in range(int(month.rng.integers(8, 26))):
            month.test(phone, at, here)
            here = shifted(here, *month.rng.normal(0, 400, 2).tolist())
            at += timedelta(minutes=float(month.rng.uniform(5, 11)))


HARD = (office, receiver, unnoted_guests, by_timer, night_shift)


def count_signals(seeds: Iterable[int]) -> dict[str, Counter[str]]:
    """Return the number of months with each signal, for months with one habit alone."""
    counts: dict[str, Counter[str]] = {habit.__name__: Counter() for habit in HARD}
    for seed in seeds:
        for habit in HARD:
            month = Month(seed)
            habit(month)
            counts[habit.__name__].update(
                name for name, signal in SIGNALS.items() if signal(month.rows)
            )
    return counts
