"""Import of teams: preview the effect of a file, then apply all of it or nothing."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import insert, select, update

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.models import Team
from backend.campaigns.teams import UNIQUE_NAME
from backend.clock import local_day
from backend.database.extensions import db, unless_violated
from backend.errors import Problem
from backend.i18n.catalogues import Language
from backend.organisations.models import Organisation
from backend.organisations.scopes import organisation_scope
from backend.tables.sheet_import import SheetImport, SheetRow
from backend.team_import.rows import ExistingTeam, check_rows
from backend.units.finder import UnitFinder
from backend.units.index import NamedUnit, unit_index
from backend.units.models import Unit
from backend.units.search import choose_units, home_area

# Columns that a file may change.
COLUMNS = (Team.type, Team.home_unit_id, Team.capacity_per_day)
# Columns whose field in the file has another name.
FIELDS = {"home_unit_id": "home_commune"}


def import_teams(
    actor: Actor,
    organisation_id: int,
    read: Callable[[], SheetImport],
    *,
    dry_run: bool,
    now: datetime,
    language: Language,
    commit: bool = True,
) -> dict[str, Any]:
    """Return the effect of each row of a list on teams; without a dry run, apply it.

    With `commit=False` the caller commits.
    """
    require_person(actor)
    require(actor, "team.edit", organisation_scope(organisation_id))
    sheet = read()
    day = local_day(now)
    organisation = _organisation(organisation_id, lock=not dry_run)
    communes = unit_index().on(day, "commune")
    home = home_area(organisation.unit_id, day)
    finder = UnitFinder(communes, partial(choose_units, day=day, level="commune"), home)
    check_rows(sheet.rows, _existing_teams(organisation_id, lock=not dry_run), finder)
    describe = partial(_describe, labels=_labels(sheet.rows, communes))
    if not dry_run:
        if sheet.totals["error"]:
            raise sheet.refusal(language, describe)
        _write(organisation_id, sheet.rows)
        record_act(  # without the contacts of leaders
            actor,
            "team.import",
            f"organisation:{organisation_id}",
            file=sheet.digest,
            totals=sheet.totals,
            created=[row.id for row in sheet.rows if row.outcome == "create"],
            changed={str(row.id): row.changes for row in sheet.rows if row.outcome == "update"},
        )
        if commit:
            db.session.commit()
    return sheet.answer(language, describe, dry_run=dry_run, as_of=day)


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
    query = (
        select(Team.id, Team.name, *COLUMNS, Team.version, Team.ended_at.is_not(None))
        .where(Team.organisation_id == organisation_id)
        .order_by(Team.id)
    )
    rows = db.session.execute(query.with_for_update() if lock else query)
    return [ExistingTeam(*row) for row in rows]


def _labels(rows: Sequence[SheetRow], communes: Sequence[NamedUnit]) -> dict[int, str]:
    """Return labels of the communes in changes; those of another day's list by name and code."""
    changes = [row.changes.get("home_unit_id", ()) for row in rows]
    ids = {one for change in changes for one in change if one is not None}
    labels = {unit.id: unit.label for unit in communes if unit.id in ids}
    query = select(Unit.id, Unit.name, Unit.code).where(Unit.id.in_(ids - set(labels)))
    return labels | {id: f"{name} ({code})" for id, name, code in db.session.execute(query)}


def _write(organisation_id: int, rows: Sequence[SheetRow]) -> None:
    """Add and change the teams in a few statements."""
    new = [row for row in rows if row.outcome == "create"]
    changed = [row for row in rows if row.outcome == "update"]
    # A team of that name may be added at this moment.
    with unless_violated(UNIQUE_NAME, Problem(409, "import_overtaken")):
        if new:
            added = insert(Team).returning(Team.id, sort_by_parameter_order=True)
            unset = {
                "organisation_id": organisation_id,
                **dict.fromkeys(column.key for column in COLUMNS),
            }
            values = [{**unset, "name": row.name, **row.values} for row in new]
            for row, team_id in zip(new, db.session.scalars(added, values), strict=True):
                row.id = team_id
        if changed:
            db.session.execute(update(Team), [_changed(row) for row in changed])


def _changed(row: SheetRow) -> dict[str, Any]:
    kept = {column.key: getattr(row.stored, column.key) for column in COLUMNS}
    return {"id": row.id, "version": row.stored.version + 1, **kept, **row.values}


def _describe(row: SheetRow, labels: Mapping[int, str]) -> dict[str, Any]:
    """Return the fields of a row in the answer."""
    # Of an invalid row only what differs from a team that is there.
    changes = {} if row.errors and row.stored is None else row.changes
    return {
        "name": row.name,
        "team_id": row.id,
        "leader": row.contact,
        "changes": {
            FIELDS.get(name, name): {"before": texts[0], "after": texts[1]}
            for name, values in changes.items()
            for texts in [[labels[v] if name in FIELDS and v is not None else v for v in values]]
        },
    }
