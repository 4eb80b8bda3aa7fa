"""flask accounts: create an admin, make links, encrypt second factors again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import AppGroup

from backend.accounts import bootstrap, encryption
from backend.accounts.links import Link
from backend.errors import Problem
from backend.http.requests import clock_now
from backend.i18n.messages import message

cli = AppGroup("accounts", help="People who sign in.")
commands = (cli,)

BASE = click.option("--base", help="Address of the site that the link begins with.")


@cli.command()
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@BASE
def create_admin(name: str, password_stdin: bool, base: str | None) -> None:
    """Make a person an admin: NAME is an e-mail address or a telephone number.

    Prints a one-time link, unless the password is given or the person has one.
    """
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with _errors():
        link = bootstrap.create_admin(name, password, clock_now())
    click.echo("The role counts once the person has set up a second factor.")
    _show(link, base)


@cli.command()
@click.argument("name")
@click.option("--remove-totp", is_flag=True, help="Also forget the second factor.")
@BASE
def password_link(name: str, remove_totp: bool, base: str | None) -> None:
    """Print a one-time link by which NAME chooses a new password."""
    with _errors():
        link = bootstrap.make_password_link(name, remove_totp, clock_now())
    _show(link, base)


@cli.command()
def reseal() -> None:
    """Encrypt second factors again after a change of SECRET_KEY.

    Reads the previous key from standard input. People whose second factor cannot be decrypted by
    it set it up again, by `password-link --remove-totp`.
    """
    previous_key = sys.stdin.readline().strip()
    result = encryption.reencrypt(previous_key, current_app.config["SECRET_KEY"])
    click.echo(f"{result.done} encrypted again, {result.failed} that neither key decrypts.")


def _show(link: Link | None, base: str | None) -> None:
    if link is None:
        return
    config = current_app.config
    shown = link.serialize(base or f"http://{config['BIND']}:{config['PORT']}")
    click.echo(f"{shown['link']}\nonce, until {link.expires_at:%Y-%m-%d %H:%M} UTC")


@contextmanager
def _errors() -> Iterator[None]:
    """Print a problem and exit with status 1."""
    try:
        yield
    except Problem as problem:
        codes = [error.code for error in problem.errors] or [problem.code]
        raise click.ClickException(" ".join(message(code, "en") for code in codes)) from None
