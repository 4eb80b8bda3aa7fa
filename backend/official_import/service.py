"""Invite many officials at once: check every line first, then invite all of them or nobody."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TypedDict

from sqlalchemy import and_, func, null, select

from backend.accounts import links, users
from backend.accounts.access import Actor, require, require_recent
from backend.accounts.audit import record_act, record_read
from backend.accounts.links import Link
from backend.accounts.models import Role, User
from backend.accounts.users import NewRole
from backend.clock import VIETNAM, day_begin, local_day
from backend.database.extensions import db
from backend.errors import FieldError, Problem
from backend.i18n.catalogues import Language
from backend.official_import.lines import MAX_LINES, OfficialLine
from backend.official_import.rows import OUTCOMES, Account, read_rows
from backend.tables.sheet_import import RemarkAnswer, SheetRow, count_outcomes
from backend.units.finder import UnitFinder
from backend.units.index import NamedUnit, unit_index
from backend.units.search import choose_units, home_area

ROLE = "official"


@dataclass(frozen=True, slots=True)
class InvitedOfficial:
    """A person who got a link, and the names of their units."""

    contact: str
    name: str | None
    units: tuple[str, ...]
    link: Link


class OfficialRow(TypedDict):
    """A line of a list, and what it does."""

    line: int  # its number
    outcome: str  # of OUTCOMES, or error
    unit: str  # a name, or as written
    name: str
    contact: str  # as stored, or as written
    last_day: date | None
    account: int | None  # the account of the contact that nobody has confirmed
    errors: list[RemarkAnswer]
    notes: list[RemarkAnswer]


class ImportedOfficials(TypedDict):
    """The lines of a list, their sums, and the people invited."""

    rows: list[OfficialRow]
    totals: dict[str, int]  # by outcome
    invited: list[InvitedOfficial]  # empty: a preview, or a line is wrong


class KnownOfficial(TypedDict):
    """A person with the role of an official of a unit."""

    contact: str | None  # the login name
    name: str | None
    accepted: bool


UnitOfficials = tuple[NamedUnit, list[KnownOfficial]]


def invite_officials(
    actor: Actor,
    lines: Sequence[OfficialLine],
    home: int | None,
    now: datetime,
    language: Language,
    *,
    dry_run: bool,
    renew: bool = False,
    known: Collection[int] = (),
    first_row: int = 1,
) -> ImportedOfficials:
    """Check a list of officials; without a dry run, invite them and grant the roles.

    Return its rows, the sums, and those invited with their links.

    Names that several communes have mean those in the province of `home`. A person with the role
    already stays as they are, so the same list can be sent again; `renew` makes new links for those
    of them who have not accepted. An account that no admin has confirmed gets a new link too, until
    whose use the role waits, unless the admin knows that it is the person's (`known`). One faulty
    line stops all.
    """
    require(actor, "users.manage")
    if len(lines) > MAX_LINES:
        raise Problem(422, "invalid", [FieldError("officials", "too_many_officials")])
    day, index = local_day(now), unit_index()
    units = [*index.on(day, "commune"), *index.on(day, "province")]
    finder = UnitFinder(units, partial(choose_units, day=day), home_area(home, day))
    accounts = partial(_accounts, now)
    rows = read_rows(lines, accounts, finder, day, renew=renew, known=known, first_row=first_row)
    totals = count_outcomes(rows, OUTCOMES)
    if dry_run or totals["error"] or not any(row.contact for row in rows):
        return {"rows": _serialize(rows, language), "totals": totals, "invited": []}
    require_recent(actor, now)
    by_contact: dict[str, list[SheetRow]] = {}  # a person with several units gets one link
    for row in rows:
        if row.outcome in ("invite", "renew", "grant", "confirm"):
            by_contact.setdefault(row.contact or "", []).append(row)
    for user_id in {row.stored.id for row in rows if row.outcome == "grant"}.intersection(known):
        users.set_confirmed(users.find(user_id), now)
        record_act(actor, "user.confirm", f"user:{user_id}")
    written = [_invite(actor, contact, given, now) for contact, given in by_contact.items()]
    invited = [one for one in written if one is not None]
    granted = totals["grant"] + totals["confirm"]
    acts = {"create": totals["invite"], "update": granted, "unchanged": totals["unchanged"]}
    record_act(actor, "official.import", "officials", totals=acts)
    db.session.commit()
    return {"rows": _serialize(rows, language), "totals": totals, "invited": invited}


def _accounts(now: datetime, names: Iterable[str]) -> dict[str, Account]:
    """Return the accounts of some names, with the units of their roles as officials."""
    own = and_(
        Role.user_id == User.id,
        Role.role == ROLE,
        Role.scope_kind == "unit",
        Role.delegated_by.is_(None),
        users.in_force(now),
    )
    units = func.array_remove(func.array_agg(Role.scope_id), null()).label("units")
    confirmed = User.confirmed_at.is_not(None).label("confirmed")
    query = (
        select(User.id, User.name, User.accepted, confirmed, units)
        .outerjoin(Role, own)
        .where(User.name.in_(list(names)))
        .group_by(User.id)
    )
    return {row.name: Account(*row) for row in db.session.execute(query)}


def _invite(
    actor: Actor, contact: str, given: Sequence[SheetRow], now: datetime
) -> InvitedOfficial | None:
    """Give a person their roles, and a link where the account is not theirs for certain."""
    account = given[0].stored
    name = next((row.name for row in given if row.name), None)
    user_id = account.id if account else users.add(contact, name, now)
    roles = []
    for row in given:
        last_day = row.values.get("last_day")
        until = day_begin(last_day + timedelta(days=1)) if last_day else None
        roles.append(NewRole(ROLE, "unit", row.unit_id, until))
        users.add_role(user_id, roles[-1], now)
    details = [role.audit_details() for role in roles]
    if given[0].outcome == "grant":
        for one in details:
            record_act(actor, "role.grant", f"user:{user_id}", **one)
        return None
    link = links.make_link(user_id, "invitation", now, actor)
    record_act(actor, "user.invite", f"user:{user_id}", roles=details)
    return InvitedOfficial(contact, name, tuple(row.unit_name for row in given), link)


def _serialize(rows: Sequence[SheetRow], language: Language) -> list[OfficialRow]:
    return [
        {
            "line": row.line,
            "outcome": row.outcome,
            "unit": row.unit_name or row.cells["unit"],
            "name": row.cells["name"],
            "contact": row.contact or row.cells["contact"],
            "last_day": row.values.get("last_day"),
            "account": row.stored.id if row.stored and not row.stored.confirmed else None,
            "errors": [remark.serialize(language) for remark in row.errors],
            "notes": [remark.serialize(language) for remark in row.notes],
        }
        for row in rows
    ]


def officials_within(actor: Actor, home: int, now: datetime) -> list[UnitOfficials]:
    """Return a province and its communes of today, each with its officials.

    Of these their login and display names, and whether they have accepted.
    """
    require(actor, "users.manage")
    day, index = local_day(now), unit_index()
    province = index.by_id[home_area(home, day) or home]
    record_read(actor, "people", f"unit:{province.id}")
    units = [province, *(one for one in index.on(day, "commune") if province.id in one.lies_in)]
    rows = db.session.execute(
        select(Role.scope_id, User.name, User.display_name, User.accepted)
        .join(User, User.id == Role.user_id)
        .where(Role.role == ROLE, Role.scope_kind == "unit", Role.delegated_by.is_(None))
        .where(Role.scope_id.in_([one.id for one in units]), users.in_force(now))
        .where(User.closed_at.is_(None))
        .order_by(Role.id)
    )
    found: dict[int, list[KnownOfficial]] = {}
    for unit_id, contact, name, accepted in rows:
        known: KnownOfficial = {"contact": contact, "name": name, "accepted": accepted}
        found.setdefault(int(unit_id or 0), []).append(known)
    return [(one, found.get(one.id, [])) for one in units]


def official_message(
    name: str | None, units: Sequence[str], link: str, until: datetime, operator: str
) -> str:
    """Return the message with an official's link, to copy; always Vietnamese."""
    lines = [
        f"Kính gửi {name}," if name else "Kính gửi anh/chị,",
        f"Mời anh/chị theo dõi số liệu đo chất lượng mạng của {'; '.join(units)} trên Đo Sóng.",
        f"Mở đường dẫn sau để đặt mật khẩu (chỉ của riêng anh/chị, dùng một lần): {link}",
        f"Đường dẫn có hiệu lực đến {until.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}.",
    ]
    return "\n".join([*lines, operator] if operator else lines)
