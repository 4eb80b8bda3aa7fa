"""Planted forgeries of counted samples, written without the limits, and honest habits like them."""

from collections.abc import Callable
from datetime import timedelta

from tests.tools.signal_months.farms import NETWORKS, farm
from tests.tools.signal_months.honest import walks
from tests.tools.signal_months.month import BEGIN, DAYS, Month, shifted


def sprint(month: Month) -> None:
    """A script that posts a walk: a fixed step, some seconds apart."""
    rng = month.rng
    phone, here = month.phone(), month.spot()
    step_m, pause = rng.uniform(105, 350), rng.uniform(15, 150)
    at = month.moment(int(rng.integers(0, DAYS)), 7, 17)
    for _ in range(int(rng.integers(40, 301))):
        month.test(phone, at, here)
        east, north = ((step_m, 0.0), (0.0, step_m))[int(rng.integers(2))]
        here = shifted(here, east, north)
        at += timedelta(seconds=float(pause * rng.uniform(0.9, 1.1)))
    month.plant("too_fast", [phone])


def afterwards(month: Month) -> None:
    """A commune that lacks samples gets them after the month, dated within it."""
    rng = month.rng
    few = rng.random() < 0.4
    phones = [
        month.phone() for _ in range(int(rng.integers(1, 4) if few else rng.integers(10, 120)))
    ]
    commune = month.spot()
    sent = BEGIN + timedelta(days=DAYS + float(rng.uniform(0, 14)))
    first = float(rng.choice([0, 0, 10, 20]))
    for phone in phones:
        for _ in range(int(rng.integers(40, 140) if few else rng.integers(1, 4))):
            at = month.moment(0, 7, 21) + timedelta(days=int(rng.uniform(first, DAYS)))
            month.test(phone, at, month.spot(commune, 2_000), received_at=sent)
            sent += timedelta(seconds=float(rng.uniform(1, 60)))
    month.plant("backdated", phones)


def one_person(month: Month) -> None:
    """One person with some phones makes most of a commune's samples."""
    rng = month.rng
    phones = [month.phone() for _ in range(int(rng.integers(1, 4)))]
    month.people.update({phone.id: phones[0].id for phone in phones})
    home = month.corner()
    for phone in phones:
        for day in rng.choice(DAYS, int(rng.integers(5, 20)), replace=False).tolist():
            at, here = month.moment(day, 7, 17), month.spot(home, 1_800)
            for _ in range(int(rng.integers(8, 25))):
                month.test(phone, at, here)
                here = month.spot(home, 1_800)
                at += timedelta(minutes=float(rng.uniform(4, 12)))
    month.plant("share_of_one_device", phones)


def farmed(month: Month) -> None:
    """A farm of phones with real transfers, on a network of no carrier or a few."""
    choose = NETWORKS[int(month.rng.integers(3))]
    month.plant("same_network", farm(month, int(month.rng.integers(5, 61)), choose))


def invented_guests(month: Month) -> None:
    """A volunteer registers a phone as a guest every few minutes, for samples of one commune."""
    rng = month.rng
    home, phones = month.corner(), []
    for day in rng.choice(DAYS, int(rng.integers(2, 6)), replace=False).tolist():
        at = month.moment(day, 7, 10)
        for _ in range(int(rng.integers(20, 61))):
            phone = month.phone(at - timedelta(minutes=2), guest=True)
            for _ in range(int(rng.integers(1, 4))):
                month.test(phone, at, month.spot(home, 1_800))
                at += timedelta(minutes=float(rng.uniform(1, 4)))
            phones.append(phone)
    month.plant("guest_share", phones)


def offline_trip(month: Month) -> None:
    """Volunteers who measure where there is no network and send everything on their return."""
    rng = month.rng
    phones, valley = [month.phone() for _ in range(int(rng.integers(1, 4)))], month.spot()
    begin, days = int(rng.integers(0, DAYS - 6)), int(rng.integers(1, 7))
    home = BEGIN + timedelta(days=begin + days, hours=float(rng.uniform(1, 20)))
    for phone in phones:
        for day in range(begin, begin + days):
            for _ in range(int(rng.integers(3, 12))):
                at = month.moment(day, 7, 18)
                month.test(phone, at, month.spot(valley, 2_500), received_at=max(home, at))
    month.note("a trip without a network", phones)


def forgotten_phone(month: Month) -> None:
    """A phone that lay in a drawer with unsent samples for weeks."""
    rng = month.rng
    phone, first = month.phone(), len(month.rows)
    walks(month, phone, month.spot(), int(rng.integers(1, 4)))
    late = timedelta(days=float(rng.uniform(5, 25)))
    month.rows[first:] = [row._replace(received_at=row.at + late) for row in month.rows[first:]]
    month.note("a forgotten phone", [phone])


def lone_volunteer(month: Month) -> None:
    """The only volunteer of a remote commune."""
    phone = month.phone()
    home = month.corner()
    for day in month.rng.choice(DAYS, int(month.rng.integers(3, 9)), replace=False).tolist():
        for _ in range(int(month.rng.integers(4, 13))):
            month.test(phone, month.moment(day, 7, 18), month.spot(home, 1_800))
    month.note("the only volunteer", [phone])


def by_motorbike(month: Month) -> None:
    """A surveyor who stops every few hundred metres, with two SIM cards."""
    rng = month.rng
    phone, here = month.phone(), month.spot()
    for day in rng.choice(DAYS, int(rng.integers(1, 4)), replace=False).tolist():
        at = month.moment(day, 7, 15)
        for _ in range(int(rng.integers(10, 35))):
            month.test(phone, at, here)
            month.test(phone, at + timedelta(seconds=float(rng.uniform(20, 40))), here)
            here = shifted(here, *rng.normal(0, 350, 2).tolist())
            at += timedelta(minutes=float(rng.uniform(2, 6)))
    month.note("a surveyor on a motorbike", [phone])


FORGERIES: tuple[Callable[[Month], None], ...] = (
    sprint,
    afterwards,
    one_person,
    farmed,
    invented_guests,
)
RESEMBLING = (offline_trip, forgotten_phone, lone_volunteer, by_motorbike)
