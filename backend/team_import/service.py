"""Import of teams: preview the effect of a file, then apply all of it or nothing."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.models import Team
from backend.clock import local_day
from backend.database.extensions import db
from backend.errors import Problem
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.organisations.models import Organisation
from backend.organisations.scopes import organisation_scope
from backend.tables.reader import read_table
from backend.team_import.rows import (
    ExistingTeam,
    ImportResult,
    Remark,
    Row,
    field_errors,
    read_rows,
)
from backend.team_import.unit_finder import UnitFinder
from backend.units.index import NamedUnit, unit_index
from backend.units.models import Unit
from backend.units.search import choose_units, home_area

_COLUMNS = (Team.id, Team.name, Team.type, Team.home_unit_id, Team.capacity_per_day, Team.version)


def import_teams(
    actor: Actor,
    organisation_id: int,
    read: Callable[[], bytes],
    *,
    dry_run: bool,
    now: datetime,
    language: Language,
    commit: bool = True,
) -> dict[str, Any]:
    """Return the effect of each row of a file on teams; without a dry run, apply it.

    With `commit=False` the caller commits.
    """
    require_person(actor)
    require(actor, "team.edit", organisation_scope(organisation_id))
    raw = read()
    table = read_table(raw)
    day = local_day(now)
    organisation = _organisation(organisation_id, lock=not dry_run)
    communes = unit_index().on(day, "commune")
    home = home_area(organisation.unit_id, day)
    finder = UnitFinder(communes, home, choose=partial(choose_units, day=day, level="commune"))
    teams = _existing_teams(organisation_id, lock=not dry_run)
    rows = read_rows(table, teams, finder)
    result = ImportResult(dry_run, day, table, rows, _labels(rows, communes))
    if not dry_run:
        if any(row.errors for row in rows):
            raise _refusal(result, language)
        _write(organisation_id, rows)
        _audit(actor, organisation_id, raw, result)
        if commit:
            db.session.commit()
    return serialize_import(result, language)


def _organisation(organisation_id: int, *, lock: bool) -> Organisation:
    """Return the organisation, locked so that imports wait for each other."""
    query = select(Organisation).where(Organisation.id == organisation_id)
    if lock:
        query = query.with_for_update()
    organisation = db.session.scalars(query).one()
    if organisation.ended_at is not None:
        raise Problem(409, "organisation_ended")
    return organisation


def _existing_teams(organisation_id: int, *, lock: bool) -> list[ExistingTeam]:
    columns: list[Any] = [*_COLUMNS, Team.ended_at.is_not(None)]
    query = select(*columns)
    query = query.where(Team.organisation_id == organisation_id).order_by(Team.id)
    if lock:
        query = query.with_for_update()
    return [ExistingTeam(*row) for row in db.session.execute(query)]


def _labels(rows: Sequence[Row], communes: Sequence[NamedUnit]) -> dict[int, str]:
    """Return labels of the communes in changes; those of another day's list by name and code."""
    ids = {one for row in rows for one in row.changes.get("home_unit_id", ()) if one is not None}
    ids |= {row.values["home_unit_id"] for row in rows if "home_unit_id" in row.values}
    labels = {unit.id: unit.label for unit in communes if unit.id in ids}
    query = select(Unit.id, Unit.name, Unit.code).where(Unit.id.in_(ids - set(labels)))
    return labels | {id: f"{name} ({code})" for id, name, code in db.session.execute(query)}


def _refusal(result: ImportResult, language: Language) -> Problem:
    """Return the error with all unusable rows; nothing was written."""
    wrong = [row for row in result.rows if row.errors]
    errors = field_errors(wrong)
    faulty = ImportResult(False, result.as_of, result.table, wrong, result.labels)
    answer = serialize_import(faulty, language)
    members = {"totals": result.totals, "rows": answer["rows"]}
    return Problem(422, "import_refused", errors, members=members)


def _write(organisation_id: int, rows: Sequence[Row]) -> None:
    """Add and change the teams in a few statements."""
    new = [row for row in rows if row.outcome == "create"]
    changed = [row for row in rows if row.outcome == "update"]
    unset = {"home_unit_id": None, "capacity_per_day": None}
    try:
        if new:
            added = insert(Team).returning(*_COLUMNS, sort_by_parameter_order=True)
            values = [
                {**unset, **row.values, "name": row.name, "organisation_id": organisation_id}
                for row in new
            ]
            for row, made in zip(new, db.session.execute(added, values).all(), strict=True):
                row.team, row.created = ExistingTeam(*made, ended=False), True
        if changed:
            db.session.execute(update(Team), [_changed(row) for row in changed])
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        # A team of that name was added at this moment.
        raise Problem(409, "import_overtaken") from error


def _changed(row: Row) -> dict[str, Any]:
    assert row.team is not None
    kept = {name: getattr(row.team, name) for name in ("type", "home_unit_id", "capacity_per_day")}
    return {"id": row.team.id, "version": row.team.version + 1, **kept, **row.values}


def _audit(actor: Actor, organisation_id: int, raw: bytes, result: ImportResult) -> None:
    """Record the import, without the contacts of leaders."""
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


# Columns of teams whose field in the file has another name.
FIELDS = {"home_unit_id": "home_commune"}


def serialize_import(result: ImportResult, language: Language) -> dict[str, Any]:
    """Return the answer of ImportSchema."""
    return {
        "dry_run": result.dry_run,
        "as_of": result.as_of,
        "read_as": result.table.how,
        "columns": list(result.table.header.at),
        "ignored_columns": list(result.table.header.ignored),
        "totals": result.totals,
        "rows": [_row(row, result.labels, language) for row in result.rows],
    }


def _row(row: Row, labels: Mapping[int, str], language: Language) -> dict[str, Any]:
    return {
        "line": row.line,
        "outcome": row.outcome,
        "name": row.name,
        "team_id": row.team.id if row.team else None,
        "changes": _changes(row, labels),
        "leader": row.leader,
        "errors": serialize_remarks(row.errors, language),
        "notes": serialize_remarks(row.notes, language),
    }


def _changes(row: Row, labels: Mapping[int, str]) -> dict[str, Any]:
    """Return each changed field before and after; all set fields of a new team."""
    changes = row.changes
    if row.outcome == "create":
        changes = {name: (None, value) for name, value in row.values.items()}
    return {
        FIELDS.get(name, name): {"before": texts[0], "after": texts[1]}
        for name, values in changes.items()
        for texts in [[labels[v] if name in FIELDS and v is not None else v for v in values]]
    }


def serialize_remarks(remarks: Sequence[Remark], language: Language) -> list[dict[str, Any]]:
    """Return errors or notes with their messages."""
    return [
        {
            "field": remark.field,
            "code": remark.code,
            "message": message(remark.code, language),
            "candidates": list(remark.candidates),
        }
        for remark in remarks
    ]
