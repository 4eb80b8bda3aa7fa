"""What the operator does at the shell: make an admin, let one back in."""

from datetime import datetime

from backend.accounts import links, users
from backend.accounts.audit import record_command
from backend.accounts.links import Link
from backend.accounts.users import RoleAsked
from backend.database.extensions import db
from backend.errors import Problem

ADMIN = RoleAsked("admin", "system", None)


def create_admin(written: str, password: str | None, now: datetime) -> Link | None:
    """Make a person an admin; a link, unless they have a password or are given one."""
    name = users.stored_name(written)
    there = users.by_name(name)
    user = users.find(there.id if there else users.add(name, None, now))
    users.add_role(user.id, ADMIN, now)
    record_command("role.grant", f"user:{user.id}", **ADMIN.told())
    if password is not None:
        links.replace_password(user, password)
    waits = user.password_hash is None
    link = links.make_link(user.id, "invitation", now) if waits else None
    db.session.commit()
    return link


def offer_password(written: str, remove_totp: bool, now: datetime) -> Link:
    """Give who lost a password, or a phone with the second factor, the way back in."""
    there = users.by_name(users.stored_name(written))
    if there is None:
        raise Problem(404, "not_found")
    user = users.find(there.id)
    if remove_totp:
        user.totp_secret = user.totp_pending = user.totp_used = None
    link = links.make_link(user.id, "password" if user.password_hash else "invitation", now)
    record_command("user.password_link", f"user:{user.id}", totp_removed=remove_totp)
    db.session.commit()
    return link
