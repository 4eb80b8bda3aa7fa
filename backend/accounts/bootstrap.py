"""Accounts from the shell: create an admin, make a link to a new password."""

from datetime import datetime

from backend.accounts import links, users
from backend.accounts.audit import record_command
from backend.accounts.links import Link
from backend.accounts.users import NewRole
from backend.database.extensions import db
from backend.errors import Problem

ADMIN = NewRole("admin", "system", None)


def create_admin(written: str, password: str | None, now: datetime) -> Link | None:
    """Make a person an admin; return a link unless a password is set or given."""
    name = users.parse_name(written)
    present = users.find_by_name(name)
    user = users.find(present.id if present else users.add(name, None, now))
    users.add_role(user.id, ADMIN, now)
    record_command("role.grant", f"user:{user.id}", **ADMIN.audit_details())
    if password is not None:
        links.replace_password(user, password)
    missing = user.password_hash is None
    link = links.make_link(user.id, "invitation", now) if missing else None
    db.session.commit()
    return link


def make_password_link(written: str, remove_totp: bool, now: datetime) -> Link:
    """Make a link to a new password; optionally remove a lost second factor."""
    present = users.find_by_name(users.parse_name(written))
    if present is None:
        raise Problem(404, "not_found")
    user = users.find(present.id)
    if remove_totp:
        user.totp_secret = user.totp_pending = user.totp_used = None
    link = links.make_link(user.id, "password" if user.password_hash else "invitation", now)
    record_command("user.password_link", f"user:{user.id}", totp_removed=remove_totp)
    db.session.commit()
    return link
