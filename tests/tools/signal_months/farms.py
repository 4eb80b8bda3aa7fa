"""Farms of phones and people behind one address, and how often a farm is found within a day."""

from collections.abc import Callable
from datetime import timedelta
from math import cos, pi, sin

from backend.coverage.signals.networks import groups_of_phones, is_mostly_outside
from tests.tools.signal_months.honest import volunteers
from tests.tools.signal_months.month import DAYS, Month, Phone, shifted
from tests.tools.signal_months.receipts import CARRIERS, LINE, receive, uses_of

Network = tuple[bytes, bool]  # its digest, and whether it is outside the list
Choose = Callable[[Month], Network]
FARM = b"farm"


def one_network(month: Month) -> Network:
    """One network of no carrier."""
    return FARM, True


def few_networks(month: Month) -> Network:
    """Five networks of no carrier, another one for each test."""
    return b"farm %d" % month.rng.integers(5), True


def rotating(month: Month) -> Network:
    """A rented pool of 500 networks, another one for each test."""
    return b"pool %d" % month.rng.integers(500), True


def behind_a_carrier(month: Month) -> Network:
    """SIM cards: the address of a carrier."""
    return CARRIERS[0][0], False


def one_line(month: Month) -> Network:
    """One fixed line."""
    return LINE, True


NETWORKS: tuple[Choose, ...] = (one_network, few_networks, rotating, behind_a_carrier)


def farm(month: Month, n: int, choose: Choose) -> list[Phone]:
    """Phones in one room that say they walk in one commune; some rest on a day."""
    rng = month.rng
    phones, home = [month.phone() for _ in range(n)], month.spot()
    duty, most = rng.uniform(0.3, 1.0), int(rng.integers(1, 7))
    first = int(rng.integers(0, DAYS - 3))
    for day in range(first, min(DAYS, first + int(rng.integers(1, 12)))):
        for phone in phones:
            if rng.random() > duty:
                continue
            for _ in range(int(rng.integers(1, most + 1))):
                month.test(phone, month.moment(day, 7, 21), month.spot(home, 2_500))
                month.networks[month.rows[-1].id] = choose(month)
    return phones


def detected_within_a_day(seed: int, n: int, choose: Choose, listed: bool = True) -> bool:
    """Return whether a farm among volunteers is a signal a day after its first sample."""
    month = Month(seed)
    volunteers(month)
    phones = {phone.id for phone in farm(month, n, choose)}
    receive(month)
    first = min(row.received_at for row in month.rows if row.device in phones and row.received_at)
    until = first + timedelta(days=1)
    uses = uses_of(month, until, listed)
    if any(phones & {use.device for use in group.uses} for group in groups_of_phones(uses)):
        return True
    for unit in {use.unit for use in uses if use.device in phones}:
        here = [use for use in uses if use.unit == unit and use.outside is not None]
        outside = [use.person for use in here if use.outside]
        if is_mostly_outside(len(outside), len(here), len(set(outside))):
            return True
    return False


def carrier_is_flagged(seed: int, n: int, listed: bool = True) -> bool:
    """Return whether honest phones behind one address of a carrier are a signal in a month."""
    month = Month(seed)
    for _ in range(n):
        phone = month.phone()
        for day in month.rng.choice(DAYS, int(month.rng.integers(1, 6)), replace=False).tolist():
            month.test(phone, month.moment(day, 7, 21), month.spot())
            month.networks[month.rows[-1].id] = behind_a_carrier(month)
    receive(month)
    return bool(groups_of_phones(uses_of(month, listed=listed)))


def _on_line(month: Month, name: bytes = b"") -> None:
    month.networks[month.rows[-1].id] = LINE + name, True


def village(month: Month) -> None:
    """A village of 60 homes behind one network, two volunteers from house to house."""
    rng, centre = month.rng, month.spot()
    homes = [month.spot(centre, 1_500) for _ in range(60)]
    for home in homes:
        phone = month.phone()
        for day in rng.choice(DAYS, int(rng.integers(1, 9)), replace=False).tolist():
            for _ in range(int(rng.integers(1, 4))):
                month.test(phone, month.moment(day, 6, 23), home, indoors=True)
                _on_line(month)
    for _ in range(2):
        phone = month.phone()
        for day in rng.choice(DAYS, 4, replace=False).tolist():
            at = month.moment(day, 7, 10)
            for place in rng.choice(len(homes), 8, replace=False).tolist():
                at += timedelta(minutes=float(rng.uniform(8, 25)))
                month.test(phone, at, homes[place], indoors=True)
                _on_line(month)


def team_in_village(month: Month) -> None:
    """The same village on a campaign's morning: five volunteers from house to house, 20 at home."""
    rng, centre = month.rng, month.spot()
    begin = month.moment(int(rng.integers(DAYS)), 7, 8)
    for n in range(25):
        phone, at, place = month.phone(), begin, month.spot(centre, 1_500)
        for _ in range(8 if n < 5 else 2):
            at += timedelta(minutes=float(rng.uniform(8, 25)))
            month.test(phone, at, place, indoors=True)
            _on_line(month)
            place = month.spot(centre, 1_500) if n < 5 else place


def bus(month: Month) -> None:
    """A bus with Wi-Fi: 25 passengers in two hours."""
    rng = month.rng
    begin = month.moment(int(rng.integers(DAYS)), 7, 18)
    start, course = month.spot(), float(rng.uniform(0, 2 * pi))
    minutes = rng.uniform(5, 24, 120) * 60  # metres in each minute
    way = [float(one) for one in minutes.cumsum()]
    for _ in range(25):
        phone = month.phone()
        for minute in sorted(rng.choice(120, int(rng.integers(1, 7)), replace=False).tolist()):
            place = shifted(start, way[minute] * cos(course), way[minute] * sin(course))
            month.test(phone, begin + timedelta(minutes=minute), place)
            _on_line(month)


def hall(month: Month) -> None:
    """A hall with Wi-Fi: 60 phones in an afternoon."""
    rng, place = month.rng, month.spot()
    day = int(rng.integers(DAYS))
    for _ in range(60):
        phone = month.phone()
        for _ in range(int(rng.integers(1, 5))):
            month.test(phone, month.moment(day, 13, 16), month.spot(place, 40), indoors=True)
            _on_line(month)


HONEST_ON_LINES: tuple[Callable[[Month], None], ...] = (village, team_in_village, bus, hall)


def line_is_flagged(seed: int, habit: Callable[[Month], None]) -> bool:
    """Return whether honest people on one fixed network are a signal in a month."""
    month = Month(seed)
    habit(month)
    receive(month)
    return bool(groups_of_phones(uses_of(month)))
