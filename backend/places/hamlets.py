"""The list of hamlets of a province: listed, added, changed and removed by its officials."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypedDict

from sqlalchemy import func, select, text

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.database.extensions import db, extension, unless_violated
from backend.errors import Problem, invalid, or_404
from backend.http import etags
from backend.http.paging import PageQuery, decode_cursor, row_id, sort_text, take_page
from backend.organisations.references import UnitBrief, serialize_units
from backend.organisations.scopes import authorized_unit_on, unit_scope
from backend.places.models import Hamlet, Place
from backend.units.locator import Locator
from backend.units.service import UnitRow, find
from geo.gazetteer import plain

SEE, EDIT = "places.see", "places.edit"
# Twice the hamlets of the largest province after 2025 (some 6,000).
MAX_HAMLETS = 12_000

ROWS = text("""
    select h.id, h.unit_id, h.name, h.code, h.latitude, h.longitude, h.households, h.power,
        h.version, u.sort_key, u.name as commune
    from hamlets h join units u on u.id = h.unit_id
    where h.province_id = :province and (not :unplaced or h.latitude is null)
        and (cast(:id as integer) is null or h.id = :id)
    order by u.sort_key collate "C", h.name collate "C", h.id
""")


class HamletFields(TypedDict):
    """What an office knows of a hamlet, as `HamletSchema` reads it."""

    name: str
    unit: str  # code of the commune
    code: str | None  # the office's own
    latitude: float | None  # degrees, EPSG:4326; null: not known yet
    longitude: float | None
    households: int | None
    power: bool | None  # on the electric grid


class HamletQuery(PageQuery):
    """A page of the list of hamlets."""

    q: str | None  # in the name of the hamlet or of its commune
    unplaced: bool  # those without a position alone


class StatedPosition(TypedDict):
    """A position as an official states it; degrees, EPSG:4326."""

    latitude: float
    longitude: float


class HamletAnswer(TypedDict):
    """A hamlet of a province."""

    id: int
    name: str
    unit: UnitBrief  # its commune
    code: Annotated[str | None, "The office's own code"]
    position: Annotated[StatedPosition | None, "As an official states it; null: not known yet"]
    outside: Annotated[bool, "The position is not in the commune"]
    lies_in: Annotated[str | None, "Name of the commune of the position, if it is another one"]
    households: int | None
    power: Annotated[bool | None, "On the electric grid"]
    version: int


class HamletPage(TypedDict):
    """A page of a province's hamlets, by commune and name."""

    total: int  # of the province
    unplaced: int  # of these, without a position
    items: list[HamletAnswer]
    next: str | None


@dataclass(frozen=True, slots=True)
class HamletRow:
    """A stored hamlet with its commune: the columns of ROWS."""

    id: int
    unit_id: int
    name: str
    code: str | None
    latitude: float | None
    longitude: float | None
    households: int | None
    power: bool | None
    version: int
    sort_key: str  # of the commune
    commune: str


def authorized_province(actor: Actor, act: str, code: str, now: datetime) -> UnitRow:
    """Return the province of a code; 404 for other units, and outside the actor's own area."""
    return authorized_unit_on(actor, act, code, "province", local_day(now))


def list_hamlets(actor: Actor, code: str, query: HamletQuery, now: datetime) -> HamletPage:
    """Return a page of the hamlets of a province, for its officials."""
    province = authorized_province(actor, SEE, code, now)
    rows = read_hamlets(province.id, query["q"], unplaced=query["unplaced"])
    if after := decode_cursor(query["cursor"], sort_text, sort_text, row_id):
        rows = [one for one in rows if _place(one) > after]
    page, following = take_page(rows[: query["limit"] + 1], query["limit"], _place)
    total, unplaced = count_hamlets(province.id)
    items = serialize_hamlets(page, now)
    return {"total": total, "unplaced": unplaced, "items": items, "next": following}


def read_hamlets(province_id: int, q: str | None = None, *, unplaced: bool = False,
                 hamlet_id: int | None = None) -> list[HamletRow]:  # fmt: skip
    """Read the hamlets of a province by commune and name; `q` is in one of these."""
    values = {"province": province_id, "unplaced": unplaced, "id": hamlet_id}
    rows = [HamletRow(*row) for row in db.session.execute(ROWS, values)]
    words = plain(q or "").split()
    if not words:
        return rows
    return [one for one in rows if _contains(f"{plain(one.name)} {plain(one.commune)}", words)]


def count_hamlets(province_id: int) -> tuple[int, int]:
    """Return the number of hamlets of a province, and of those without a position."""
    numbers = select(func.count(), func.count().filter(Hamlet.latitude.is_(None)))
    total, unplaced = db.session.execute(numbers.where(Hamlet.province_id == province_id)).one()
    return total, unplaced


def add_hamlet(actor: Actor, code: str, data: HamletFields, now: datetime) -> HamletAnswer:
    """Add a hamlet to the list of a province."""
    province = authorized_province(actor, EDIT, code, now)
    require_room(province.id, 1)
    row = Hamlet(province_id=province.id)
    _set_fields(row, data, now)
    db.session.add(row)
    return _stored(actor, "hamlet.add", row, now)


def change_hamlet(
    actor: Actor, hamlet_id: int, expected: etags.Expected, data: HamletFields, now: datetime
) -> HamletAnswer:
    """Change a hamlet: its name, commune, position, and what else the office knows."""
    row = _own_row(actor, hamlet_id)
    etags.must_match(expected, row.version)
    _set_fields(row, data, now)
    row.version += 1
    return _stored(actor, "hamlet.change", row, now)


def remove_hamlet(actor: Actor, hamlet_id: int, expected: etags.Expected) -> None:
    """Remove a hamlet from the list, unless a place without coverage is in it."""
    row = _own_row(actor, hamlet_id)
    etags.must_match(expected, row.version)
    if db.session.scalar(select(Place.id).where(Place.hamlet_id == row.id).limit(1)):
        raise Problem(409, "hamlet_has_places")
    record_act(actor, "hamlet.remove", f"hamlet:{row.id}", name=row.name, unit_id=row.unit_id)
    db.session.delete(row)
    db.session.commit()


def require_room(province_id: int, more: int) -> None:
    """Raise 409 where a province has too many hamlets."""
    if count_hamlets(province_id)[0] + more > MAX_HAMLETS:
        raise Problem(409, "too_many_hamlets")


def serialize_hamlets(rows: Sequence[HamletRow], now: datetime) -> list[HamletAnswer]:
    """Return hamlets as answers, with the commune where each position lies."""
    units = serialize_units([row.unit_id for row in rows])
    found = locate([(row.latitude, row.longitude) for row in rows], now)
    return [
        {
            "id": row.id,
            "name": row.name,
            "unit": units[row.unit_id],
            "code": row.code,
            "position": position_of(row),
            "outside": row.latitude is not None and unit != row.unit_id,
            "lies_in": name if unit != row.unit_id else None,
            "households": row.households,
            "power": row.power,
            "version": row.version,
        }
        for row, (unit, name) in zip(rows, found, strict=True)
    ]


def position_of(row: "HamletRow | Hamlet") -> StatedPosition | None:
    """Return the position of a row; None where it has none."""
    if row.latitude is None or row.longitude is None:
        return None
    return {"latitude": row.latitude, "longitude": row.longitude}


def locate(
    positions: Sequence[tuple[float | None, float | None]], now: datetime
) -> list[tuple[int | None, str | None]]:
    """Return id and name of the commune of each position; None, None outside and without one."""
    locator: Locator = extension("locator")
    known = [(x, y) for y, x in positions if x is not None and y is not None]
    days = [local_day(now)] * len(known)
    located = iter(
        locator.locate_many(days, [x for x, _ in known], [y for _, y in known], [None] * len(known))
        if known
        else []
    )
    answers: list[tuple[int | None, str | None]] = []
    for latitude, _ in positions:
        one = next(located) if latitude is not None else None
        answers.append((one.unit_id, one.name) if one else (None, None))
    return answers


def commune_in(province_id: int, code: str, now: datetime) -> int:
    """Return the id of a commune of a province; 422 for another unit."""
    try:
        unit = find(local_day(now), code, "commune")
    except Problem:
        raise invalid("unit", "no_such_unit") from None
    if province_id not in unit_scope(unit.id).units:
        raise invalid("unit", "unit_outside")
    return unit.id


def _set_fields(row: Hamlet, data: HamletFields, now: datetime) -> None:
    row.unit_id = commune_in(row.province_id, data["unit"], now)
    row.name, row.code, row.changed_at = data["name"], data["code"], now
    row.latitude, row.longitude = data["latitude"], data["longitude"]
    row.households, row.power = data["households"], data["power"]


def _own_row(actor: Actor, hamlet_id: int) -> Hamlet:
    """Return a hamlet of the actor's own province, locked; 404 for another one."""
    row = or_404(db.session.get(Hamlet, hamlet_id, with_for_update=True, populate_existing=True))
    require(actor, EDIT, unit_scope(row.province_id), hidden=True)
    return row


def _stored(actor: Actor, act: str, row: Hamlet, now: datetime) -> HamletAnswer:
    """Commit a hamlet, and return it."""
    same_name, same_code = Problem(409, "hamlet_known"), Problem(409, "hamlet_code_known")
    with unless_violated("uq_hamlets", same_name), unless_violated("ix_hamlets_code", same_code):
        db.session.flush()
    details = {"name": row.name, "unit_id": row.unit_id, "position": position_of(row)}
    record_act(actor, act, f"hamlet:{row.id}", **details)
    [answer] = serialize_hamlets(read_hamlets(row.province_id, hamlet_id=row.id), now)
    db.session.commit()
    return answer


def _place(row: HamletRow) -> tuple[str, str, int]:
    """Return the place of a hamlet in the list."""
    return row.sort_key, row.name, row.id


def _contains(name: str, words: Sequence[str]) -> bool:
    return all(word in name for word in words)
