"""Planted cheats, from the faint to the glaring: some too faint to be found."""

from collections.abc import Callable
from datetime import timedelta

from tests.tools.signal_months.honest import walks
from tests.tools.signal_months.month import BEGIN, DAYS, Month, shifted


def shelf(month: Month) -> None:
    """Phones on a shelf, day after day."""
    rng = month.rng
    place = month.spot()
    phones = [month.phone() for _ in range(int(rng.integers(6, 20)))]
    for day in rng.choice(DAYS, int(rng.integers(3, 22)), replace=False).tolist():
        for phone in phones:
            for _ in range(int(rng.integers(1, 4))):
                month.test(phone, month.moment(day, 7, 22), place)
    month.plant("one_place_many_devices", phones)


def script(month: Month) -> None:
    """One computer starts several phones, each a little after the other."""
    rng = month.rng
    phones = [month.phone() for _ in range(int(rng.integers(2, 9)))]
    lags, blur = rng.uniform(0, 10, len(phones)), rng.uniform(0.1, 0.8)
    homes = [month.spot() for _ in phones]
    for _ in range(int(rng.integers(8, 45))):
        start = month.moment(int(rng.integers(0, DAYS)), 6, 23)
        for phone, lag, home in zip(phones, lags, homes, strict=True):
            late = timedelta(seconds=float(lag + rng.normal(0, blur)))
            month.test(phone, start + late, month.spot(home, 800))
    month.plant("devices_in_lockstep", phones)


def replay(month: Month) -> None:
    """Canned results between true ones."""
    rng = month.rng
    phone = month.phone()
    canned = [month.speeds(phone) for _ in range(int(rng.integers(1, 7)))]
    share = rng.uniform(0.3, 1.0)
    for _ in range(int(rng.integers(12, 60))):
        speeds = canned[int(rng.integers(len(canned)))] if rng.random() < share else {}
        at = month.moment(int(rng.integers(0, DAYS)), 7, 21)
        month.test(phone, at, month.spot(within_m=4_000), **speeds)
    month.plant("speeds_repeated", [phone])


def teleport(month: Month) -> None:
    """From commune to commune within minutes, among honest tests."""
    rng = month.rng
    phone = month.phone()
    walks(month, phone, month.spot(), int(rng.integers(0, 4)))
    for day in rng.choice(DAYS, int(rng.integers(1, 5)), replace=False).tolist():
        at = month.moment(day, 8, 18)
        for _ in range(int(rng.integers(4, 14))):
            month.test(phone, at, month.spot(within_m=25_000))
            at += timedelta(minutes=float(rng.uniform(0.7, 6)))
    month.plant("impossible_travel", [phone])


def mocking(month: Month) -> None:
    """A position set by a program, most of the time."""
    rng = month.rng
    phone, share = month.phone(), rng.uniform(0.25, 1.0)
    for _ in range(int(rng.integers(8, 60))):
        at = month.moment(int(rng.integers(0, DAYS)), 7, 21)
        month.test(phone, at, month.spot(within_m=6_000), mock=bool(rng.random() < share))
    month.plant("mock_share", [phone])


def night_script(month: Month) -> None:
    """A phone that measures all night while its owner sleeps."""
    rng = month.rng
    phone = month.phone()
    for day in rng.choice(DAYS, int(rng.integers(1, 6)), replace=False).tolist():
        at, step = month.moment(day, 0, 1), rng.uniform(3, 16)
        here = month.spot()
        while at < BEGIN + timedelta(days=day, hours=float(rng.uniform(3, 5))):
            month.test(phone, at, here)
            here = shifted(here, *rng.normal(0, 160, 2).tolist())
            at += timedelta(minutes=float(step * rng.uniform(0.8, 1.2)))
    walks(month, phone, month.spot(), int(rng.integers(0, 3)))
    month.plant("night_bursts", [phone])


def reinstalls(month: Month) -> None:
    """One phone, installed again for each test so that none is a repeat."""
    rng = month.rng
    place, phones = month.spot(), []
    for day in rng.choice(DAYS, int(rng.integers(1, 4)), replace=False).tolist():
        at = month.moment(day, 8, 16)
        for _ in range(int(rng.integers(8, 30))):
            phone = month.phone(at - timedelta(minutes=1))
            month.test(phone, at, place)
            if rng.random() < 0.1:
                month.test(phone, at + timedelta(seconds=50), place)
            at += timedelta(minutes=float(rng.uniform(2, 8)))
            phones.append(phone)
    month.plant("new_devices_once", phones)


def typed_place(month: Month) -> None:
    """One point typed into a program that fakes positions, on one phone or several."""
    rng = month.rng
    phones = [month.phone() for _ in range(int(rng.integers(1, 7)))]
    lat, lon = (round(value, 6) for value in month.spot())
    accuracy = round(float(rng.choice([1.0, 3.0, 5.0, 10.0, 20.0])), 1)
    for phone in phones:
        for _ in range(int(rng.integers(6, 25))):
            at, spot = month.moment(int(rng.integers(0, DAYS)), 6, 23), (lat, lon)
            place = {"latitude": lat, "longitude": lon, "accuracy_m": accuracy}
            month.test(phone, at, spot, **place)
        walks(month, phone, month.spot(), int(rng.integers(0, 3)))
    month.plant("same_coordinates", phones)


CHEATS: tuple[Callable[[Month], None], ...] = (
    shelf, script, replay, teleport, mocking, night_script, reinstalls, typed_place,
)  # fmt: skip
