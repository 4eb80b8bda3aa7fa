"""The command that reminds of reports that are due."""

import click
from flask.cli import with_appcontext

from backend.clock import local_day
from backend.coverage.sending_cli import tell
from backend.http import clock_now
from backend.reports.reminder import remind
from backend.units.terminal import errors


@click.command("deadlines")
@click.option("--unit", "codes", multiple=True, help="code; again for more; default: all provinces")
@click.option("--send", "sending", is_flag=True, help="by SMTP_HOST and DIGEST_WEBHOOK")
@with_appcontext
def deadlines(codes: tuple[str, ...], sending: bool) -> None:
    """Tell in Vietnamese whose report of last month is not approved yet, and send it."""
    with errors():
        told = remind(local_day(clock_now()), codes)
    if told is None:
        click.echo("Every report of last month is approved.", err=True)
    else:
        tell(told, sending)
