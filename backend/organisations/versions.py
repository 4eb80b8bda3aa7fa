"""Change and remove rows only in the version that was seen, and say what changed."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol, cast

from sqlalchemy import CursorResult, delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped

from backend.accounts.models import Role
from backend.database.extensions import db
from backend.errors import Problem
from backend.http.etags import stale
from backend.organisations.models import Campaign, JoinCode, Organisation, Team


class Versioned(Protocol):
    """A row that is changed only as it was seen."""

    id: Mapped[int]
    version: Mapped[int]


def differing(row: Versioned, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the wanted values that the row has otherwise."""
    return {name: value for name, value in wanted.items() if getattr(row, name) != value}


def write(row: Versioned, values: Mapping[str, Any]) -> None:
    """Write values and raise the version; 412 where another change came first."""
    model: Any = type(row)
    statement = (
        update(model)
        .where(model.id == row.id, model.version == row.version)
        .values(**values, version=row.version + 1)
        .execution_options(synchronize_session=False)
    )
    if cast(CursorResult[Any], db.session.execute(statement)).rowcount != 1:
        raise stale()
    db.session.refresh(row)


def removed(row: Versioned) -> bool:
    """Remove a row that nothing refers to; False, and all as it was, where something does.

    The database's own references decide, so that who joins in this moment is not overlooked. Codes
    by which nobody joined go with it.
    """
    model: Any = type(row)
    codes = {Team: JoinCode.team_id, Campaign: JoinCode.campaign_id}.get(model)
    try:
        with db.session.begin_nested():
            if codes is not None:
                db.session.execute(delete(JoinCode).where(codes == row.id))
            gone = delete(model).where(model.id == row.id, model.version == row.version)
            if cast(CursorResult[Any], db.session.execute(gone)).rowcount != 1:
                raise stale()
    except IntegrityError:
        return False
    return True


def end_roles(kind: str, thing_id: int, now: datetime) -> int:
    """End the roles over a thing that ends or is removed; how many."""
    held = Role.scope_kind == kind, Role.scope_id == thing_id
    lasting = Role.valid_to.is_(None) | (Role.valid_to > now)
    ended = db.session.execute(
        update(Role).where(*held, lasting).values(valid_to=now),
        execution_options={"synchronize_session": False},
    )
    return cast(CursorResult[Any], ended).rowcount


def noted(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the audit log keeps them."""
    return {name: _noted(value) for name, value in values.items()}


def _noted(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    return sorted(value) if isinstance(value, frozenset) else value


def ended(row: Organisation | Team, code: str) -> None:
    """409 where a thing that ended is to be changed or added to."""
    if row.ended_at is not None:
        raise Problem(409, code)
