"""The demo's hamlets of one commune, and places without coverage: one in each state.

They are entered by the demo's official with the services of the pages, and found again by that
person when the demo is removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import NamedTuple

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import local_day
from backend.database.extensions import db, owner_session
from backend.demo.plan import LETTER_PROVINCE
from backend.http.etags import Expected
from backend.places.hamlets import HamletFields, add_hamlet, locate
from backend.places.publication import set_publication
from backend.places.service import NewPlace, NewStep, PlaceDetails, add_place, add_step
from backend.places.states import State
from backend.units.service import UnitRow, units_on

NAMES = (
    *("Thôn Đồng Tiến", "Thôn Bản Cái", "Bản Tèn", "Xóm Khe Vạng", "Thôn Nà Mòn", "Xóm Đèo Nhâu"),
    *(
        "Thôn Khau Cút",
        "Bản Mỏ",
        "Xóm Liên Phương",
        "Thôn Lũng Luông",
        "Thôn Nà Sọc",
        "Xóm Tân Lập",
    ),
)
CODES = tuple(f"mẫu-{number:02}" for number in range(1, len(NAMES) + 1))
UNPLACED = 2  # the last hamlets: their positions are not known yet
# Degrees between hamlets: some 1.1 km, so that the circles of their evidence barely meet; less in
# small wards.
SPACINGS = (0.01, 0.004, 0.0015)
RINGS = 8  # of points around the middle: a commune is 10 km wide

# The commune of a province with most no-connection notes, and their middle to 1 km.
COMMUNE = text("""
    select u.id, round(avg(cast(n.latitude as numeric)), 2) as latitude,
        round(avg(cast(n.longitude as numeric)), 2) as longitude
    from units u left join no_connection_notes n on n.unit_id = u.id
    where u.id = any(:communes)
    group by u.id, u.code order by count(n.*) desc, u.code collate "C" limit 1
""")


Position = tuple[float, float]  # latitude, longitude


class Entry(NamedTuple):
    """A step, so many days before today."""

    state: State
    days: int
    note: str | None = None
    promised: int | None = None  # days before today; negative: to come


@dataclass(frozen=True, slots=True)
class Story:
    """A place and what its office entered about it."""

    operator: str | None  # None: all
    entries: Sequence[Entry]  # the first one: recorded
    name: str | None = None  # of a position; None: the next hamlet
    published: bool = False


RECORDED = "Trưởng thôn báo (mẫu)."
STATION = "Lắp trạm mới trên đồi trung tâm (mẫu)."
STORIES = (
    Story("Viettel", [Entry("recorded", 6, RECORDED)]),
    Story(None, [Entry("recorded", 50, RECORDED), Entry("sent", 41)]),
    Story(
        "VinaPhone",
        [
            Entry("recorded", 90, RECORDED),
            Entry("sent", 83),
            Entry("answered", 70, STATION, -45),
        ],
        published=True,
    ),
    Story(
        "MobiFone",
        [
            Entry("recorded", 150, RECORDED),
            Entry("sent", 141),
            Entry("answered", 120, "Nâng công suất trạm (mẫu).", 12),
        ],
    ),
    Story("Viettel", [Entry("recorded", 110), Entry("sent", 100), Entry("refused", 80)]),
    Story(
        "Viettel",
        [
            Entry("recorded", 170, RECORDED),
            Entry("sent", 160),
            Entry("answered", 145, STATION, 30),
            Entry("remeasure", 20),
        ],
        published=True,
    ),
    Story(
        None,
        [
            Entry("recorded", 220, RECORDED),
            Entry("sent", 210),
            Entry("answered", 190, STATION, 75),
            Entry("remeasure", 70),
            Entry("covered", 55, "Đội của xã đo lại, có sóng (mẫu)."),
        ],
        published=True,
    ),
    Story(
        "VinaPhone",
        [
            Entry("recorded", 200, RECORDED),
            Entry("sent", 188),
            Entry("remeasure", 40),
            Entry("uncovered", 28, "Đội của xã đo lại, vẫn chưa đạt (mẫu)."),
        ],
    ),
    Story(
        "MobiFone",
        [Entry("recorded", 64), Entry("wrong", 60, "Có sóng ngoài nhà văn hóa (mẫu).")],
    ),
    Story("Viettel", [Entry("recorded", 33)], "Đèo trên đường liên xã (mẫu)"),
    Story(
        "Viettel",
        [Entry("recorded", 30), Entry("duplicate", 29, "Là đèo trên đường liên xã (mẫu).")],
        "Khu vực gần đèo (mẫu)",
    ),
)

# What the demo's people entered first is the demo's, whoever continued it.
MADE = text("""
    select s.place_id from place_steps s join users u on u.id = s.entered_by
    where s.number = 1 and u.demo
""")
# In the order of their references. A hamlet with a place of others stays.
REMOVALS = (
    text("delete from place_steps where place_id = any(:made)"),
    text("delete from places where id = any(:made)"),
)
REMOVE_HAMLETS = text("""
    delete from hamlets h where code = any(:codes) and name like '%(mẫu)'
        and not exists (select from places where hamlet_id = h.id)
""")


def add_places(official: Actor, now: datetime) -> None:
    """Enter the hamlets of a commune, and the places of STORIES."""
    commune, points = _points(now)
    placed = points[: len(NAMES) - UNPLACED]
    hamlets = [
        add_hamlet(official, LETTER_PROVINCE, _hamlet(number, commune, at), now)["id"]
        for number, at in enumerate([*placed, *[None] * UNPLACED])
    ]
    free, positions = iter(hamlets), iter(points[len(placed) :])
    for story in STORIES:
        first, *later = story.entries
        latitude, longitude = (None, None) if story.name is None else next(positions)
        new: NewPlace = {
            "hamlet_id": next(free) if story.name is None else None,
            "name": story.name,
            "latitude": latitude,
            "longitude": longitude,
            "operator": story.operator,
            "day": _before(now, first.days),
            "note": first.note,
        }
        place = add_place(official, LETTER_PROVINCE, new, now)
        for entry in later:
            last = entry is later[-1]
            place = _add_step(official, place, entry, now, for_campaigns=last)
        if story.published:
            set_publication(official, place["id"], _version(place), {"published": True}, now)


def _points(now: datetime) -> tuple[UnitRow, list[Position]]:
    """Return the commune of the demo's hamlets and points in it."""
    units = {one.id: one for one in units_on(local_day(now), "commune", LETTER_PROVINCE)}
    unit, latitude, longitude = db.session.execute(COMMUNE, {"communes": list(units)}).one()
    commune = units[unit]
    middle = (latitude, longitude) if latitude is not None else _centre(commune)
    found: list[Position] = []
    for spacing in SPACINGS:
        around = _around(float(middle[0]), float(middle[1]), spacing)
        owners = locate(around, now)
        found = [at for at, (owner, _) in zip(around, owners, strict=True) if owner == unit]
        if len(found) >= len(NAMES):
            break
    return commune, found


def _centre(commune: UnitRow) -> Position:
    assert commune.latitude is not None and commune.longitude is not None  # it has a polygon
    return commune.latitude, commune.longitude


def _around(latitude: float, longitude: float, spacing: float) -> list[Position]:
    """Return points of a grid around a position, the nearest first."""
    span = range(-RINGS, RINGS + 1)
    steps = sorted(product(span, span), key=lambda step: step[0] ** 2 + step[1] ** 2)
    return [
        (round(latitude + up * spacing, 4), round(longitude + right * spacing, 4))
        for up, right in steps
    ]


def _hamlet(number: int, commune: UnitRow, at: Position | None) -> HamletFields:
    latitude, longitude = at or (None, None)
    return {
        "name": f"{NAMES[number]} (mẫu)",
        "unit": commune.code,
        "code": CODES[number],
        "latitude": latitude,
        "longitude": longitude,
        "households": 38 + 17 * number % 90,
        "power": number % 5 != 2,
    }


def _add_step(
    official: Actor, place: PlaceDetails, entry: Entry, now: datetime, *, for_campaigns: bool
) -> PlaceDetails:
    day = _before(now, entry.days)
    step: NewStep = {
        "state": entry.state,
        "day": day,
        "promised_on": None if entry.promised is None else _before(now, entry.promised),
        "document": f"{day.day}{day.month:02}/SKHCN-BCVT (mẫu)" if entry.state == "sent" else None,
        "note": entry.note,
        "correction": False,
        "for_campaigns": for_campaigns and entry.state == "remeasure",
    }
    return add_step(official, place["id"], _version(place), step, now)


def _version(place: PlaceDetails) -> Expected:
    return frozenset({str(place["version"])})


def _before(now: datetime, days: int) -> date:
    return local_day(now) - timedelta(days=days)


def remove_places() -> None:
    """Remove the demo's places with their steps, and its hamlets.

    As the owner of the tables: the serving role deletes no step.
    """
    with owner_session() as owner:
        made = owner.scalars(MADE).all()
        for statement in REMOVALS:
            owner.execute(statement, {"made": made})
        owner.execute(REMOVE_HAMLETS, {"codes": list(CODES)})
