"""Evidence of places without coverage: computed when it is read, from rounded positions.

Nothing of it is stored but the numbers of a step. It goes with the positions: when they expire, and
when a person withdraws.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, TypedDict

from sqlalchemy import text

from backend.clock import local_day
from backend.database.extensions import db, extension
from backend.devices.consent import NAMED_IN
from backend.measurements.recording.reasons import NOT_VALID
from backend.units.index import unit_index
from backend.units.locator import NO_UNIT, Locator

# The older national minimum of mobile data: 5 Mbps in 95 % of samples.
SLOW_MBPS = 5.0
# A coarser position may be of the next hamlet.
MAX_ACCURACY_M = 200.0
RADIUS_M = 500.0  # of a position
HAMLET_RADIUS_M = 1_000.0  # hamlets are wider than their hall
DAYS = 365  # before today; positions do not last longer by default
MIN_PHONES = 5  # fewer say too much of a single person
METRES_PER_DEGREE = 111_195.0
ROUNDED_DEGREES = 0.001  # more than rounding to 3 decimals moves a position
# A sample with one of these says nothing about coverage.
UNUSABLE = sorted(NOT_VALID - {"failed_test"} | {"mock_position"})
_DIRECTIONS = tuple(math.radians(one) for one in range(0, 360, 45))

GAPS = text("""
    with gaps as (
        select n.day, n.operator, n.device_id, 'note' as kind, n.latitude, n.longitude
        from no_connection_notes n
        where n.unit_id = any(:units) and n.day >= :first
            and n.latitude between :south and :north and n.longitude between :west and :east
            and (not :for_operator or (
                select c.version from consents c
                where c.device_id = n.device_id and c.recorded_at <= n.received_at
                order by c.recorded_at desc, c.id desc limit 1
            ) = any(:naming_operators))
            and not n.server_down and n.excluded_at is null
            and coalesce(n.accuracy_m, 0) <= :accuracy
        union all
        select m.day, m.operator, m.device_id,
            case when 'failed_test' = any(m.reasons) then 'failed' else 'slow' end,
            m.latitude, m.longitude
        from measurements m
        where m.unit_id = any(:units) and m.day >= :first
            and m.latitude between :south and :north and m.longitude between :west and :east
            and m.network = 'mobile' and m.device_id is not null and m.accuracy_m <= :accuracy
            and not m.reasons && cast(:unusable as text[])
            and ('failed_test' = any(m.reasons)
                or (m.download_mbps < :slow and not 'capped' = any(m.marks)))
    ), near as (
        select to_char(day, 'YYYY-MM') as month, operator, device_id, kind
        from gaps
        where (cast(:operator as text) is null or operator = :operator)
            and power((round(cast(latitude as numeric), 3) - :latitude) * :metres, 2)
                + power((round(cast(longitude as numeric), 3) - :longitude) * :metres
                    * cos(radians(:latitude)), 2) <= power(:radius, 2)
    )
    select grouping(month) = 1 as total, month, operator,
        count(*) filter (where kind = 'note') as notes,
        count(*) filter (where kind = 'failed') as failed_tests,
        count(*) filter (where kind = 'slow') as slow_tests,
        count(distinct device_id) as phones
    from near group by grouping sets ((month, operator), ())
    order by total desc, month desc, operator nulls last
""")


GOOD = text("""
    select count(*) as tests, count(distinct device_id) as phones
    from measurements m
    where m.unit_id = any(:units) and m.day >= :since and m.latitude is not null
        and m.network = 'mobile' and m.device_id is not null and m.accuracy_m <= :accuracy
        and m.valid and not 'mock_position' = any(m.reasons) and m.download_mbps >= :slow
        and (cast(:operator as text) is null or m.operator = :operator)
        and power((round(cast(m.latitude as numeric), 3) - :latitude) * :metres, 2)
            + power((round(cast(m.longitude as numeric), 3) - :longitude) * :metres
                * cos(radians(:latitude)), 2) <= power(:radius, 2)
""")


class EvidenceNumbers(TypedDict):
    """How much speaks for a place without coverage."""

    notes: Annotated[
        int,
        "No-connection notes; of a place that goes to an operator only those made under a version"
        " of the consent text that names operators",
    ]
    failed_tests: Annotated[int, "Mobile tests that did not finish"]
    slow_tests: Annotated[int, f"Mobile tests under {SLOW_MBPS:g} Mbps"]
    phones: Annotated[int | None, f"Null: fewer than {MIN_PHONES}"]


class EvidenceOfMonth(EvidenceNumbers):
    """The evidence of an operator in a month."""

    month: str  # YYYY-MM
    operator: str | None  # null: unknown


class Evidence(EvidenceNumbers):
    """The evidence of a place in the last year, the newest month first."""

    months: list[EvidenceOfMonth]


class GoodTests(TypedDict):
    """What speaks for coverage since a day; a person decides."""

    since: date
    tests: Annotated[int, f"Finished mobile tests of {SLOW_MBPS:g} Mbps or more within 500 m"]
    phones: Annotated[int | None, f"Null: fewer than {MIN_PHONES}"]


@dataclass(frozen=True, slots=True)
class Spot:
    """What evidence is looked for: a circle, and an operator."""

    latitude: float
    longitude: float
    radius_m: float
    operator: str | None  # None: of all, and unknown ones


NONE: Evidence = {"notes": 0, "failed_tests": 0, "slow_tests": 0, "phones": 0, "months": []}


def read_evidence(
    province_id: int, spot: Spot | None, now: datetime, *, for_operator: bool
) -> Evidence:
    """Return the evidence around a spot in a province; none without a position.

    `for_operator`: of a place that goes to an operator, which notes are for by consent alone.
    """
    if spot is None:
        return NONE
    today = local_day(now)
    values = {
        "for_operator": for_operator,
        "naming_operators": list(NAMED_IN["operators"]),
        "units": communes_around(province_id, spot, today),
        "first": today - timedelta(days=DAYS),
        "accuracy": MAX_ACCURACY_M,
        "unusable": UNUSABLE,
        "slow": SLOW_MBPS,
        "operator": spot.operator,
        "latitude": spot.latitude,
        "longitude": spot.longitude,
        "metres": METRES_PER_DEGREE,
        "radius": spot.radius_m,
        **_box(spot),
    }
    total, *months = db.session.execute(GAPS, values).all()
    return {
        **_numbers(total),
        "months": [
            {"month": row.month, "operator": row.operator, **_numbers(row)} for row in months
        ],
    }


def _box(spot: Spot) -> dict[str, float]:
    """Return degrees that hold all positions whose rounded ones are in a circle."""
    height = spot.radius_m / METRES_PER_DEGREE + ROUNDED_DEGREES
    width = height / math.cos(math.radians(spot.latitude))
    return {
        "south": spot.latitude - height,
        "north": spot.latitude + height,
        "west": spot.longitude - width,
        "east": spot.longitude + width,
    }


def read_good_tests(province_id: int, spot: Spot, since: date, now: datetime) -> GoodTests:
    """Return what speaks for coverage near a spot since a day."""
    near = replace(spot, radius_m=RADIUS_M)
    values = {
        "units": communes_around(province_id, near, local_day(now)),
        "since": since,
        "accuracy": MAX_ACCURACY_M,
        "slow": SLOW_MBPS,
        "operator": near.operator,
        "latitude": near.latitude,
        "longitude": near.longitude,
        "metres": METRES_PER_DEGREE,
        "radius": near.radius_m,
    }
    row = db.session.execute(GOOD, values).one()
    return {"since": since, "tests": row.tests, "phones": shown_phones(row.phones)}


def shown_phones(number: int) -> int | None:
    """Return a number of phones from MIN_PHONES on, or none at all; None for few."""
    return number if number >= MIN_PHONES or not number else None


def communes_around(province_id: int, spot: Spot, day: date) -> list[int]:
    """Return the communes of the province that a circle touches; elsewhere is not the own area."""
    locator: Locator = extension("locator")
    degrees = spot.radius_m / METRES_PER_DEGREE
    wider = degrees / math.cos(math.radians(spot.latitude))
    latitudes = [spot.latitude + degrees * math.sin(one) for one in _DIRECTIONS]
    longitudes = [spot.longitude + wider * math.cos(one) for one in _DIRECTIONS]
    found = locator.units_of(day, [*longitudes, spot.longitude], [*latitudes, spot.latitude])
    return _of_province(province_id, found)


def _of_province(province_id: int, units: Sequence[int]) -> list[int]:
    by_id = unit_index().by_id
    return [one for one in set(units) if one != NO_UNIT and province_id in by_id[one].lies_in]


def _numbers(row: Any) -> EvidenceNumbers:
    """Return the numbers of a row; of persons only from MIN_PHONES on, or that there are none."""
    return {
        "notes": row.notes,
        "failed_tests": row.failed_tests,
        "slow_tests": row.slow_tests,
        "phones": shown_phones(row.phones),
    }
