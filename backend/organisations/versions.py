"""Read rows and pages of rows; change and remove them in the version that the client read."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Select, delete, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Mapped

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.accounts.models import Role
from backend.database.extensions import change_rows, db
from backend.errors import Problem, or_404
from backend.http.etags import stale
from backend.http.paging import PageQuery, decode_cursor, row_id, sort_text, take_page

Model = TypeVar("Model")


class Versioned(Protocol):
    """A row with a version, which every change raises."""

    id: Mapped[int]
    version: Mapped[int]


class Ending(Protocol):
    """A row that can end."""

    ended_at: Mapped[datetime | None]


def get_row(model: type[Model], identity: int) -> Model:
    """Return a row as it is stored now; 404 where there is none."""
    return or_404(db.session.get(model, identity, populate_existing=True))


def name_order(model: Any) -> tuple[Any, Any]:
    """Return the Vietnamese order of rows with a name."""
    return model.sort_key.collate("C"), model.id


def page_by_name(
    model: type[Model], rows: Select[Model], query: PageQuery
) -> tuple[Sequence[Model], str | None]:
    """Return a page of the selected rows in Vietnamese order, and the cursor of the next page."""
    order = name_order(model)
    if after := decode_cursor(query["cursor"], sort_text, row_id):
        rows = rows.where(tuple_(*order) > tuple_(*after))
    found: Sequence[Any] = db.session.scalars(rows.order_by(*order).limit(query["limit"] + 1)).all()
    return take_page(found, query["limit"], lambda row: (row.sort_key, row.id))


def changed_values(row: Versioned, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that differ from the row's."""
    return {name: value for name, value in values.items() if getattr(row, name) != value}


def update_row(row: Versioned, values: Mapping[str, Any]) -> None:
    """Write values and raise the version; 412 where another change came first."""
    model: Any = type(row)
    same = model.id == row.id, model.version == row.version
    if change_rows(update(model).where(*same).values(**values, version=row.version + 1)) != 1:
        raise stale()
    db.session.refresh(row)


def change_row(
    actor: Actor,
    kind: str,
    row: Versioned,
    changed: Mapping[str, Any],
    derived: Mapping[str, Any] | None = None,
) -> None:
    """Write changed values, with those derived from them, and record the act."""
    before = {name: getattr(row, name) for name in changed}
    update_row(row, {**changed, **(derived or {})})
    details = {"before": audit_values(before), "after": audit_values(changed)}
    record_act(actor, f"{kind}.change", f"{kind}:{row.id}", **details)


def remove_unused(row: Versioned, join_codes: InstrumentedAttribute[int] | None = None) -> bool:
    """Remove a row unless something refers to it; return whether it was removed.

    The database's foreign keys decide, so that a person who joins at this moment is not
    overlooked. `join_codes` is the column by which unused join codes refer to the row: they are
    removed with it.
    """
    model: Any = type(row)
    try:
        with db.session.begin_nested():
            if join_codes is not None:
                db.session.execute(delete(join_codes.class_).where(join_codes == row.id))
            same = model.id == row.id, model.version == row.version
            if change_rows(delete(model).where(*same)) != 1:
                raise stale()
    except IntegrityError:
        return False
    return True


def end_roles(kind: str, scope_id: int, now: datetime) -> int:
    """End the roles over a thing that ends or is removed; return their number."""
    scope = Role.scope_kind == kind, Role.scope_id == scope_id
    lasting = Role.valid_to.is_(None) | (Role.valid_to > now)
    return change_rows(update(Role).where(*scope, lasting).values(valid_to=now))


def audit_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON for the audit log."""
    return {name: _audit_value(value) for name, value in values.items()}


def _audit_value(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    return sorted(value) if isinstance(value, frozenset) else value


def require_not_ended(row: Ending, code: str) -> None:
    """Raise 409 where a row that ended is to be changed or added to."""
    if row.ended_at is not None:
        raise Problem(409, code)
