"""Places without coverage: listed, added, and taken step by step by a province's officials.

A place is a hamlet of the list or a position that an official sets, never one of a note or of a
sample; one operator, or all of them. A step is never changed: a wrong one is followed by another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, TypedDict

from sqlalchemy import select, text

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.database.extensions import db, unless_violated
from backend.errors import Problem, invalid, or_404
from backend.http import etags
from backend.http.paging import PageQuery, decode_cursor, row_id, sort_text, take_page
from backend.organisations.references import UnitBrief, serialize_units
from backend.organisations.scopes import unit_scope
from backend.places.evidence import (
    HAMLET_RADIUS_M,
    RADIUS_M,
    Evidence,
    EvidenceNumbers,
    GoodTests,
    Spot,
    read_evidence,
    read_good_tests,
)
from backend.places.hamlets import EDIT, SEE, StatedPosition, authorized_province, locate
from backend.places.models import Hamlet, Place, PlaceStep
from backend.places.states import INTERNAL, State, following

# Twenty times the hamlets that the province with the longest list named in January 2026.
MAX_PLACES = 5_000

ROWS = text("""
    select p.id, p.province_id, p.hamlet_id, coalesce(h.name, p.name) as name,
        coalesce(h.unit_id, p.unit_id) as unit_id,
        case when p.hamlet_id is null then p.latitude else h.latitude end as latitude,
        case when p.hamlet_id is null then p.longitude else h.longitude end as longitude,
        p.operator, p.state, p.version, s.day, s.promised_on, u.sort_key, p.published
    from places p left join hamlets h on h.id = p.hamlet_id
        join units u on u.id = coalesce(h.unit_id, p.unit_id)
        join place_steps s on s.place_id = p.id and s.number = p.version
    where p.province_id = :province and (cast(:id as integer) is null or p.id = :id)
        and (cast(:state as text) is null or p.state = :state)
        and (cast(:operator as text) is null or p.operator = :operator)
        and (cast(:to_measure as date) is null or p.state = 'remeasure'
            or (p.state = 'answered' and s.promised_on < :to_measure))
    order by u.sort_key collate "C", coalesce(h.name, p.name) collate "C", p.id
""")
STEPS = text("""
    select s.number, s.state, s.day, s.promised_on, s.document, s.note, s.correction,
        s.for_campaigns,
        coalesce(u.display_name, u.name) as entered_by, s.entered_at,
        s.notes, s.failed_tests, s.slow_tests, s.phones
    from place_steps s left join users u on u.id = s.entered_by
    where s.place_id = :place order by s.number desc
""")


class NewPlace(TypedDict):
    """A place to add, as `NewPlaceSchema` reads it: a hamlet, or a name with a position."""

    hamlet_id: int | None
    name: str | None
    latitude: float | None  # degrees, EPSG:4326, as the official states it
    longitude: float | None
    operator: str | None  # null: all operators
    day: date | None  # on which the office recorded it; null: today
    note: str | None


class NewStep(TypedDict):
    """A step of a place, as `StepSchema` reads it."""

    state: State
    day: date | None  # null: today
    promised_on: date | None
    document: str | None
    note: str | None
    correction: bool  # the newest step is wrong
    for_campaigns: bool  # campaigns of the commune see the place, to measure it again


class PlaceQuery(PageQuery):
    """A page of the places of a province."""

    state: State | None  # null: all
    operator: str | None  # null: all
    to_measure: bool  # those that wait for a second measurement alone


class PlaceAnswer(TypedDict):
    """A place without coverage, with its present state."""

    id: Annotated[int, "The place's number in letters and tables"]
    hamlet_id: int | None
    name: str
    unit: UnitBrief  # its commune
    position: Annotated[StatedPosition | None, "As an official states it; null: not known yet"]
    operator: Annotated[str | None, "Null: all operators"]
    state: State
    since: Annotated[date, "Day of the newest step"]
    promised_on: Annotated[date | None, "By the operator"]
    overdue: Annotated[bool, "The promised day has passed"]
    published: Annotated[bool, "The public sees hamlet or commune, operator, state and month"]
    version: int


class StepAnswer(EvidenceNumbers):
    """A step of a place, with the numbers of the evidence of that moment."""

    number: int
    state: State
    day: date
    promised_on: date | None
    document: str | None
    note: str | None
    correction: Annotated[bool, "The step before was wrong"]
    for_campaigns: Annotated[
        bool, "Campaigns of the commune see name, position and operator until the next step"
    ]
    entered_by: str | None
    entered_at: datetime


class PlaceDetails(PlaceAnswer):
    """A place with its history and its evidence of today."""

    steps: Annotated[list[StepAnswer], "The newest first"]
    may_follow: Annotated[list[State], "States of the next step; a correction may set any"]
    evidence: Evidence
    good_tests: Annotated[
        GoodTests | None,
        "Since the promised day, or since the place waits to be measured; null in other states",
    ]


class PlacePage(TypedDict):
    """A page of a province's places, by commune and name."""

    items: list[PlaceAnswer]
    next: str | None


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A stored place: the columns of ROWS."""

    id: int
    province_id: int
    hamlet_id: int | None
    name: str
    unit_id: int
    latitude: float | None
    longitude: float | None
    operator: str | None
    state: State
    version: int
    day: date  # of the newest step
    promised_on: date | None
    sort_key: str  # of the commune
    published: bool


def list_places(actor: Actor, code: str, query: PlaceQuery, now: datetime) -> PlacePage:
    """Return a page of the places of a province, for its officials."""
    province = authorized_province(actor, SEE, code, now)
    due = local_day(now) if query["to_measure"] else None
    rows = read_places(province.id, query["state"], query["operator"], to_measure=due)
    if after := decode_cursor(query["cursor"], sort_text, sort_text, row_id):
        rows = [one for one in rows if _order(one) > after]
    page, following_page = take_page(rows[: query["limit"] + 1], query["limit"], _order)
    return {"items": serialize_places(page, now), "next": following_page}


def read_places(
    province_id: int,
    state: State | None = None,
    operator: str | None = None,
    *,
    place_id: int | None = None,
    to_measure: date | None = None,
) -> list[PlaceRow]:
    """Read the places of a province by commune and name.

    With a day, those to be measured again: what was promised had to be done before it.
    """
    values: dict[str, object] = {"province": province_id, "state": state, "operator": operator}
    values |= {"id": place_id, "to_measure": to_measure}
    return [PlaceRow(*row) for row in db.session.execute(ROWS, values)]


def show_place(actor: Actor, place_id: int, now: datetime) -> PlaceDetails:
    """Return a place with its history and its evidence; 404 outside the own province."""
    province_id = or_404(db.session.scalar(select(Place.province_id).where(Place.id == place_id)))
    require(actor, SEE, unit_scope(province_id), hidden=True)
    return describe_place(province_id, place_id, now)


def add_place(actor: Actor, code: str, data: NewPlace, now: datetime) -> PlaceDetails:
    """Add a place: its first step says that the office states it."""
    province = authorized_province(actor, EDIT, code, now)
    if len(read_places(province.id)) >= MAX_PLACES:
        raise Problem(409, "too_many_places")
    row = Place(province_id=province.id, operator=data["operator"], state="recorded", version=1)
    if data["hamlet_id"] is not None:
        hamlet = db.session.get(Hamlet, data["hamlet_id"])
        if hamlet is None or hamlet.province_id != province.id:
            raise invalid("hamlet_id", "no_such_hamlet")
        row.hamlet_id = hamlet.id
    else:
        row.unit_id = _commune_of(province.id, data, now)
        row.name, row.latitude, row.longitude = data["name"], data["latitude"], data["longitude"]
    db.session.add(row)
    _store(actor, row, {**new_step("recorded", data["note"]), "day": data["day"]}, now)
    return _committed(row, now)


def add_hamlet(
    actor: Actor, code: str, hamlet_id: int, operator: str | None, now: datetime
) -> PlaceDetails:
    """Add a hamlet of the list as a place, recorded today."""
    new: NewPlace = {
        "hamlet_id": hamlet_id,
        "name": None,
        "latitude": None,
        "longitude": None,
        "operator": operator,
        "day": None,
        "note": None,
    }
    return add_place(actor, code, new, now)


def reject_hamlet(
    actor: Actor, code: str, hamlet_id: int, reason: str, now: datetime
) -> PlaceDetails:
    """Say why a proposed hamlet is no place without coverage: it is not proposed again."""
    place = add_hamlet(actor, code, hamlet_id, None, now)
    step = new_step("wrong", reason)
    return add_step(actor, place["id"], frozenset({str(place["version"])}), step, now)


def add_step(
    actor: Actor, place_id: int, expected: etags.Expected, data: NewStep, now: datetime
) -> PlaceDetails:
    """Add the next step of a place, or one that corrects the newest."""
    row = or_404(db.session.get(Place, place_id, with_for_update=True, populate_existing=True))
    require(actor, EDIT, unit_scope(row.province_id), hidden=True)
    etags.must_match(expected, row.version)
    [place] = read_places(row.province_id, place_id=place_id)
    check_step(place, data, now)
    take_step(actor, row, data, now)
    return _committed(row, now)


def check_step(place: PlaceRow, data: NewStep, now: datetime) -> None:
    """Raise 422 for a step that does not follow the newest one of a place."""
    if data["state"] not in following(place.state, correction=data["correction"]):
        raise invalid("state", "step_not_next")
    day = _past_day(data["day"], now)
    if day < place.day and not data["correction"]:
        raise invalid("day", "before_last_step")
    if data["promised_on"] is not None and data["promised_on"] < day:
        raise invalid("promised_on", "promised_before")


def take_step(actor: Actor, row: Place, data: NewStep, now: datetime) -> None:
    """Store a checked step of a place, which the caller has locked and commits."""
    row.state, row.version = data["state"], row.version + 1
    _store(actor, row, data, now)


def lock_places(province_id: int, ids: Sequence[int]) -> dict[int, Place]:
    """Lock places of a province in the order of their numbers; return those that exist."""
    rows = (
        select(Place)
        .where(Place.province_id == province_id, Place.id.in_(ids))
        .order_by(Place.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in db.session.scalars(rows)}


def new_step(state: State, note: str | None = None) -> NewStep:
    """Return a step of today without a document."""
    return {
        "state": state,
        "day": None,
        "promised_on": None,
        "document": None,
        "note": note,
        "correction": False,
        "for_campaigns": False,
    }


def _past_day(day: date | None, now: datetime) -> date:
    """Return a day, by default today; 422 for one to come."""
    if day is not None and day > local_day(now):
        raise invalid("day", "day_in_future")
    return day or local_day(now)


def serialize_places(rows: Sequence[PlaceRow], now: datetime) -> list[PlaceAnswer]:
    """Return places as answers."""
    units = serialize_units([row.unit_id for row in rows])
    return [_serialize(row, units[row.unit_id], local_day(now)) for row in rows]


def _serialize(row: PlaceRow, unit: UnitBrief, today: date) -> PlaceAnswer:
    position: StatedPosition | None = None
    if row.latitude is not None and row.longitude is not None:
        position = {"latitude": row.latitude, "longitude": row.longitude}
    promised = row.promised_on if row.state == "answered" else None
    return {
        "id": row.id,
        "hamlet_id": row.hamlet_id,
        "name": row.name,
        "unit": unit,
        "position": position,
        "operator": row.operator,
        "state": row.state,
        "since": row.day,
        "promised_on": promised,
        "overdue": promised is not None and promised < today,
        "published": row.published,
        "version": row.version,
    }


def describe_place(province_id: int, place_id: int, now: datetime) -> PlaceDetails:
    """Return a place with its history and its evidence of today."""
    [row] = read_places(province_id, place_id=place_id)
    steps = db.session.execute(STEPS, {"place": place_id}).mappings()
    spot = spot_of(row)
    return {
        **serialize_places([row], now)[0],
        "steps": [StepAnswer(**step) for step in steps],  # type: ignore[typeddict-item]
        "may_follow": list(following(row.state, correction=False)),
        "evidence": read_evidence(province_id, spot, now, for_operator=row.state not in INTERNAL),
        "good_tests": _good_tests(row, spot, now),
    }


def _good_tests(row: PlaceRow, spot: Spot | None, now: datetime) -> GoodTests | None:
    """Return what speaks for coverage of a place that is, or was, to be measured again."""
    since = {"answered": row.promised_on, "remeasure": row.day}.get(row.state)
    if spot is None or since is None or since > local_day(now):
        return None
    return read_good_tests(row.province_id, spot, since, now)


def spot_of(row: PlaceRow) -> Spot | None:
    """Return where the evidence of a place lies; None without a position."""
    if row.latitude is None or row.longitude is None:
        return None
    radius = RADIUS_M if row.hamlet_id is None else HAMLET_RADIUS_M
    return Spot(row.latitude, row.longitude, radius, row.operator)


def _spot_of_new(row: Place) -> Spot | None:
    """Return where the evidence of a place that may not be stored yet lies."""
    stated: Place | Hamlet = row
    if row.hamlet_id is not None:
        stated = db.session.get_one(Hamlet, row.hamlet_id)
    if stated.latitude is None or stated.longitude is None:
        return None
    radius = RADIUS_M if row.hamlet_id is None else HAMLET_RADIUS_M
    return Spot(stated.latitude, stated.longitude, radius, row.operator)


def _commune_of(province_id: int, data: NewPlace, now: datetime) -> int:
    """Return the commune of a stated position; 422 outside the province."""
    [(unit, _)] = locate([(data["latitude"], data["longitude"])], now)
    if unit is None or province_id not in unit_scope(unit).units:
        raise invalid("latitude", "place_outside")
    return unit


def _store(actor: Actor, row: Place, step: NewStep, now: datetime) -> None:
    """Store a step with the numbers of its evidence."""
    day = _past_day(step["day"], now)
    with unless_violated("ix_places_open", Problem(409, "place_known")):
        db.session.flush()
    shared = step["state"] not in INTERNAL
    row.published = shared and bool(row.published)
    evidence = read_evidence(row.province_id, _spot_of_new(row), now, for_operator=shared)
    db.session.add(
        PlaceStep(
            place_id=row.id,
            number=row.version,
            state=step["state"],
            day=day,
            promised_on=step["promised_on"],
            document=step["document"],
            note=step["note"],
            correction=step["correction"],
            for_campaigns=step["for_campaigns"],
            entered_by=require_person(actor),
            entered_at=now,
            notes=evidence["notes"],
            failed_tests=evidence["failed_tests"],
            slow_tests=evidence["slow_tests"],
            phones=evidence["phones"],
        )
    )
    db.session.flush()
    record_act(actor, "place.step", f"place:{row.id}", number=row.version, state=step["state"])


def _committed(row: Place, now: datetime) -> PlaceDetails:
    """Commit, and return a place."""
    answer = describe_place(row.province_id, row.id, now)
    db.session.commit()
    return answer


def _order(row: PlaceRow) -> tuple[str, str, int]:
    """Return the place of a row in the list."""
    return row.sort_key, row.name, row.id
