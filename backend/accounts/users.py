"""People and their roles: finding, adding, granting and ending."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, Kind, require
from backend.accounts.audit import record_act
from backend.accounts.login_names import normalised
from backend.accounts.models import Role, User
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.http.paging import decode_cursor, row_id, take_page


@dataclass(frozen=True, slots=True)
class RoleAsked:
    """A role that a person is to have over one thing; `id` is None for the whole system."""

    role: str
    kind: Kind
    id: int | None
    valid_to: datetime | None = None

    def told(self) -> dict[str, Any]:
        """As the audit log tells it."""
        until = self.valid_to.isoformat() if self.valid_to else None
        return {"role": self.role, "scope": self.kind, "scope_id": self.id, "valid_to": until}


@dataclass(frozen=True, slots=True)
class Described:
    """A person as an admin, or they themselves, see them."""

    id: int
    name: str | None
    display_name: str | None
    created_at: datetime
    accepted: bool  # has set a password
    totp: bool
    totp_needed: bool  # an admin's role lies idle until there is a second factor
    roles: list[Role]


def stored_name(written: str) -> str:
    """The form of a name that is stored; 422 for what is neither e-mail nor telephone."""
    name = normalised(written)
    if name is None:
        raise invalid("name", "not_a_name")
    return name


def by_name(name: str) -> User | None:
    """The person of a stored name."""
    found: User | None = db.session.scalar(select(User).where(User.name == name))
    return found


def find(user_id: int, *, hold: bool = True) -> User:
    """A person whose account is not closed, held until the transaction ends; else 404."""
    row = select(User).where(User.id == user_id, User.closed_at.is_(None))
    user: User | None = db.session.scalar(row.with_for_update() if hold else row)
    if user is None:
        raise Problem(404, "not_found")
    return user


def add(name: str, display_name: str | None, now: datetime) -> int:
    """Add a person who has yet to set a password; 409 where the name is taken."""
    row = insert(User).values(name=name, display_name=display_name, created_at=now)
    added = row.on_conflict_do_nothing(index_elements=["name"]).returning(User.id)
    user_id = db.session.execute(added).scalar()
    if user_id is None:
        raise account_exists(name)
    return int(user_id)


def account_exists(name: str) -> Problem:
    """The name has an account; a further role is granted to that."""
    there = by_name(name)
    return Problem(409, "account_exists", members={"user_id": there.id if there else None})


def add_role(user_id: int, asked: RoleAsked, now: datetime) -> tuple[Role, bool]:
    """Let a person have a role from now on, once; the caller notes and commits."""
    same = select(Role).where(
        Role.user_id == user_id,
        Role.role == asked.role,
        Role.scope_kind == asked.kind,
        Role.delegated_by.is_(None),
        Role.scope_id.is_not_distinct_from(asked.id),
        in_force(now),
    )
    there = db.session.scalars(same).first()
    if there is not None:
        return there, False
    role = Role(
        user_id=user_id,
        role=asked.role,
        scope_kind=asked.kind,
        scope_id=asked.id,
        valid_from=now,
        valid_to=asked.valid_to,
    )
    db.session.add(role)
    db.session.flush()
    return role, True


def stop_role(actor: Actor, role: Role, now: datetime) -> None:
    """End a role now, those of its deputies too; 409 for that of the last admin."""
    if role.role == "admin":
        keep_an_admin(role.user_id, now)
    role.valid_to = now
    lent = (Role.delegated_by == role.id, Role.valid_to > now)
    db.session.execute(update(Role).where(*lent).values(valid_to=now))
    record_act(
        actor, "role.end", f"user:{role.user_id}",
        role=role.role, scope=role.scope_kind, scope_id=role.scope_id,
    )  # fmt: skip


def roles_of(user_id: int, now: datetime) -> list[Role]:
    """The roles that a person has."""
    own = select(Role).where(Role.user_id == user_id, in_force(now)).order_by(Role.id)
    return list(db.session.scalars(own))


def keep_an_admin(user_id: int, now: datetime) -> None:
    """Refuse with 409 what would leave nobody to administer; two at once wait for each other."""
    held = select(Role).where(Role.role == "admin", in_force(now)).order_by(Role.id)
    roles = list(db.session.scalars(held.with_for_update()))
    others = {role.user_id for role in roles} - {user_id}
    able = (User.id.in_(others), User.closed_at.is_(None), User.password_hash.is_not(None))
    if not db.session.scalar(select(func.count()).select_from(User).where(*able)):
        raise Problem(409, "last_admin")


def list_users(
    actor: Actor, name: str | None, cursor: str | None, limit: int, now: datetime
) -> dict[str, Any]:
    """Tell an admin who is there, a page at a time."""
    require(actor, "users.manage")
    rows = select(User).where(User.closed_at.is_(None)).order_by(User.id).limit(limit + 1)
    if name is not None:
        rows = rows.where(User.name == (normalised(name) or name))
    if after := decode_cursor(cursor, row_id):
        rows = rows.where(User.id > after[0])
    page, next_cursor = take_page(db.session.scalars(rows).all(), limit, lambda user: (user.id,))
    held: dict[int, list[Role]] = {user.id: [] for user in page}
    for role in db.session.scalars(
        select(Role).where(Role.user_id.in_(held), in_force(now)).order_by(Role.id)
    ):
        held[role.user_id].append(role)
    items = [described(user, held[user.id]) for user in page]
    return {"items": items, "next": next_cursor}


def described(user: User, roles: list[Role]) -> Described:
    """A person with their roles."""
    totp = user.totp_secret is not None
    admin = any(role.role == "admin" for role in roles)
    return Described(
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        created_at=user.created_at,
        accepted=user.password_hash is not None,
        totp=totp,
        totp_needed=admin and not totp,
        roles=roles,
    )


def in_force(now: datetime) -> ColumnElement[bool]:
    """Whether a role is held at a moment."""
    return (Role.valid_from <= now) & or_(Role.valid_to.is_(None), Role.valid_to > now)
