"""Many teams at once: show what a file will do, then do all of it or nothing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.models import Team
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.models import Organisation
from backend.organisations.scopes import organisation_scope
from backend.tables.reader import read_table
from backend.tables.table import Table
from backend.team_import.places import Place, Places
from backend.team_import.rows import Row, Standing, field_errors, rows_of
from backend.units.models import Unit
from backend.units.service import valid_on

_KNOWN = (Team.id, Team.name, Team.type, Team.home_unit_id, Team.capacity_per_day, Team.version)


@dataclass(frozen=True, slots=True)
class Import:
    """What a file did or would do."""

    dry_run: bool
    as_of: date
    table: Table
    rows: list[Row]
    labels: dict[int, str]  # of the communes that rows speak of

    @property
    def totals(self) -> dict[str, int]:
        counted = Counter(row.outcome for row in self.rows)
        names = ("create", "update", "unchanged", "error")
        return {"rows": len(self.rows), **{name: counted[name] for name in names}}


def import_teams(
    actor: Actor,
    organisation_id: int,
    read: Callable[[], bytes],
    *,
    dry_run: bool,
    now: datetime,
    told: Callable[[Import], dict[str, Any]],
) -> dict[str, Any]:
    """Say what each row of a file does to an organisation's teams; without a dry run, do it.

    `told` puts an import in the reader's language.
    """
    require_person(actor)
    require(actor, "team.edit", organisation_scope(organisation_id))
    raw = read()
    table = read_table(raw)
    day = local_day(now)
    organisation = _organisation(organisation_id, hold=not dry_run)
    communes = places_on(day)
    places = Places(communes, organisation.unit_id)
    rows = rows_of(table, _standing(organisation_id, hold=not dry_run), places)
    result = Import(dry_run, day, table, rows, _labels(rows, communes))
    if not dry_run:
        if any(row.errors for row in rows):
            raise _refused(result, told)
        _write(organisation_id, rows)
        _note(actor, organisation_id, raw, result)
        db.session.commit()
    return told(result)


def places_on(day: date, level: str = "commune") -> list[Place]:
    """The units of a level on a day with what is above them."""
    parent, province = aliased(Unit), aliased(Unit)
    query = (
        select(Unit.id, Unit.code, Unit.name, Unit.type, parent.id, parent.name, parent.type)
        .add_columns(province.id, province.name, province.type)
        .outerjoin(parent, parent.id == Unit.parent_id)
        .outerjoin(province, province.id == Unit.province_id)
        .where(valid_on(day), Unit.level == level)
        .order_by(Unit.id)
    )
    return [_place(*row) for row in db.session.execute(query)]


def _place(id: int, code: str, name: str, kind: str, *above: Any) -> Place:
    """A unit of the columns of `places_on`; since 2025 a commune's parent is its province."""
    higher = {above[at]: (above[at + 1], above[at + 2]) for at in (0, 3) if above[at] is not None}
    return Place(id, code, name, kind, tuple(higher.values()), frozenset({id, *higher}))


def _organisation(organisation_id: int, *, hold: bool) -> Organisation:
    """The organisation, held until the transaction ends, so that two imports follow each other."""
    query = select(Organisation).where(Organisation.id == organisation_id)
    if hold:
        query = query.with_for_update()
    organisation = db.session.scalars(query).one()
    if organisation.ended_at is not None:
        raise Problem(409, "organisation_ended")
    return organisation


def _standing(organisation_id: int, *, hold: bool) -> list[Standing]:
    columns: list[Any] = [*_KNOWN, Team.ended_at.is_not(None)]
    query = select(*columns)
    query = query.where(Team.organisation_id == organisation_id).order_by(Team.id)
    if hold:
        query = query.with_for_update()
    return [Standing(*row) for row in db.session.execute(query)]


def _labels(rows: Sequence[Row], communes: Sequence[Place]) -> dict[int, str]:
    """The communes of the changes in words; one of another day's list by its name and code."""
    spoken = {one for row in rows for one in row.changes.get("home_unit_id", ()) if one is not None}
    spoken |= {row.values["home_unit_id"] for row in rows if "home_unit_id" in row.values}
    labels = {place.id: place.label for place in communes if place.id in spoken}
    query = select(Unit.id, Unit.name, Unit.code).where(Unit.id.in_(spoken - set(labels)))
    return labels | {id: f"{name} ({code})" for id, name, code in db.session.execute(query)}


def _refused(result: Import, told: Callable[[Import], dict[str, Any]]) -> Problem:
    """All rows that cannot be used; nothing was written."""
    wrong = [row for row in result.rows if row.errors]
    errors = field_errors(wrong)
    answer = told(Import(False, result.as_of, result.table, wrong, result.labels))
    members = {"totals": result.totals, "rows": answer["rows"]}
    return Problem(422, "import_refused", errors, members=members)


def _write(organisation_id: int, rows: Sequence[Row]) -> None:
    """Add and change the teams in a few statements."""
    fresh = [row for row in rows if row.outcome == "create"]
    changed = [row for row in rows if row.outcome == "update"]
    unset = {"home_unit_id": None, "capacity_per_day": None}
    try:
        if fresh:
            added = insert(Team).returning(*_KNOWN, sort_by_parameter_order=True)
            values = [
                {**unset, **row.values, "name": row.name, "organisation_id": organisation_id}
                for row in fresh
            ]
            for row, made in zip(fresh, db.session.execute(added, values).all(), strict=True):
                row.team, row.created = Standing(*made, ended=False), True
        if changed:
            db.session.execute(update(Team), [_changed(row) for row in changed])
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        # A team of that name was made beside us in this very moment.
        raise Problem(409, "import_overtaken") from error


def _changed(row: Row) -> dict[str, Any]:
    assert row.team is not None
    kept = {name: getattr(row.team, name) for name in ("type", "home_unit_id", "capacity_per_day")}
    return {"id": row.team.id, "version": row.team.version + 1, **kept, **row.values}


def _note(actor: Actor, organisation_id: int, raw: bytes, result: Import) -> None:
    """Note what came of the file; its leaders' addresses are nobody's business later."""
    changes = {str(row.team.id): row.changes for row in result.rows if row.team and row.changes}
    record_act(
        actor,
        "team.import",
        f"organisation:{organisation_id}",
        file=hashlib.sha256(raw).hexdigest(),
        totals=result.totals,
        created=[row.team.id for row in result.rows if row.team and row.created],
        changed=changes,
    )
