"""Honest people of a month: volunteers who walk, and the habits that look like gaming."""

from datetime import datetime, timedelta

from tests.tools.signal_months.month import BEGIN, DAYS, GLITCH, Month, Phone, Spot, shifted

VOLUNTEERS = (40, 80)


def volunteers(month: Month) -> None:
    """Outings by day, a test at each spot on the way, some at home in the evening."""
    for _ in range(int(month.rng.integers(*VOLUNTEERS))):
        walks(month, month.phone(), month.spot(), int(month.rng.integers(1, 8)))


def walks(month: Month, phone: Phone, home: Spot, times: int) -> None:
    """Several outings of one phone."""
    rng = month.rng
    for day in rng.integers(0, DAYS, times).tolist():
        at, here = month.moment(day, 7, 19), month.spot(home, 2_500)
        for _ in range(int(rng.integers(3, 14))):
            month.test(phone, at, here)
            here = shifted(here, *rng.normal(0, 220, 2).tolist())
            at += timedelta(minutes=float(rng.uniform(3, 14)))
        if rng.random() < 0.4:
            month.test(phone, month.moment(day, 19, 22), home, indoors=True)


def community_house(month: Month) -> None:
    """A campaign morning: a team meets, presses on a call, helps residents, then spreads."""
    rng = month.rng
    house = month.spot()
    team = [month.phone() for _ in range(int(rng.integers(12, 31)))]
    for day in rng.choice(DAYS, int(rng.integers(1, 3)), replace=False).tolist():
        calls = [month.moment(day, 7.5, 10.5) for _ in range(int(rng.integers(1, 4)))]
        for phone in team:
            where = shifted(house, *rng.normal(0, 15, 2).tolist())
            for call in calls:
                late = timedelta(seconds=float(rng.exponential(6)))
                month.test(phone, call + late, where, indoors=True)
        residents(month, house, day)
    for phone in team:
        walks(month, phone, month.spot(house, 4_000), int(rng.integers(1, 6)))
    month.note("a team at its community house", team)


def residents(month: Month, house: Spot, day: int) -> None:
    """Residents are helped one by one; a few are not noted as guests, and some come back."""
    rng = month.rng
    helped = []
    for _ in range(int(rng.integers(0, 31))):
        at = month.moment(day, 8, 11)
        phone = month.phone(at - timedelta(minutes=4), guest=bool(rng.random() < 0.85))
        month.test(phone, at, shifted(house, *rng.normal(0, 15, 2).tolist()), indoors=True)
        if rng.random() < 0.3:
            month.test(phone, month.moment(day, 17, 22), month.spot(house, 900), indoors=True)
        helped.append(phone)
    month.note("residents who are helped", helped)


def one_carrier(month: Month) -> None:
    """One carrier behind one address slows many phones down to the same speed."""
    rng = month.rng
    cap = float(rng.choice([1.0, 2.0, 5.0, 10.0]))
    ping = float(rng.uniform(20, 45))
    phones = [month.phone(cap=cap, ping=ping) for _ in range(int(rng.integers(10, 26)))]
    for phone in phones:
        walks(month, phone, month.spot(), int(rng.integers(2, 7)))
    month.note("one carrier's NAT and its cap", phones)


def one_model(month: Month) -> None:
    """Sponsored phones of one model, registered on one morning in one place."""
    rng = month.rng
    day, place = int(rng.integers(0, 10)), month.spot()
    begin = BEGIN + timedelta(days=day, hours=8)
    phones = []
    for n in range(int(rng.integers(12, 26))):
        at = begin + timedelta(minutes=3 * n)
        phone = month.phone(at - timedelta(minutes=3), digits=1, ping=27.0, speed=42.0)
        month.test(phone, at, place, indoors=True)
        if rng.random() < 0.85:  # the others lie in a drawer from then on
            walks(month, phone, month.spot(), int(rng.integers(1, 6)))
        phones.append(phone)
    month.note("one model of phone", phones)


def dormitory(month: Month) -> None:
    """Neighbours of one block, who measure mostly at home."""
    rng = month.rng
    block = month.spot()
    phones = [month.phone() for _ in range(int(rng.integers(6, 13)))]
    for phone in phones:
        room, at_home = shifted(block, *rng.normal(0, 18, 2).tolist()), rng.uniform(0.3, 1.0)
        for day in rng.choice(DAYS, int(rng.integers(5, 20)), replace=False).tolist():
            home = bool(rng.random() < at_home)
            where = room if home else month.spot(block, 6_000)
            month.test(phone, month.moment(day, 6, 23), where, indoors=home)
    month.note("a dormitory", phones)


def two_together(month: Month) -> None:
    """Two on one motorbike, or one person with two phones."""
    rng = month.rng
    pair = [month.phone(), month.phone()]
    by_hand = bool(rng.random() < 0.5)
    for day in rng.choice(DAYS, int(rng.integers(2, 6)), replace=False).tolist():
        at, here = month.moment(day, 7, 18), month.spot()
        for _ in range(int(rng.integers(5, 12))):
            lag = rng.normal(5, 1.6) if by_hand else rng.normal(0, 12)
            month.test(pair[0], at, here)
            month.test(pair[1], at + timedelta(seconds=float(lag)), here)
            here = shifted(here, *rng.normal(0, 500, 2).tolist())
            at += timedelta(minutes=float(rng.uniform(5, 20)))
    month.note("two who go together", pair)


def at_night(month: Month) -> None:
    """Drivers and guards of a night shift, and a survey of a night market."""
    rng = month.rng
    phones = [month.phone() for _ in range(int(rng.integers(2, 6)))]
    for phone in phones:
        for day in rng.choice(DAYS, int(rng.integers(2, 8)), replace=False).tolist():
            for _ in range(int(rng.integers(1, 7))):
                month.test(phone, month.moment(day, 0, 5), month.spot())
        walks(month, phone, month.spot(), 2)
    market = [month.phone() for _ in range(int(rng.integers(2, 5)))]
    night = int(rng.integers(0, DAYS))
    for phone in market:
        at, here = month.moment(night, 0, 1), month.spot()
        for _ in range(int(rng.integers(6, 13))):
            month.test(phone, at, here)
            here = shifted(here, *rng.normal(0, 150, 2).tolist())
            at += timedelta(minutes=float(rng.uniform(6, 14)))
        walks(month, phone, month.spot(), 2)
    month.note("night shifts", phones + market)


def indoors(month: Month) -> None:
    """A position from Wi-Fi at home, kept for days by the phone, equal to the last digit."""
    rng = month.rng
    phones = [month.phone() for _ in range(int(rng.integers(1, 4)))]
    for phone in phones:
        lat, lon = (round(value, 6) for value in month.spot())
        place = {"latitude": lat, "longitude": lon}
        for day in rng.choice(DAYS, int(rng.integers(4, 20)), replace=False).tolist():
            accuracy = round(float(rng.uniform(15, 60)), 1)
            at = month.moment(day, 6, 23)
            month.test(phone, at, (lat, lon), **place, accuracy_m=accuracy)
        walks(month, phone, (lat, lon), int(rng.integers(1, 4)))
    month.note("positions from indoor Wi-Fi", phones)


def developer(month: Month) -> None:
    """Somebody who tries a mock position for an afternoon, and measures honestly else."""
    rng = month.rng
    phone = month.phone()
    at = month.moment(int(rng.integers(0, DAYS)), 13, 15)
    for _ in range(int(rng.integers(3, 9))):
        month.test(phone, at, month.spot(), mock=True)
        at += timedelta(minutes=float(rng.uniform(15, 40)))
    walks(month, phone, month.spot(), int(rng.integers(3, 8)))
    month.note("a developer's afternoon", [phone])


def travellers(month: Month) -> None:
    """A bus, a train, and a flight to the capital and back."""
    rng = month.rng
    phones = [month.phone() for _ in range(int(rng.integers(3, 7)))]
    for phone in phones:
        at: datetime = month.moment(int(rng.integers(0, DAYS)), 6, 16)
        here, speed = month.spot(), rng.uniform(12, 30)  # m/s
        for _ in range(int(rng.integers(6, 20))):
            month.test(phone, at, here)
            wait = float(rng.uniform(2, 12)) * 60
            here = shifted(here, 0, -float(speed) * wait)
            at += timedelta(seconds=wait)
        month.test(phone, at + timedelta(hours=3), GLITCH)
        walks(month, phone, month.spot(), int(rng.integers(1, 4)))
    month.note("travellers", phones)


LOOK_ALIKES = (
    community_house, one_carrier, one_model, dormitory, two_together, at_night, indoors, developer,
    travellers,
)  # fmt: skip
