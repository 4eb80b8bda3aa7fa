"""Signals of gaming: each finds what is planted, and leaves its honest look-alike alone."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from backend.coverage.signals.rules import (
    MIN_BACKDATED,
    MIN_GUESTS,
    NIGHT_TIMES,
    ONCE_DEVICES,
    PACE_STOPS,
    PLACE_DEVICES,
    SIGNALS,
    SPEED_TIMES,
    DeviceSample,
    Evidence,
    backdated,
    blocks,
    devices_in_lockstep,
    guest_share,
    impossible_travel,
    mock_share,
    new_devices_once,
    night_bursts,
    one_place_many_devices,
    same_coordinates,
    speeds_repeated,
    too_fast,
)
from backend.coverage.signals.shares import DeviceCount, shares_of_one_person

MORNING = datetime(2024, 11, 10, 1, 30, tzinfo=UTC)  # half past eight in Vietnam
HOUSE = (21.594213, 105.848217)
METRE = 1 / 111_195  # degrees of latitude
Make = Callable[..., DeviceSample]


@pytest.fixture
def make() -> Make:
    """A measurement that differs from every other, at the house unless another place is given."""
    chance = random.Random(7)

    def seen(device: int, minutes: float = 0, **changes: object) -> DeviceSample:
        fields = {
            "id": UUID(int=chance.getrandbits(128)),
            "device": UUID(int=device),
            "registered_at": MORNING - timedelta(days=30),
            "at": MORNING + timedelta(minutes=minutes),
            "latitude": HOUSE[0] + chance.uniform(-20, 20) * METRE,
            "longitude": HOUSE[1] + chance.uniform(-20, 20) * METRE,
            "accuracy_m": 12.0,
            "download_mbps": round(chance.uniform(5, 200), 2),
            "upload_mbps": round(chance.uniform(2, 50), 2),
            "ping_ms": round(chance.uniform(10, 60), 1),
            **changes,
        }
        return DeviceSample(**fields)  # type: ignore[arg-type]

    return seen


def away(rank: int) -> dict[str, float]:
    """A spot of its own, kilometres from the house and from every other."""
    return {"latitude": HOUSE[0] + (3 + rank) * 1_000 * METRE, "longitude": HOUSE[1]}


def day(number: int) -> float:
    return number * 24 * 60


def devices(found: list[Evidence]) -> list[set[int]]:
    return [{one.int for one in evidence.devices} for evidence in found]


def test_phones_on_a_shelf_measure_in_one_place_day_after_day(make: Make) -> None:
    shelf = [make(n, day(d) + n * 3) for n in range(PLACE_DEVICES) for d in range(3)]
    stranger = [make(99, 5), make(99, 50, **away(1)), make(99, day(1), **away(2))]
    found = one_place_many_devices(shelf + stranger)
    assert devices(found) == [set(range(PLACE_DEVICES))]
    assert found[0].facts == {"days": 3}
    assert set(found[0].measurements) == {row.id for row in shelf}


def test_a_team_at_its_community_house_is_no_shelf(make: Make) -> None:
    meeting = [make(n, n * 2) for n in range(30)]
    assert one_place_many_devices(meeting) == []  # new ones, on one morning
    later = [make(n, day(1) + n * 9, **away(n)) for n in range(30)]
    again = [make(n, day(7) + n * 2) for n in range(30)]
    assert one_place_many_devices(meeting + later + again) == []


def test_a_place_on_the_border_of_squares_is_whole_in_one_of_them(make: Make) -> None:
    chance = random.Random(3)
    for _ in range(200):
        centre = (chance.uniform(8.5, 23.3), chance.uniform(102.2, 109.4))
        corner = {"latitude": centre[0] + 80 * METRE, "longitude": centre[1] + 80 * METRE}
        rows = [make(1, latitude=centre[0], longitude=centre[1]), make(2, **corner)]
        _, fullest = next(iter(blocks(rows, 200)))
        assert {row.device.int for row in fullest} == {1, 2}


def test_one_script_starts_several_phones(make: Make) -> None:
    chance = random.Random(5)
    starts = [chance.uniform(0, 2_000) for _ in range(20)]
    rows = [make(1, at) for at in starts] + [make(2, at + 4.2 / 60, **away(1)) for at in starts]
    found = devices_in_lockstep(rows)
    assert devices(found) == [{1, 2}]
    assert found[0].facts == {"times": 20, "lag_s": 4.2}


def test_friends_who_walk_together_do_not_march(make: Make) -> None:
    chance = random.Random(5)
    starts = [n * 10 for n in range(40)]
    rows = [make(1, at) for at in starts]
    rows += [make(2, at + chance.uniform(-20, 20) / 60) for at in starts]
    assert devices_in_lockstep(rows) == []


def test_speeds_that_agree_to_the_decimal(make: Make) -> None:
    speeds = {"download_mbps": 48.27, "upload_mbps": 12.14, "ping_ms": 21.3}
    rows = [make(n, n * 40, **speeds) for n in range(SPEED_TIMES)]
    found = speeds_repeated([*rows, make(9), make(9, 3)])
    assert [evidence.facts["times"] for evidence in found] == [SPEED_TIMES]
    assert set(found[0].measurements) == {row.id for row in rows}


def test_a_few_canned_results_of_one_phone(make: Make) -> None:
    canned = [
        {"download_mbps": 40.11 + n, "upload_mbps": 12.14 + n, "ping_ms": 21.3} for n in range(2)
    ]
    rows = [make(1, n * 40, **canned[n % 2]) for n in range(SPEED_TIMES)]
    found = speeds_repeated([*rows, *(make(1, 300 + n) for n in range(9))])
    assert devices(found) == [{1}] and found[0].facts == {"times": SPEED_TIMES, "results": 2}
    once = [make(n, n * 40, **canned[n % 2]) for n in range(3)]  # three phones, one each
    assert speeds_repeated(once) == []


def test_a_capped_line_repeats_one_speed_only(make: Make) -> None:
    capped = [make(n % 3, n * 40, download_mbps=50.0) for n in range(40)]
    slowed = [make(n % 3, n, download_mbps=1.0, upload_mbps=0.3, ping_ms=31.0) for n in range(9)]
    failed = [make(1, n, download_mbps=None, upload_mbps=None, ping_ms=None) for n in range(9)]
    assert speeds_repeated(capped + slowed + failed) == []


def test_a_phone_that_jumps_through_the_country(make: Make) -> None:
    hue = {"latitude": 16.46, "longitude": 107.59}
    rows = [make(1, n * 30, **(hue if n % 2 else {})) for n in range(10)]
    found = impossible_travel(rows)
    assert devices(found) == [{1}] and found[0].facts["jumps"] == 9
    assert 300 < float(found[0].facts["fastest_m_per_s"]) < 400


def test_a_flight_a_train_and_a_bad_fix_are_honest(make: Make) -> None:
    hue = {"latitude": 16.46, "longitude": 107.59}
    flight = [make(1), make(1, 80, **hue), make(1, day(3), **hue), make(1, day(3) + 80)]
    train = [make(2, n, latitude=HOUSE[0] + n * 2_600 * METRE) for n in range(60)]
    wild = {"latitude": HOUSE[0] + 4_000 * METRE, "accuracy_m": 3_900.0}
    glitch = [make(5, n * 10, **(hue if n in (3, 9, 15) else {})) for n in range(20)]
    bad = [make(3, n, **(wild if n % 2 else {})) for n in range(20)]
    nowhere = [make(4, n, latitude=None, longitude=None) for n in range(20)]
    assert impossible_travel(flight + train + glitch + bad + nowhere) == []


def test_mock_positions_are_a_share(make: Make) -> None:
    cheat = [make(1, n, mock=n % 2 == 0) for n in range(12)]
    developer = [make(2, n, mock=n < 5) for n in range(60)]
    once = [make(3, 0, mock=True)]
    found = mock_share(cheat + developer + once)
    assert devices(found) == [{1}] and found[0].facts == {"share": 0.5}
    assert len(found[0].measurements) == 6


def test_a_script_runs_all_night(make: Make) -> None:
    midnight = 15.5 * 60  # minutes from half past eight in the morning
    script = [make(1, midnight + 5 + n * 10) for n in range(NIGHT_TIMES)]
    guard = [make(2, midnight + n * 90) for n in range(4)]
    early = [make(3, midnight + 5 * 60 + n) for n in range(60)]  # five o'clock: markets open
    found = night_bursts(script + guard + early)
    assert devices(found) == [{1}] and found[0].facts == {"day": "2024-11-11", "times": NIGHT_TIMES}


def test_phones_made_for_one_measurement_each(make: Make) -> None:
    fresh = {"registered_at": MORNING - timedelta(minutes=10)}
    rows = [make(n, n * 2, **fresh) for n in range(ONCE_DEVICES)]
    found = new_devices_once(rows)
    assert devices(found) == [set(range(ONCE_DEVICES))]
    assert found[0].facts == {"day": "2024-11-10", "once": ONCE_DEVICES, "new": ONCE_DEVICES}


def test_guests_a_team_that_goes_on_and_homes_apart_are_honest(make: Make) -> None:
    fresh = {"registered_at": MORNING - timedelta(minutes=10)}
    guests = [make(n, n, guest=True, **fresh) for n in range(40)]
    team = [make(100 + n, n, **fresh) for n in range(40)]
    team += [make(100 + n, day(2) + n, **fresh) for n in range(40)]
    homes = [make(200 + n, n, **fresh, **away(n)) for n in range(40)]
    known = [make(300 + n, n) for n in range(40)]  # registered weeks before
    assert new_devices_once(guests + team + homes + known) == []


def test_a_month_of_guests(make: Make) -> None:
    guests = [make(n % 60, n, guest=True) for n in range(MIN_GUESTS)]
    members = [make(100 + n % 5, n) for n in range(MIN_GUESTS)]
    [found] = guest_share([*guests, *members[1:]])
    assert set(found.measurements) == {row.id for row in guests}
    assert found.facts == {"counted": 2 * MIN_GUESTS - 1, "share": 0.5}
    repeats = [row._replace(counted=False) for row in guests]
    for quiet in ([*guests, *members], guests[1:], [*repeats, *guests[1:]]):
        assert guest_share(quiet) == []


def test_one_coordinate_typed_into_many_phones(make: Make) -> None:
    point = {"latitude": HOUSE[0], "longitude": HOUSE[1]}
    several = [make(n, n, **point) for n in range(3)]
    for_hours = [make(9, n * 60, latitude=21.600_001, longitude=105.9) for n in range(6)]
    found = same_coordinates(several + for_hours)
    assert devices(found) == [{0, 1, 2}, {9}]
    assert found[1].facts == {"times": 6, "hours": 6}


def test_a_cached_fix_and_rounded_positions_are_honest(make: Make) -> None:
    cached = [make(1, n * 3, latitude=HOUSE[0], longitude=HOUSE[1]) for n in range(10)]
    rounded = [make(n, n * 60, latitude=21.594, longitude=105.848) for n in range(20)]
    nowhere = [make(n, n * 60, latitude=None, longitude=None) for n in range(20)]
    assert same_coordinates(cached + rounded + nowhere) == []


def test_a_script_walks_faster_than_a_person(make: Make) -> None:
    rows = [make(1, n * 40 / 60, **away(n)) for n in range(PACE_STOPS)]
    found = too_fast([*rows, make(1, day(2), **away(1))])
    assert devices(found) == [{1}] and found[0].facts == {"stops": PACE_STOPS, "every_s": 40}
    assert set(found[0].measurements) == {row.id for row in rows}
    assert too_fast([row._replace(counted=False) for row in rows]) == []


def test_a_brisk_walk_and_several_networks_in_one_place_are_honest(make: Make) -> None:
    walk = [make(1, n * 1.6, **away(n)) for n in range(120)]
    sims = [make(2, n * 1.6 + k / 3, **away(n)) for n in range(100) for k in range(3)]
    assert too_fast(walk + sims) == []


def test_a_month_that_is_filled_afterwards(make: Make) -> None:
    late = {"received_at": MORNING + timedelta(days=25)}
    rows = [make(n, n, **late) for n in range(MIN_BACKDATED)]
    found = backdated([*rows, *(make(99, n) for n in range(3 * MIN_BACKDATED))])
    assert len(found) == 1 and found[0].facts == {"days": 25, "before": 0, "share": 0.25}
    assert backdated([*rows, *(make(99, n) for n in range(3 * MIN_BACKDATED + 1))]) == []


def test_a_trip_without_a_network_is_honest(make: Make) -> None:
    back = {"received_at": MORNING + timedelta(days=6)}
    assert backdated([make(n % 3, n, **back) for n in range(90)]) == []


def test_phones_that_register_after_their_samples(make: Make) -> None:
    new = {"registered_at": MORNING + timedelta(days=2), "counted": False}
    found = backdated([make(n, **new) for n in range(MIN_BACKDATED)])
    assert len(found) == 1 and found[0].facts["before"] == MIN_BACKDATED


def test_one_person_of_a_commune() -> None:
    one, other, *rest = (UUID(int=n) for n in range(4))
    theirs = [DeviceCount(one, "mobile", 90), DeviceCount(other, "mobile", 90)]
    others = [DeviceCount(device, "mobile", 90) for device in rest]
    linked = {one: 7, other: 7}
    [found] = shares_of_one_person([*theirs, *others], linked)
    assert (found.devices, found.n, found.counted) == ((one, other), 180, 360)
    assert shares_of_one_person([*theirs, *others], {}) == []
    assert shares_of_one_person([*theirs, *others, DeviceCount(rest[0], "mobile", 1)], linked) == []
    assert shares_of_one_person([DeviceCount(one, "fixed", 149)], {}) == []


def test_no_signal_hangs_on_the_order_of_rows(make: Make) -> None:
    chance = random.Random(11)
    rows = [make(n, day(d) + n * 3 + (n % 2) / 20) for n in range(10) for d in range(15)]
    rows += [make(20, n * 30, **(away(900) if n % 2 else {})) for n in range(9)]
    rows += [
        make(21, n, mock=True, download_mbps=48.27, upload_mbps=12.14, ping_ms=33) for n in range(6)
    ]
    mixed = chance.sample(rows, len(rows))
    found = {name: signal(rows) for name, signal in SIGNALS.items()}
    assert found == {name: signal(mixed) for name, signal in SIGNALS.items()}
    assert sum(bool(one) for one in found.values()) >= 4
    assert all(evidence.signal == name for name, one in found.items() for evidence in one)
    assert all(signal([]) == [] for signal in SIGNALS.values())
