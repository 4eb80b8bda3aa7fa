"""Places that an office tells an operator of: what a letter says of each, and the step it is.

A letter and its table have places, never notes: no position of a person, no day, no number of
persons. Both are made when they are asked for, and stored nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.database.extensions import db
from backend.errors import invalid
from backend.places.evidence import read_evidence
from backend.places.hamlets import EDIT, SEE, StatedPosition, authorized_province
from backend.places.service import (
    NewStep,
    PlaceRow,
    check_step,
    lock_places,
    new_step,
    read_places,
    spot_of,
    take_step,
)
from backend.places.states import UNSENT, State
from backend.units.index import unit_index
from backend.units.service import UnitRow

# The longest list of a province in January 2026 had 182 hamlets; more are another letter.
MAX_IN_LETTER = 200
POSITION_DECIMALS = 2  # 1 km
# Evidence of a place, by the name of its number.
EvidenceKind = Literal["notes", "failed_tests", "slow_tests"]
KINDS: tuple[EvidenceKind, ...] = get_args(EvidenceKind)

RECORDED = text("""
    select place_id, day from place_steps where number = 1 and place_id = any(:places)
""")


@dataclass(frozen=True, slots=True)
class LetterPlace:
    """What a letter says of a place."""

    id: int
    name: str
    commune: str  # its name
    position: StatedPosition | None  # to 1 km; None: a hamlet, which its name tells
    operator: str | None  # None: all operators
    recorded_on: date  # by the office
    kinds: tuple[EvidenceKind, ...]  # of its evidence; empty: the office states it


@dataclass(frozen=True, slots=True)
class LetterChoice:
    """The places of a province that a letter may have."""

    province: UnitRow
    listed: list[PlaceRow]  # all of them
    chosen: list[PlaceRow]  # at most MAX_IN_LETTER


def choose_places(
    actor: Actor,
    code: str,
    states: Sequence[State],
    operator: str | None,
    ids: Sequence[int],
    now: datetime,
) -> LetterChoice:
    """Return the places of a province in some states, and those chosen by number, else all."""
    province = authorized_province(actor, SEE, code, now)
    listed = [one for one in read_places(province.id, None, operator) if one.state in states]
    chosen = [one for one in listed if one.id in set(ids)] if ids else listed
    return LetterChoice(province, listed, chosen[:MAX_IN_LETTER])


def places_of_letter(rows: Sequence[PlaceRow], now: datetime) -> list[LetterPlace]:
    """Return what a letter says of places, with the kinds of their evidence of today."""
    numbers = {"places": [one.id for one in rows]}
    recorded: dict[int, date] = {
        one.place_id: one.day for one in db.session.execute(RECORDED, numbers)
    }
    communes = unit_index().by_id
    return [_describe(row, communes[row.unit_id].name, recorded[row.id], now) for row in rows]


def _describe(row: PlaceRow, commune: str, recorded_on: date, now: datetime) -> LetterPlace:
    evidence = read_evidence(row.province_id, spot_of(row), now, for_operator=True)
    position: StatedPosition | None = None
    if row.hamlet_id is None and row.latitude is not None and row.longitude is not None:
        position = {
            "latitude": round(row.latitude, POSITION_DECIMALS),
            "longitude": round(row.longitude, POSITION_DECIMALS),
        }
    return LetterPlace(
        id=row.id,
        name=row.name,
        commune=commune,
        position=position,
        operator=row.operator,
        recorded_on=recorded_on,
        kinds=tuple(one for one in KINDS if evidence[one]),
    )


def record_letter(
    actor: Actor, code: str, ids: Sequence[int], document: str, day: date | None, now: datetime
) -> int:
    """Record that a letter told an operator of places: all of them or, with 422, none."""
    province = authorized_province(actor, EDIT, code, now)
    locked = lock_places(province.id, ids)
    step: NewStep = {**new_step("sent"), "document": document, "day": day}
    rows = {one.id: one for one in read_places(province.id)}
    for number in ids:
        if number not in locked:
            raise invalid("place", "place_number_unknown")
        if rows[number].state not in UNSENT:  # another official was first
            raise invalid("place", "place_not_unsent")
        check_step(rows[number], step, now)
    for row in locked.values():
        take_step(actor, row, step, now)
    db.session.commit()
    return len(locked)
