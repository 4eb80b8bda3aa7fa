"""Import of a list of teams: the effect of each line, and all of them written or none."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, TypedDict

from sqlalchemy import insert, select, update

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.campaign_setup.team_lines import TeamLine, as_text, in_columns, read_text, with_types
from backend.campaign_setup.team_rows import check_rows
from backend.campaigns.models import Team
from backend.campaigns.teams import UNIQUE_NAME
from backend.clock import local_day
from backend.database.extensions import db, unless_violated
from backend.errors import Problem, invalid
from backend.i18n.catalogues import Language
from backend.organisations.models import Organisation
from backend.organisations.scopes import requested_organisation_scope
from backend.tables.sheet_import import (
    OUTCOMES,
    RemarkAnswer,
    SheetRow,
    count_outcomes,
    digest_of,
)
from backend.tables.table import MAX_ROWS
from backend.units.finder import UnitFinder
from backend.units.index import unit_index
from backend.units.search import choose_units, home_area

# The type of teams of an organisation, unless the list says otherwise.
TEAM_TYPES = {"youth_union": "youth", "community_digital_team": "community_digital"}
OTHER_TEAM_TYPE = "other"
# Columns that a list may change.
COLUMNS = (Team.type, Team.home_unit_id, Team.capacity_per_day)


class TeamRow(TypedDict):
    """The effect of a line of a list of teams."""

    line: int  # from 1
    outcome: str  # create, update, unchanged, error
    name: str
    team_id: int | None  # null: a new team that is not written
    home: str  # the commune as understood; empty: none
    typed: TeamLine  # the line as typed
    errors: list[RemarkAnswer]
    notes: list[RemarkAnswer]


class TeamListEffect(TypedDict):
    """The effect of a list of teams."""

    totals: dict[str, int]  # `rows`, and the number of each outcome
    rows: list[TeamRow]


def _read_lines(organisation_id: int, text: str) -> list[TeamLine]:
    """Return the teams of a typed list; new ones without a type get that of the organisation."""
    names = select(Team.name_key).where(Team.organisation_id == organisation_id)
    existing = set(db.session.scalars(names))
    above = (unit for unit in unit_index().units if unit.level != "commune")
    lines = in_columns(read_text(text), {words for unit in above for words in unit.words})
    kind = db.session.scalar(select(Organisation.type).where(Organisation.id == organisation_id))
    return with_types(lines, TEAM_TYPES.get(kind or "", OTHER_TEAM_TYPE), existing)


def import_teams(
    actor: Actor,
    organisation_id: int,
    text: str,
    *,
    dry_run: bool,
    now: datetime,
    language: Language,
    commit: bool = True,
) -> TeamListEffect | None:
    """Return the effect of each line of a list; without a dry run, apply it. None: an empty list.

    With `commit=False` the caller commits.
    """
    require(actor, "team.edit", requested_organisation_scope(organisation_id))
    lines, day = _read_lines(organisation_id, text), local_day(now)
    if not lines:
        return None
    if len(lines) > MAX_ROWS:
        raise invalid("file", "too_many_rows")
    rows = [SheetRow(number, asdict(line)) for number, line in enumerate(lines, 1)]
    organisation = _organisation(organisation_id, lock=not dry_run)
    communes, home = unit_index().on(day, "commune"), home_area(organisation.unit_id, day)
    finder = UnitFinder(communes, partial(choose_units, day=day, level="commune"), home)
    check_rows(rows, _existing_teams(organisation_id, lock=not dry_run), finder)
    totals = {"rows": len(rows), **count_outcomes(rows, OUTCOMES)}
    if not dry_run:
        if totals["error"]:
            raise Problem(422, "import_refused")
        _write_teams(organisation_id, rows)
        record_act(  # without the contacts of leaders
            actor,
            "team.import",
            f"organisation:{organisation_id}",
            file=digest_of(as_text(lines).encode()),
            totals=totals,
            created=[row.id for row in rows if row.outcome == "create"],
            changed={str(row.id): row.changes for row in rows if row.outcome == "update"},
        )
        if commit:
            db.session.commit()
    shown = [_serialize(row, line, language) for row, line in zip(rows, lines, strict=True)]
    return {"totals": totals, "rows": shown}


def _serialize(row: SheetRow, line: TeamLine, language: Language) -> TeamRow:
    return {
        "line": row.line,
        "outcome": row.outcome,
        "name": row.name,
        "team_id": row.id,
        "home": row.unit_name,
        "typed": line,
        "errors": [remark.serialize(language) for remark in row.errors],
        "notes": [remark.serialize(language) for remark in row.notes],
    }


def _organisation(organisation_id: int, *, lock: bool) -> Organisation:
    """Return the organisation, locked so that imports wait for each other."""
    query = select(Organisation).where(Organisation.id == organisation_id)
    if lock:
        query = query.with_for_update()
    organisation = db.session.scalars(query).one()
    if organisation.ended_at is not None:
        raise Problem(409, "organisation_ended")
    return organisation


def _existing_teams(organisation_id: int, *, lock: bool) -> Sequence[Any]:
    query = (
        select(Team.id, Team.name, *COLUMNS, Team.version, Team.ended_at)
        .where(Team.organisation_id == organisation_id)
        .order_by(Team.id)
    )
    return db.session.execute(query.with_for_update() if lock else query).all()


def _write_teams(organisation_id: int, rows: Sequence[SheetRow]) -> None:
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
