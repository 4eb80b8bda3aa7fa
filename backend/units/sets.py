"""Boundary sets: the set to add, the list of sets, and the active ones. Reads no polygon."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.errors import Problem
from backend.units.catalogue import system_span
from backend.units.models import Boundary, BoundarySet

# Processes that load or activate sets take turns: the second sees the changes of the first.
LOCK = text("select pg_advisory_xact_lock(hashtext('dosong boundary sets'))")


@dataclass(frozen=True, slots=True)
class NewSet:
    """A set to add."""

    name: str
    system: str
    quality: str
    valid_from: date | None
    valid_to: date | None
    note: str | None = None

    @property
    def span(self) -> tuple[date | None, date | None]:
        """The days in which its units are valid: its own, within those of its system."""
        first, last = system_span(self.system)
        firsts = [day for day in (first, self.valid_from) if day]
        lasts = [day for day in (last, self.valid_to) if day]
        return max(firsts, default=None), min(lasts, default=None)


@dataclass(frozen=True, slots=True)
class ListedSet:
    """A set as `flask units list` shows it."""

    name: str
    system: str
    quality: str
    valid_from: date | None
    valid_to: date | None
    activation: int | None
    communes: int
    digest: str


def list_sets() -> list[ListedSet]:
    """Return every set, in the order of loading."""
    names = ("name", "system", "quality", "valid_from", "valid_to", "activation", "digest")
    communes = select(func.count()).where(Boundary.set_id == BoundarySet.id).scalar_subquery()
    columns = [getattr(BoundarySet, name) for name in names]
    query = select(*columns, communes.label("communes")).order_by(BoundarySet.id)
    return [ListedSet(**row) for row in db.session.execute(query).mappings()]


def activate(name: str, actor: Actor | None = None) -> None:
    """Let a set serve its days before those activated earlier; no actor: from the shell."""
    if actor is not None:
        require(actor, "system.manage")
    db.session.execute(LOCK)
    row = db.session.scalar(select(BoundarySet).where(BoundarySet.name == name))
    if row is None:
        raise Problem(404, "set_unknown")
    row.activation = next_activation()
    record_act(actor, "units.activate", name, activation=row.activation)
    db.session.commit()


def next_activation() -> int:
    """Return a number above every activation so far: the highest one serves."""
    return (db.session.scalar(select(func.max(BoundarySet.activation))) or 0) + 1
