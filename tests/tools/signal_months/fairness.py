"""Honest people by group, and which of their samples the rules count."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from backend.clock import day_begin, local_day
from backend.measurements.recording import rules
from backend.measurements.recording.requirements import proof_problem
from backend.witness.measuring_host import Direction
from tests.tools.signal_months.month import BEGIN, DAYS, Month, Spot, commune_at, shifted

PHONES = 30
PROFILE_BYTES = 500_000  # of the upload of a small test
LINES = ("Viettel", "VNPT", "FPT")


class Kept(NamedTuple):
    """A witnessed sample of a phone, when it was received, and the bytes and rate of its upload."""

    sample: rules.Sample
    received_at: datetime
    mbps: float = 20.0


def _kept(month: Month, at: datetime, place: Spot, wait: timedelta, **values: object) -> Kept:
    """Return a sample; its fix is off by about as much as its accuracy says."""
    mbps, accuracy = float(str(values.pop("mbps", 20.0))), float(str(values.pop("accuracy", 12)))
    fix = shifted(place, *month.rng.normal(0, accuracy / 2, 2).tolist())
    fields: dict[str, object] = {"network": "mobile", "operator": "Viettel"}
    fields |= {"duration_s": 4.0 + 1.6 / mbps, **values}
    sample = rules.Sample(
        id=UUID(bytes=month.rng.bytes(16), version=4), at=at, latitude=fix[0], longitude=fix[1],
        accuracy_m=accuracy, own_reasons=(), day=local_day(at), unit_id=commune_at(*place),
        **fields,
    )  # fmt: skip
    return Kept(sample, sample.end + wait, mbps)


def _walks(month: Month) -> Iterator[tuple[datetime, Spot]]:
    """Yield times and places of a phone's outings: a test at each spot, minutes apart."""
    rng, home = month.rng, month.spot()
    for day in sorted(rng.choice(DAYS - 4, int(rng.integers(2, 9)), replace=False).tolist()):
        at, here = month.moment(day, 7, 17), month.spot(home, 2_500)
        for _ in range(int(rng.integers(3, 14))):
            yield at, here
            here = shifted(here, *rng.normal(0, 220, 2).tolist())
            at += timedelta(minutes=float(rng.uniform(3, 14)))


def closed_tabs(month: Month) -> list[Kept]:
    """iPhones whose tab is closed after a fifth of the tests, opened again 16 hours later."""
    waits = month.rng.exponential(16, 10_000) * (month.rng.random(10_000) < 0.2)
    found = zip(_walks(month), waits.tolist(), strict=False)
    return [_kept(month, at, here, timedelta(hours=wait)) for (at, here), wait in found]


def cold_fixes(month: Month) -> list[Kept]:
    """Cold GPS: fixes of 20 to 1,000 m, every third test on a line of one of three providers."""
    kept = []
    for n, (at, here) in enumerate(_walks(month)):
        line = {"network": "fixed", "operator": str(month.rng.choice(LINES))} if n % 3 == 0 else {}
        accuracy = min(20 * float(month.rng.lognormal(1, 1)), 1_000)
        kept.append(_kept(month, at, here, timedelta(0), accuracy=accuracy, **line))
    return kept


def slow_lines(month: Month) -> list[Kept]:
    """Lines of 0.1 to 1 Mbps; a tenth of the posts succeed only within a day."""
    return [
        _kept(month, at, here, timedelta(hours=24 * float(month.rng.random())
              * (month.rng.random() < 0.1)), mbps=float(month.rng.uniform(0.1, 1)))
        for at, here in _walks(month)
    ]  # fmt: skip


def shared_addresses(month: Month) -> list[Kept]:
    """A village behind one address: at home by Wi-Fi, one home in fifty with a second line."""
    rng, home = month.rng, month.spot()
    second, kept = rng.random() < 0.02, []
    for day in rng.choice(DAYS - 4, int(rng.integers(2, 16)), replace=False).tolist():
        for n, at in enumerate(sorted(month.moment(day, 6, 23) for _ in range(3))):
            line = {"network": "fixed", "operator": LINES[n % 2 if second else 0]}
            kept.append(_kept(month, at, home, timedelta(0), accuracy=25, **line))
    return kept


def three_days(month: Month) -> list[Kept]:
    """A queue of up to three days: nothing is sent before the network of the API is back."""
    back = BEGIN + timedelta(days=float(month.rng.uniform(0, 3)))
    kept = []
    for at, here in _walks(month):
        while back < at + timedelta(minutes=1):
            back += timedelta(days=float(month.rng.uniform(1, 3)))
        kept.append(_kept(month, at, here, back - at - timedelta(seconds=5)))
    return kept


def house_to_house(month: Month) -> list[Kept]:
    """Not kept: one phone at 10 houses of a street, 40 m apart, of three providers."""
    kept, here, at = [], month.spot(), month.moment(3, 8, 9)
    for _ in range(10):
        line = {"network": "fixed", "operator": str(month.rng.choice(LINES))}
        kept.append(_kept(month, at, here, timedelta(0), **line))
        here, at = shifted(here, 40, 0), at + timedelta(minutes=12)
    return kept


GROUPS: tuple[Callable[[Month], list[Kept]], ...] = (
    closed_tabs, cold_fixes, slow_lines, shared_addresses, three_days, house_to_house,
)  # fmt: skip


def counted(kept: Iterable[Kept]) -> int:
    """Return how many samples of one phone count where witnessed ones do."""
    ordered = sorted((_judged(one) for one in kept), key=lambda one: (one.at, one.id))
    since = {one.day: day_begin(one.day) for one in ordered}
    timeline = (rules.TimelineEntry(one, None) for one in ordered)
    owner = rules.Owner(BEGIN - timedelta(days=30))
    verdicts = rules.judge_timeline(timeline, since, owner, rules.DEFAULT_CAPS)
    return sum(verdict.counted for _, verdict in verdicts)


def _judged(one: Kept) -> rules.Sample:
    """Return a sample with its own reasons, and the witness of its time."""
    upload, size = Direction(), 100_000
    upload.add(size, took := size * 8 / one.mbps / 1e6, took, finished=True)
    if took < 0.9:  # the client goes on
        upload.add(PROFILE_BYTES, 0.1, 0.1, finished=True)
    complete = upload.witnessed(PROFILE_BYTES).complete
    row = {
        "device_id": one.sample.id, "received_at": one.received_at,
        "assurance": "witnessed" if complete else "claimed", "measured_at": one.sample.at,
        "raw": {"duration_s": one.sample.duration_s},
    }  # fmt: skip
    problem = proof_problem(row, "witnessed")
    return one.sample._replace(own_reasons=(problem,) if problem else ())


def group_counts(seed: int) -> dict[str, tuple[int, int]]:
    """Return by group the samples, and those that count."""
    month, found = Month(seed), {}
    for group in GROUPS:
        phones = [group(month) for _ in range(PHONES)]
        found[str(group.__doc__)] = (sum(map(len, phones)), sum(map(counted, phones)))
    return found
