"""Outreach activities: listed, summed, entered, changed and removed until the report is frozen.

An office enters those of its province or commune, the leader of a team those of the team. Sums are
by who entered, never across: a conference of a commune may be in the list of a team too.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypedDict

from sqlalchemy import text

from backend.accounts.access import Actor, Scope, can, require
from backend.accounts.audit import record_act
from backend.campaigns.models import Campaign, Team
from backend.clock import local_day, month_end, month_start, this_month
from backend.coverage.contributions.query import campaign_access
from backend.coverage.contributions.residents import residents_in, residents_of_campaign
from backend.coverage.figures.unit_access import authorized_unit
from backend.database.extensions import db
from backend.database.locks import OUTREACH_LOCK, hold
from backend.errors import Problem, invalid, or_404
from backend.http import etags
from backend.organisations.references import UnitBrief, serialize_units
from backend.organisations.scopes import campaign_scope, team_scope, unit_scope, unit_scopes
from backend.outreach.models import Outreach
from backend.units.service import UnitRow, find, units_by_id

SEE, EDIT = "outreach.see", "outreach.edit"
Kind = Literal["conference", "launch", "visits", "media", "document"]
KINDS: tuple[Kind, ...] = ("conference", "launch", "visits", "media", "document")
KINDS_OF_TEAM: tuple[Kind, ...] = ("visits", "launch", "conference", "media")
WITHOUT_PEOPLE = frozenset({"media", "document"})
AUDIENCES = ("residents", "officials")
EnteredBy = Literal["province", "commune", "team"]
ENTERED_BY: tuple[EnteredBy, ...] = ("province", "commune", "team")
# Fewer phones say too much of a single person.
MIN_PHONES = 5
# Of an office or team in a month: a list of 500 three times, far above what people type.
MAX_ENTRIES = 1_500

RESIDENTS = (
    "Residents whom volunteers helped to a counted sample of the month, each once; in a list of an"
    " area null where the month is archived"
)

ROWS = text("""
    select o.id, o.day, o.unit_id, coalesce(f.level, 'team') as entered_by,
        coalesce(f.name, t.name) as name, o.kind, o.audience, o.people, o.note, o.document_number,
        o.document_date, o.version, o.office_id, o.team_id, o.campaign_id
    from outreach o join units u on u.id = o.unit_id
        left join units f on f.id = o.office_id left join teams t on t.id = o.team_id
    where o.day between :first and :last
        and (cast(:area as integer) is null or :area in (u.id, u.parent_id, u.province_id))
        and (cast(:team as integer) is null or o.team_id = :team)
        and (cast(:campaign as integer) is null or o.campaign_id = :campaign)
    order by o.day desc, o.id desc
""")
# The province's letter of the month is made: what it says stays.
FROZEN = text("""
    select u.id from units u join reports r on r.unit_id = coalesce(u.province_id, u.id)
    where u.id = any(:units) and r.month = :month and r.state in ('frozen', 'approved')
""")
# The first counted sample of each phone on a day: a phone counts in one commune a day.
PHONES = text("""
    with first_samples as (
        select distinct on (m.device_id, m.day) m.device_id, m.day, m.unit_id
        from measurements m
        where m.counted and m.day = any(:days) and m.device_id in (
            select device_id from measurements
            where unit_id = any(:units) and day = any(:days) and counted)
        order by m.device_id, m.day, m.measured_at, m.id
    )
    select day, unit_id, count(*) as phones from first_samples
    where unit_id = any(:units) group by day, unit_id having count(*) >= :least
""")
TAKES_PART = text("""
    select exists (select from join_codes where campaign_id = :campaign and team_id = :team)
""")
IN_AREA = text("""
    select exists (select from units u join campaign_areas a
        on a.unit_id in (u.id, u.parent_id, u.province_id)
        where u.id = :unit and a.campaign_id = :campaign)
""")
SAME = text("""
    select id, unit_id, office_id, team_id, campaign_id from outreach
    where unit_id = :unit and day = :day and kind = :kind and id is distinct from :id
    order by id
""")
NUMBER = text("""
    select count(*) from outreach where day between :first and :last
        and office_id is not distinct from :office and team_id is not distinct from :team
""")


class ActivityFields(TypedDict):
    """What an activity was."""

    kind: str
    audience: str  # officials, residents
    people: int | None  # attendances; null: none are counted for this kind
    note: str
    document_number: str | None
    document_date: date | None


class Activity(ActivityFields):
    """An activity to enter, as `ActivitySchema` reads it."""

    day: date | None  # null: today; in a change: as it is
    unit: str | None  # code; null: the office's unit, the home of the team; in a change: as it is
    another: bool  # the person knows the similar one


class OutreachEntry(TypedDict):
    """An activity that an office or a team entered."""

    id: int
    day: date
    unit: UnitBrief  # commune or province
    entered_by: EnteredBy
    name: str  # of the office's unit, or of the team
    kind: Kind
    audience: str  # officials, residents
    people: Annotated[int | None, "Attendances; null: none are counted for this kind"]
    note: str
    document_number: str | None
    document_date: date | None
    phones: Annotated[
        int | None,
        "Phones whose first counted sample of that day lies in that commune, for officials of the"
        f" area; null below {MIN_PHONES}",
    ]
    may_change: bool  # until the report of the province is frozen
    version: int


class OutreachSum(TypedDict):
    """Activities of a kind that all offices of a level, or all teams, entered."""

    entered_by: EnteredBy
    kind: Kind
    entries: int
    people: int | None  # attendances; null: none are counted for this kind


class OutreachMonth(TypedDict):
    """The activities of a month, the newest first, and their sums by who entered them."""

    month: str  # YYYY-MM
    frozen: bool  # the province's report of the month is made: nothing changes
    items: list[OutreachEntry]
    sums: list[OutreachSum]
    residents: Annotated[int | None, RESIDENTS]


@dataclass(frozen=True, slots=True)
class OutreachRow:
    """A stored activity, with who entered it: the columns of ROWS."""

    id: int
    day: date
    unit_id: int
    entered_by: EnteredBy
    name: str
    kind: Kind
    audience: str
    people: int | None
    note: str
    document_number: str | None
    document_date: date | None
    version: int
    office_id: int | None
    team_id: int | None
    campaign_id: int | None


class Owner(TypedDict):
    """Who enters an activity: an office, or a team in a campaign."""

    office_id: int | None
    team_id: int | None
    campaign_id: int | None


def list_of_area(actor: Actor, code: str, month: str | None, now: datetime) -> OutreachMonth:
    """Return the activities in an area, with the phones of their days; 404 outside the own one."""
    month = month or this_month(now)
    unit = authorized_unit(actor, SEE, code, None, month)
    rows = read_rows(month, area=unit.id)
    residents = residents_in(unit.id, month)
    return _answer(actor, month, unit.id, rows, _phones(rows), residents)


def list_of_team(
    actor: Actor, campaign_id: int, team_id: int, month: str | None, now: datetime
) -> OutreachMonth:
    """Return the activities of a team in a campaign."""
    month = month or this_month(now)
    _require_team(actor, SEE, campaign_id, team_id)
    rows = read_rows(month, team=team_id, campaign=campaign_id)
    home = db.session.get_one(Team, team_id).home_unit_id
    residents = residents_of_campaign(campaign_id, month, team_id)
    return _answer(actor, month, home, rows, {}, residents)


def read_rows(
    month: str, *, area: int | None = None, team: int | None = None, campaign: int | None = None
) -> list[OutreachRow]:
    """Read the activities of a month in an area, of a campaign or its team, the newest first."""
    values = {"first": month_start(month), "last": month_end(month)}
    found = db.session.execute(ROWS, {**values, "area": area, "team": team, "campaign": campaign})
    return [OutreachRow(*row) for row in found]


def sum_rows(rows: Sequence[OutreachRow]) -> list[OutreachSum]:
    """Sum activities by who entered them and by kind."""
    entries: defaultdict[tuple[str, str], int] = defaultdict(int)
    people: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        entries[row.entered_by, row.kind] += 1
        people[row.entered_by, row.kind] += row.people or 0
    return [
        {
            "entered_by": by,
            "kind": kind,
            "entries": entries[by, kind],
            "people": None if kind in WITHOUT_PEOPLE else people[by, kind],
        }
        for by in ENTERED_BY
        for kind in KINDS
        if entries[by, kind]
    ]


def enter_for_area(actor: Actor, code: str, data: Activity, now: datetime) -> OutreachEntry:
    """Enter an activity of the office of a province or commune, in it or in one of its communes."""
    day = _past_day(data["day"] or local_day(now), now)
    office = authorized_unit(actor, EDIT, code, None, f"{day:%Y-%m}")
    if office.level == "district":
        raise Problem(422, "outreach_district")
    unit = place_in(office, data["unit"], day)
    owner: Owner = {"office_id": office.id, "team_id": None, "campaign_id": None}
    return _enter(actor, owner, unit, day, data)


def enter_for_team(
    actor: Actor, campaign_id: int, team_id: int, data: Activity, now: datetime
) -> OutreachEntry:
    """Enter an activity of a team, by default of today in its home commune."""
    _require_team(actor, EDIT, campaign_id, team_id)
    _require_kind_of_team(data)
    day = _past_day(data["day"] or local_day(now), now)
    unit = _place_of_team(campaign_id, team_id, data["unit"], day)
    owner: Owner = {"office_id": None, "team_id": team_id, "campaign_id": campaign_id}
    return _enter(actor, owner, unit, day, data)


def change(
    actor: Actor, entry_id: int, expected: etags.Expected, data: Activity, now: datetime
) -> OutreachEntry:
    """Change an activity, until the report of its province is frozen."""
    row = _own_row(actor, entry_id)
    etags.must_match(expected, row.version)
    require_open(row.unit_id, row.day)
    before = _values(row)
    day = _past_day(data["day"] or row.day, now)
    unit = row.unit_id
    if data["unit"] is not None or day != row.day:
        unit = _new_place(row, data["unit"], day)
    if row.team_id is not None:
        _require_kind_of_team(data)
    require_open(unit, day)
    _ask_about_similar(actor, unit, day, data, row.id)
    row.day, row.unit_id, row.version = day, unit, row.version + 1
    set_fields(row, data)
    record_act(actor, "outreach.change", f"outreach:{row.id}", before=before, after=_values(row))
    return _stored(actor, row)


def remove(actor: Actor, entry_id: int, expected: etags.Expected) -> None:
    """Remove an activity, until the report of its province is frozen; the audit log keeps it."""
    row = _own_row(actor, entry_id)
    etags.must_match(expected, row.version)
    require_open(row.unit_id, row.day)
    record_act(actor, "outreach.remove", f"outreach:{row.id}", before=_values(row))
    db.session.delete(row)
    db.session.commit()


def place_in(office: UnitRow, code: str | None, day: date) -> int:
    """Return the unit of an office's activity: its own, or a commune in it; else 422."""
    if code is None or code == office.code:
        return office.id
    try:
        unit = find(day, code, "commune")
    except Problem:
        raise invalid("unit", "no_such_unit") from None
    if office.id not in unit_scope(unit.id).units:
        raise invalid("unit", "unit_outside")
    return unit.id


def require_open(unit_id: int, day: date) -> None:
    """Raise 409 where the province's report of the day's month is frozen."""
    if is_frozen(unit_id, f"{day:%Y-%m}"):
        raise Problem(409, "outreach_frozen")


def is_frozen(unit_id: int, month: str) -> bool:
    """Return whether the report of a unit's province is frozen for a month."""
    return unit_id in _frozen([unit_id], month)


def require_room(owner: Owner, day: date, more: int = 1) -> None:
    """Raise 409 where an office or team has too many activities in the month of a day."""
    month = f"{day:%Y-%m}"
    days = {"first": month_start(month), "last": month_end(month)}
    values = {**days, "office": owner["office_id"], "team": owner["team_id"]}
    if (db.session.execute(NUMBER, values).scalar() or 0) + more > MAX_ENTRIES:
        raise Problem(409, "outreach_full")


def set_fields(row: Outreach, data: ActivityFields) -> None:
    """Set what an activity was."""
    row.kind, row.audience, row.people = data["kind"], data["audience"], data["people"]
    row.note, row.document_number = data["note"], data["document_number"]
    row.document_date = data["document_date"]


def _enter(actor: Actor, owner: Owner, unit: int, day: date, data: Activity) -> OutreachEntry:
    hold(OUTREACH_LOCK)  # of two equal posts the later one is asked
    require_open(unit, day)
    require_room(owner, day)
    _ask_about_similar(actor, unit, day, data, None)
    row = Outreach(day=day, unit_id=unit, **owner)
    set_fields(row, data)
    db.session.add(row)
    db.session.flush()
    record_act(actor, "outreach.enter", f"outreach:{row.id}", after=_values(row))
    return _stored(actor, row)


def _ask_about_similar(actor: Actor, unit: int, day: date, data: Activity, own: int | None) -> None:
    """Raise 409 if an activity of the same day, commune and kind is known to the person."""
    if data["another"]:
        return
    values = {"unit": unit, "day": day, "kind": data["kind"], "id": own}
    for row in db.session.execute(SAME, values):
        if can(actor, SEE, _scope_to_see(row)):
            raise Problem(409, "outreach_similar")


def _require_kind_of_team(data: Activity) -> None:
    if data["kind"] not in KINDS_OF_TEAM:
        raise invalid("kind", "document_of_office")


def _past_day(day: date, now: datetime) -> date:
    if day > local_day(now):
        raise invalid("day", "day_in_future")
    return day


def _require_team(actor: Actor, act: str, campaign_id: int, team_id: int) -> None:
    """Raise 404 unless the team takes part and the actor leads it or organises the campaign."""
    values = {"campaign": campaign_id, "team": team_id}
    if not db.session.execute(TAKES_PART, values).scalar():
        raise Problem(404, "not_found")
    require(actor, act, _team_scope(campaign_id, team_id), hidden=True)
    campaign_access(actor, campaign_id)


def _team_scope(campaign_id: int, team_id: int) -> Scope:
    of_team, of_campaign = team_scope(team_id), campaign_scope(campaign_id)
    return Scope(of_team.teams, of_team.organisations | of_campaign.organisations)


def _place_of_team(campaign_id: int, team_id: int, code: str | None, day: date) -> int:
    """Return the commune of a team's activity: the named one, or its home; in the campaign."""
    campaign = or_404(db.session.get(Campaign, campaign_id))
    if not campaign.first_day <= day <= campaign.last_day:
        raise invalid("day", "outside_campaign")
    if code is None:
        home = db.session.get_one(Team, team_id).home_unit_id
        units = units_by_id(day, [home]) if home is not None else []
        if not units:
            raise invalid("unit", "required")
        unit = units[0]
    else:
        try:
            unit = find(day, code, "commune")
        except Problem:
            raise invalid("unit", "no_such_unit") from None
    if unit.level != "commune":
        raise invalid("unit", "no_such_unit")
    values = {"unit": unit.id, "campaign": campaign_id}
    if not db.session.execute(IN_AREA, values).scalar():
        raise invalid("unit", "outside_area")
    return unit.id


def _new_place(row: Outreach, code: str | None, day: date) -> int:
    """Return the unit of a changed activity on its new day, among those of who entered it."""
    units = units_by_id(day, [row.unit_id])
    code = code or (units[0].code if units else None)
    if row.team_id is not None and row.campaign_id is not None:
        return _place_of_team(row.campaign_id, row.team_id, code, day)
    assert row.office_id is not None
    offices = units_by_id(day, [row.office_id])
    if not offices:
        raise invalid("day", "no_such_unit")
    return place_in(offices[0], code, day)


def _own_row(actor: Actor, entry_id: int) -> Outreach:
    """Lock and return an activity that the actor may change; 404 for one that they do not see."""
    hold(OUTREACH_LOCK)
    row = or_404(db.session.get(Outreach, entry_id, with_for_update=True, populate_existing=True))
    require(actor, SEE, _scope_to_see(row), hidden=True)
    require(actor, EDIT, _scope_to_change(row))
    return row


def _scope_to_see(row: Any) -> Scope:
    """Return the scope of an activity: its team and campaign, and the unit where it was."""
    units = unit_scope(row.unit_id)
    if row.team_id is None:
        return units
    team = _team_scope(row.campaign_id, row.team_id)
    return Scope(team.teams, team.organisations, units.units, units.clusters)


def _scope_to_change(row: Any) -> Scope:
    """Return the scope of who entered an activity."""
    if row.team_id is not None:
        return _team_scope(row.campaign_id, row.team_id)
    return unit_scope(row.office_id)


def _phones(rows: Sequence[OutreachRow]) -> Mapping[tuple[date, int], int]:
    """Return the phones of each day and commune of activities, from MIN_PHONES on."""
    if not rows:
        return {}
    places = {"days": list({row.day for row in rows}), "units": list({r.unit_id for r in rows})}
    found = db.session.execute(PHONES, places | {"least": MIN_PHONES})
    return {(row.day, row.unit_id): row.phones for row in found}


def _values(row: Outreach) -> dict[str, str | int | None]:
    """Return the values of an activity for the audit log."""
    names = ("day", "unit_id", "office_id", "team_id", "campaign_id", "kind", "audience", "people")
    values = {name: getattr(row, name) for name in (*names, "note", "document_number")}
    return values | {
        "day": row.day.isoformat(),
        "document_date": row.document_date and row.document_date.isoformat(),
    }


def _stored(actor: Actor, row: Outreach) -> OutreachEntry:
    """Commit an activity, and return it."""
    db.session.flush()
    entry_id, month = row.id, f"{row.day:%Y-%m}"
    rows = [one for one in read_rows(month, area=row.unit_id) if one.id == entry_id]
    [entry] = _answer(actor, month, row.unit_id, rows, {}, None)["items"]
    db.session.commit()
    return entry


def _answer(
    actor: Actor,
    month: str,
    unit: int | None,
    rows: Sequence[OutreachRow],
    phones: Mapping[tuple[date, int], int],
    residents: int | None,
) -> OutreachMonth:
    frozen = _frozen({row.unit_id for row in rows} | ({unit} if unit else set()), month)
    units = serialize_units([row.unit_id for row in rows])
    may = _owners(actor, rows)
    items: list[OutreachEntry] = [
        {
            "id": row.id,
            "day": row.day,
            "unit": units[row.unit_id],
            "entered_by": row.entered_by,
            "name": row.name,
            "kind": row.kind,
            "audience": row.audience,
            "people": row.people,
            "note": row.note,
            "document_number": row.document_number,
            "document_date": row.document_date,
            "phones": phones.get((row.day, row.unit_id)),
            "may_change": row.unit_id not in frozen and _owner(row) in may,
            "version": row.version,
        }
        for row in rows
    ]
    return {
        "month": month,
        "frozen": unit in frozen,
        "items": items,
        "sums": sum_rows(rows),
        "residents": residents,
    }


def _owner(row: OutreachRow) -> tuple[int | None, ...]:
    return row.office_id, row.team_id, row.campaign_id


def _owners(actor: Actor, rows: Sequence[OutreachRow]) -> set[tuple[int | None, ...]]:
    """Return the offices and teams whose activities an actor may change."""
    offices = unit_scopes({row.office_id for row in rows if row.office_id is not None})
    by_owner = {_owner(row): row for row in rows}
    return {
        owner
        for owner, row in by_owner.items()
        if can(actor, EDIT, offices.get(row.office_id or 0) or _scope_to_change(row))
    }


def _frozen(units: Collection[int], month: str) -> frozenset[int]:
    """Return those units whose province has a frozen report of a month."""
    values = {"units": list(units), "month": month}
    return frozenset(db.session.execute(FROZEN, values).scalars())
