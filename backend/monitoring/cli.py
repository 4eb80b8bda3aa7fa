"""flask doctor."""

import sys
from contextlib import suppress

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from backend.accounts.audit_chain import latest
from backend.http.requests import clock_now
from backend.monitoring.checks import CHECKS, CheckContext, run_check


@click.command()
@with_appcontext
def doctor() -> None:
    """Check this installation; print problems with remedies, exit with 1 if there are any."""
    now = clock_now()
    context = CheckContext(current_app.config, f"{current_app.root_path}/migrations", now)
    failed = False
    for check in CHECKS:
        found = run_check(check, context)
        failed = failed or any(not finding.warning for finding in found)
        if not found:
            click.echo(f"ok       {check.__name__}")
        for finding in found:
            grade = "warning" if finding.warning else "WRONG"
            what, remedy = finding.translate("en")
            click.echo(f"{grade:8} {check.__name__}: {what}\n         {remedy}")
    with suppress(SQLAlchemyError):  # a check has reported it
        if head := latest():
            click.echo(f"audit log until {head.day}: {head.digest}")
    sys.exit(1 if failed else 0)


commands = (doctor,)
