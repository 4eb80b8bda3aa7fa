"""Commands: verify a file against the seals; list overdue reports."""

from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from backend.batch.command_line import click_errors
from backend.clock import local_day
from backend.coverage.alerts.digest import print_or_send
from backend.errors import Problem
from backend.http.requests import clock_now
from backend.i18n.messages import message
from backend.reports.content.figures import digest
from backend.reports.monthly import seals
from backend.reports.monthly.deadlines import remind
from backend.reports.monthly.seals import list_keys, trusted_keys
from backend.reports.monthly.service import check_digest

cli = AppGroup("reports", help="Monthly reports and their seals; open data.")
commands = (cli,)


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Check that FILE is, byte for byte, a file of a report that was sealed here."""
    try:
        check = check_digest(digest(file.read_bytes()), trusted_keys(current_app.config))
    except Problem as problem:
        raise click.ClickException(message(problem.code, "en")) from None
    for line in _lines(check):
        click.echo(line)
    if not check["valid"]:
        raise click.ClickException(message(check["problem"], "en"))


@cli.command()
def keys() -> None:
    """List the keys of seals with their fingerprints, to be printed and compared."""
    for key in list_keys(trusted_keys(current_app.config))["items"]:
        state = "trusted" if key["trusted"] else "NOT TRUSTED: neither in VAR_DIR nor in SEAL_KEYS"
        if key["revoked_at"]:
            state = f"revoked {key['revoked_at']:%Y-%m-%d}: {key['revoked_reason']}"
        click.echo(f"key {key['number']}, {state}")
        click.echo(f"  public key   {key['public_key']}\n  fingerprint  {key['fingerprint']}")


@cli.command()
@click.argument("number", type=int)
@click.option("--reason", required=True, help="shown with every report that this key sealed")
def revoke_key(number: int, reason: str) -> None:
    """Revoke key NUMBER of seals, for example because its file was copied. Cannot be undone.

    Remove VAR_DIR/seal_key as well: the next approval creates a new key.
    """
    with click_errors():
        seals.revoke_key(number, reason, clock_now())
    click.echo(f"Key {number} is revoked; no seal made with it is valid any more.")


@cli.command()
@click.option("--unit", "codes", multiple=True, help="code; again for more; default: all provinces")
@click.option("--send", "sending", is_flag=True, help="by SMTP_HOST and DIGEST_WEBHOOK")
def deadlines(codes: tuple[str, ...], sending: bool) -> None:
    """List units (in Vietnamese) whose report of last month is not approved; send the list."""
    with click_errors():
        reminder = remind(local_day(clock_now()), codes)
    if reminder is None:
        click.echo("Every report of last month is approved.", err=True)
    else:
        print_or_send(reminder, sending)


def _lines(check: dict[str, Any]) -> list[str]:
    report, approved = check["report"], check["report"]["approved"]
    unit = report["unit"]
    by = ", ".join(filter(None, (approved["name"], approved["title"])))
    lines = [
        f"SHA-256 {check['digest']}: {check['of']}",
        f"{unit['name']} ({unit['code']}), {report['month']}, edition {report['edition']}",
        f"approved {approved['at']:%Y-%m-%d %H:%M} UTC by {by}",
    ]
    if seal := check["seal"]:
        state = "valid" if check["valid"] else "NOT VALID"
        lines.append(f"seal: {seal['algorithm']}, key {seal['key']}, {state}")
    if letter := check["letter"]:
        lines.append(f"the signed letter no. {letter['number']} of {letter['signed_on']}")
    if report["superseded_at"]:
        lines.append("superseded by a later edition")
    if report["demo"]:
        lines.append("sample data, not measured")
    return lines
