"""The systems of units, and the boundary sets: all, the one of a day, activation; no polygons."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from sys import intern
from typing import Any, Literal, TypedDict

from sqlalchemy import Executable, func, select

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.database.extensions import db, fetch_autocommit
from backend.database.locks import BOUNDARY_SETS_LOCK, hold
from backend.errors import or_404
from backend.units.models import Boundary, BoundarySet

# Law 72/2025/QH15 ended the districts and began today's communes on this day.
REFORM = date(2025, 7, 1)
LEVELS = ("province", "district", "commune")
LEVELS_OF = {"2024": LEVELS, "2025": ("province", "commune")}  # by system of units
SYSTEMS = tuple(LEVELS_OF)
APPROXIMATE = "approximate"
ROWS_AT_ONCE = 1_000


Quality = Literal["approximate", "derived", "published"]


class Boundaries(TypedDict):
    """The boundary set of an answer, and its quality."""

    set: str  # its name
    quality: Quality


@dataclass(frozen=True, slots=True)
class ActiveSet:
    """An active boundary set."""

    id: int
    name: str
    system: str
    quality: Quality
    valid_from: date | None
    valid_to: date | None
    activation: int
    digest: str

    def covers(self, day: date) -> bool:
        """Return whether a day lies in the set's span."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)

    def serialize(self) -> Boundaries:
        """Return the set as answers name it."""
        return {"set": self.name, "quality": self.quality}


ACTIVE = f"""
    select {", ".join(ActiveSet.__dataclass_fields__)} from boundary_sets
    where activation is not null
"""  # noqa: S608 # names of columns


def read_rows(query: Executable) -> Iterator[list[Any]]:
    """Yield the rows of a query about units, whose equal texts are one object.

    All units twice, as the driver reads them, would leave memory that a process never returns. Rows
    of the connection take half the time of those of the session.
    """
    for rows in db.session.connection().execute(query).partitions(ROWS_AT_ONCE):
        for row in rows:
            yield [intern(value) if type(value) is str else value for value in row]


def system_on(day: date) -> str:
    """Return the system of units in force on a day."""
    return "2024" if day < REFORM else "2025"


def system_span(system: str) -> tuple[date | None, date | None]:
    """Return the first and the last day of a system; None where it has no end."""
    return (None, REFORM - timedelta(days=1)) if system == "2024" else (REFORM, None)


def read_active() -> tuple[ActiveSet, ...]:
    """Return every active set, read on a connection of its own."""
    return tuple(ActiveSet(**row) for row in fetch_autocommit(ACTIVE, {}))


def serving_set(day: date, sets: Sequence[ActiveSet]) -> ActiveSet | None:
    """Choose the set of a day: an installed one before the approximate, the latest activated."""
    candidates = [one for one in sets if one.system == system_on(day) and one.covers(day)]
    return max(
        candidates, key=lambda one: (one.quality != APPROXIMATE, one.activation), default=None
    )


def list_sets() -> Sequence[Any]:
    """Return the columns of every set and its number of communes, in the order of loading."""
    communes = select(func.count()).where(Boundary.set_id == BoundarySet.id).scalar_subquery()
    query = select(*BoundarySet.__table__.columns, communes.label("communes"))
    return db.session.execute(query.order_by(BoundarySet.id)).all()


def find_set(name: str) -> BoundarySet:
    """Return a set by its name; 404 without one."""
    query = select(BoundarySet).where(BoundarySet.name == name)
    row: BoundarySet = or_404(db.session.scalar(query), "set_unknown")
    return row


def activate(name: str, actor: Actor | None = None) -> None:
    """Let a set serve its days before those activated earlier; no actor: from the shell."""
    if actor is not None:
        require(actor, "system.manage")
    hold(BOUNDARY_SETS_LOCK)
    row = find_set(name)
    row.activation = next_activation()
    record_act(actor, "units.activate", name, activation=row.activation)
    db.session.commit()


def next_activation() -> int:
    """Return a number above every activation so far: the highest one serves."""
    return (db.session.scalar(select(func.max(BoundarySet.activation))) or 0) + 1
