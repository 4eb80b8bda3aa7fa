"""The list of boundary sets and which of them serve; what only lists them reads no polygon."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, text

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.database.extensions import db
from backend.errors import Problem
from backend.units.models import Boundary, BoundarySet

# Two processes that load or activate sets take turns: the second sees what the first did.
LOCK = text("select pg_advisory_xact_lock(hashtext('dosong boundary sets'))")


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


def listing() -> list[ListedSet]:
    """Every set, in the order of loading."""
    names = ("name", "system", "quality", "valid_from", "valid_to", "activation", "digest")
    communes = select(func.count()).where(Boundary.set_id == BoundarySet.id).scalar_subquery()
    columns = [getattr(BoundarySet, name) for name in names]
    query = select(*columns, communes.label("communes")).order_by(BoundarySet.id)
    return [ListedSet(**row) for row in db.session.execute(query).mappings()]


def activate(name: str, actor: Actor | None = None) -> None:
    """Let a set serve its days before those that were activated earlier; None: at the shell."""
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
    """The highest so far is what serves; the next one goes above it."""
    return (db.session.scalar(select(func.max(BoundarySet.activation))) or 0) + 1
