"""People and their roles: find, add, grant and end."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict

from sqlalchemy import ColumnElement, Select, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, Kind, require, require_recent
from backend.accounts.audit import record_act, record_read
from backend.accounts.login_names import normalize
from backend.accounts.models import Role, User
from backend.database.accents import without_accents
from backend.database.extensions import db, setting
from backend.errors import Problem, invalid, or_404
from backend.http.paging import decode_cursor, row_id, take_page
from geo.gazetteer import plain


@dataclass(frozen=True, slots=True)
class NewRole:
    """A role to grant over one thing; `id` is None for the whole system."""

    role: str
    kind: Kind
    id: int | None
    valid_to: datetime | None = None
    rule: str | None = None

    def audit_details(self) -> "RoleAudit":
        """Return the details of the audit entry."""
        until = self.valid_to.isoformat() if self.valid_to else None
        details: RoleAudit = {
            "role": self.role,
            "scope": self.kind,
            "scope_id": self.id,
            "valid_to": until,
        }
        return {**details, "rule": self.rule} if self.rule else details


class RoleAudit(TypedDict):
    """A granted role in the audit log."""

    role: str
    scope: str
    scope_id: int | None  # null: the whole system
    valid_to: str | None  # ISO time; null: without an end
    rule: NotRequired[str]  # that gave it at a sign-in


class Person(TypedDict):
    """A person with their roles, as shown to admins and to themselves."""

    id: int
    name: str | None  # e-mail or telephone, with which they sign in
    display_name: str | None
    created_at: datetime
    accepted: bool
    confirmed: bool  # an admin or a provider vouched for the account
    password: bool  # false: signs in at the operator's provider only
    totp: bool  # has a second factor
    totp_needed: bool  # a role is suspended until a second factor is set up
    roles: list[Role]


class PersonPage(TypedDict):
    """People by id."""

    items: list[Person]
    next: str | None  # the cursor of the next page; null: this is the last one


def parse_name(written: str) -> str:
    """Return the stored form of a name; 422 where it is neither e-mail nor telephone."""
    name = normalize(written)
    if name is None:
        raise invalid("name", "not_a_name")
    return name


def find_by_name(name: str) -> User | None:
    """Return the person with a stored name."""
    found: User | None = db.session.scalar(select(User).where(User.name == name))
    return found


def find(user_id: int, *, lock: bool = True) -> User:
    """Return a person, locked until the transaction ends; 404 for a closed account."""
    row = select(User).where(User.id == user_id, User.closed_at.is_(None))
    user: User = or_404(db.session.scalar(row.with_for_update() if lock else row))
    return user


def add(name: str, display_name: str | None, now: datetime) -> int:
    """Add a person without a password; 409 where the name has an account."""
    row = insert(User).values(name=name, display_name=display_name, created_at=now)
    added = row.on_conflict_do_nothing(index_elements=["name"]).returning(User.id)
    user_id = db.session.execute(added).scalar()
    if user_id is None:
        raise account_exists(name)
    return int(user_id)


def account_exists(name: str) -> Problem:
    """Return 409 with the account of the name: further roles are granted to that."""
    user = find_by_name(name)
    return Problem(409, "account_exists", members={"user_id": user.id if user else None})


def add_role(user_id: int, new: NewRole, now: datetime) -> tuple[Role, bool]:
    """Grant a role from now on unless the person has it; the caller records and commits.

    Returns the role and whether it is new. A role by a rule that a person grants too lasts as they
    say, whatever the rules give later. A role above team leader waits where nobody has confirmed
    the account: the inviting organiser may hold it in place of the named person.
    """
    same = select(Role).where(
        Role.user_id == user_id,
        Role.role == new.role,
        Role.scope_kind == new.kind,
        Role.delegated_by.is_(None),
        Role.scope_id.is_not_distinct_from(new.id),
        in_force(now),
    )
    present = db.session.scalars(same).first()
    if present is not None and present.rule and new.rule is None:
        present.rule, present.valid_to = None, new.valid_to
        return present, True
    if present is not None and not (present.waits and new.rule):
        return present, False
    role = Role(
        user_id=user_id,
        role=new.role,
        scope_kind=new.kind,
        scope_id=new.id,
        valid_from=now,
        valid_to=new.valid_to,
        rule=new.rule,
        waits=new.role != "team_leader" and new.rule is None and not is_confirmed(user_id),
    )
    db.session.add(role)
    db.session.flush()
    return role, True


def is_confirmed(user_id: int) -> bool:
    """Return whether an admin or a provider vouched for the account of a person."""
    return db.session.scalar(select(User.confirmed_at).where(User.id == user_id)) is not None


def confirm(actor: Actor, user_id: int, now: datetime) -> None:
    """Confirm that an account is the named person's: the roles that waited take effect.

    409 before it is accepted: whoever opens the link would be the confirmed person.
    """
    require(actor, "users.manage")
    require_recent(actor, now)
    user = find(user_id)
    if not user.accepted:
        raise Problem(409, "not_accepted_yet")
    set_confirmed(user, now)
    record_act(actor, "user.confirm", f"user:{user_id}")
    db.session.commit()


def set_confirmed(user: User, now: datetime) -> None:
    """Mark a locked person's account as confirmed, with the roles that waited."""
    user.confirmed_at = now
    db.session.execute(update(Role).where(Role.user_id == user.id).values(waits=False))


def stop_role(actor: Actor, role: Role, now: datetime) -> None:
    """End a role and those of its deputies now; 409 for the role of the last admin."""
    if role.role == "admin":
        require_another_admin(role.user_id, now)
    end_with_deputies(actor, role, now)


def end_with_deputies(actor: Actor, role: Role, now: datetime) -> None:
    """End a role and those of its deputies now; the caller commits."""
    role.valid_to = now
    deputies = (Role.delegated_by == role.id, Role.valid_to > now)
    db.session.execute(update(Role).where(*deputies).values(valid_to=now))
    record_act(
        actor, "role.end", f"user:{role.user_id}",
        role=role.role, scope=role.scope_kind, scope_id=role.scope_id,
        **({"rule": role.rule} if role.rule else {}),
    )  # fmt: skip


def roles_of(user_id: int, now: datetime) -> list[Role]:
    """Return the roles of a person in force."""
    own = select(Role).where(Role.user_id == user_id, in_force(now)).order_by(Role.id)
    return list(db.session.scalars(own))


def require_another_admin(user_id: int, now: datetime) -> None:
    """Raise 409 unless another admin can sign in; locks the roles of admins."""
    admins = select(Role).where(Role.role == "admin", ~Role.waits, in_force(now)).order_by(Role.id)
    roles = list(db.session.scalars(admins.with_for_update()))
    others = {role.user_id for role in roles} - {user_id}
    able = (User.id.in_(others), User.closed_at.is_(None), User.password_hash.is_not(None))
    if not db.session.scalar(select(func.count()).select_from(User).where(*able)):
        raise Problem(409, "last_admin")


def list_users(
    actor: Actor,
    cursor: str | None,
    limit: int,
    now: datetime,
    *,
    name: str | None = None,
    text: str | None = None,
    role: str | None = None,
    scopes: Select[int] | None = None,
) -> PersonPage:
    """Return a page of people by login name, a part of their names, and role; for admins.

    `scopes` are ids of people whom the text finds by what they are responsible for.
    """
    require(actor, "users.manage")
    record_read(actor, "people", "system")
    rows = select(User).where(User.closed_at.is_(None)).order_by(User.id).limit(limit + 1)
    if name is not None:
        rows = rows.where(User.name == (normalize(name) or name))
    if text is not None:
        rows = rows.where(_matches(text, scopes))
    if role is not None:
        having = select(Role.user_id).where(Role.role == role, in_force(now))
        rows = rows.where(User.id.in_(having))
    if after := decode_cursor(cursor, row_id):
        rows = rows.where(User.id > after[0])
    page, next_cursor = take_page(db.session.scalars(rows).all(), limit, lambda user: (user.id,))
    roles: dict[int, list[Role]] = {user.id: [] for user in page}
    for held in db.session.scalars(
        select(Role).where(Role.user_id.in_(roles), in_force(now)).order_by(Role.id)
    ):
        roles[held.user_id].append(held)
    items = [describe(user, roles[user.id]) for user in page]
    return {"items": items, "next": next_cursor}


def _matches(text: str, scopes: Select[int] | None) -> ColumnElement[bool]:
    """Return the condition that a text is in a person's names, or finds what they answer for."""
    columns = (without_accents(User.display_name), User.name)
    found = [column.contains(plain(text), autoescape=True) for column in columns]
    if digits := re.sub(r"[ .()+-]", "", text).lstrip("0"):
        found += [User.name.contains(digits)] if digits.isdecimal() else []
    if scopes is not None:
        found.append(User.id.in_(scopes))
    return or_(*found)


# Whether a role r of a person u has no effect until they set up a second factor: that of an admin,
# and by SECOND_FACTOR those of officials and organisers who sign in with a password here. A cluster
# counts as a province if it has one, or more than 20 units.
WITHOUT_FACTOR = """
    coalesce(u.totp_secret is null and (r.role = 'admin'
        or (u.password_hash is not null and not u.demo and case
            when r.role = 'observer' then true
            when {factor} = 'all' then r.role in ('official', 'organiser')
            when {factor} = 'provinces' then r.role = 'official' and case r.scope_kind
                when 'unit' then exists (
                    select from units p where p.id = r.scope_id and p.level = 'province')
                else (select bool_or(p.level = 'province') or count(*) > 20
                    from cluster_units c join units p on p.id = c.unit_id
                    where c.cluster_id = r.scope_id) end
            else false end)), false)
"""
LACKING = text(
    "select exists (select from roles r join users u on u.id = r.user_id where r.id = any(:ids)"  # noqa: S608
    f" and {WITHOUT_FACTOR.format(factor=':factor')})"
)


# An account over persons' samples that nobody notices when it is taken over.
IDLE = timedelta(days=90)
# Whether a person u with a role above team leader has not signed in for that time. What a token
# reads or changes is in the log too, and no sign of its person.
IDLE_ACCOUNT = """
    not u.demo and u.created_at <= {since} and exists (select from roles held
        where held.user_id = u.id and held.role <> 'team_leader'
        and (held.valid_to is null or held.valid_to > {since}))
    and not exists (select from audit a where a.actor = 'user:' || u.id and a.at > {since}
        and a.act in ('session.begin', 'account.password_by_link'))
"""
OF_PERSON = text(f"select {IDLE_ACCOUNT.format(since=':since')} from users u where u.id = :id")  # noqa: S608


def is_idle(user_id: int, now: datetime) -> bool:
    """Return whether an account waits for a new link, after 90 days without its person."""
    return bool(db.session.scalar(OF_PERSON, {"id": user_id, "since": now - IDLE}))


def describe(user: User, roles: list[Role]) -> Person:
    """Return a person with their roles, as shown to admins and to themselves.

    `totp_needed`: a role is suspended until a second factor is set up.
    """
    totp = user.totp_secret is not None
    asked = {"ids": [role.id for role in roles], "factor": setting("SECOND_FACTOR")}
    return {
        "id": user.id,
        "name": user.name,
        "display_name": user.display_name,
        "created_at": user.created_at,
        "accepted": user.accepted,
        "confirmed": user.confirmed_at is not None,
        "password": user.password_hash is not None,
        "totp": totp,
        "totp_needed": not totp and bool(db.session.scalar(LACKING, asked)),
        "roles": roles,
    }


def in_force(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a role is in force at a time."""
    return (Role.valid_from <= now) & or_(Role.valid_to.is_(None), Role.valid_to > now)
