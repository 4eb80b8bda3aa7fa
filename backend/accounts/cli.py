"""flask accounts: create an admin, make links, encrypt second factors again."""

import sys
from datetime import datetime

import click
from flask import current_app
from flask.cli import AppGroup

from backend.accounts import audit_chain, links, reminders, second_factor, users
from backend.accounts.audit import record_command
from backend.accounts.links import Link
from backend.accounts.recovery_codes import remove_second_factor
from backend.accounts.users import NewRole
from backend.batch.command_line import click_errors
from backend.database.extensions import db
from backend.errors import or_404
from backend.http.requests import clock_now

cli = AppGroup("accounts", help="People who sign in.")
audit_cli = AppGroup("audit", help="The audit log.")
commands = (cli, audit_cli)

ADMIN = NewRole("admin", "system", None)
BASE = click.option(
    "--base", help="Address of the site that the link begins with; default: PUBLIC_URL."
)


@cli.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@BASE
def create_admin(name: str, password_stdin: bool, base: str | None) -> None:
    """Make a person an admin: NAME is an e-mail address or a telephone number.

    Prints a one-time link, unless the password is given or the person has one and is confirmed.
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with click_errors():
        link = _create_admin(name, password, clock_now())
    click.echo("The role counts once the person has set up a second factor.")
    _show(link, base)


@cli.command()
@click.argument("name")
@click.option("--remove-totp", is_flag=True, help="Also forget the second factor.")
@BASE
def password_link(name: str, remove_totp: bool, base: str | None) -> None:
    """Print a one-time link by which NAME chooses a new password."""
    with click_errors():
        present = or_404(users.find_by_name(users.parse_name(name)))
        user = users.find(present.id)
        if remove_totp:
            remove_second_factor(user)
        link = links.make_link(
            user.id, "password" if user.password_hash else "invitation", clock_now()
        )
        record_command("user.password_link", f"user:{user.id}", totp_removed=remove_totp)
        db.session.commit()
    _show(link, base)


@cli.command()
def reseal() -> None:
    """Encrypt second factors again after a change of SECRET_KEY.

    Reads the previous key from standard input. People whose second factor cannot be decrypted by
    it set it up again, by `password-link --remove-totp`.
    """
    previous_key = sys.stdin.readline().strip()
    done, failed = second_factor.reencrypt(previous_key)
    click.echo(f"{done} encrypted again, {failed} that neither key decrypts.")


@cli.command()
def remind() -> None:
    """Mail officials and deputies whose delegation ends within three days; the server does it."""
    sent = reminders.remind_of_deputies(_address(None), current_app.config, clock_now())
    click.echo(f"{sent} reminded.", err=True)


def _create_admin(written: str, password: str | None, now: datetime) -> Link | None:
    """Make a person an admin; return a link unless a password is set or given."""
    name = users.parse_name(written)
    present = users.find_by_name(name)
    user = users.find(present.id if present else users.add(name, None, now))
    users.add_role(user.id, ADMIN, now)
    record_command("role.grant", f"user:{user.id}", **ADMIN.audit_details())
    if password is not None:
        links.confirm_holder(user, now)
        links.replace_password(user, password)
    missing = user.password_hash is None or user.confirmed_at is None
    link = links.make_link(user.id, "invitation", now) if missing else None
    db.session.commit()
    return link


def _show(link: Link | None, base: str | None) -> None:
    if link is None:
        return
    shown = link.serialize(_address(base))
    click.echo(f"{shown['link']}\nonce, until {link.expires_at:%Y-%m-%d %H:%M} UTC")


def _address(base: str | None) -> str:
    config = current_app.config
    return base or config["PUBLIC_URL"] or f"http://{config['BIND']}:{config['PORT']}"


@audit_cli.command()
def digest() -> None:
    """Add the digest of the days that have ended, from 03:00 on; print the latest one.

    Exit with 1 if one does not fit the entries that it covers.
    """
    with click_errors():
        latest = audit_chain.add_digest(clock_now()) or audit_chain.latest()
    if latest:
        click.echo(f"{latest.day} {latest.digest}")
    if broken := [link.day for link in audit_chain.read_chain() if not link.fits]:
        raise click.ClickException(f"entries were changed, added or removed: {', '.join(broken)}")
