"""flask doctor."""

import sys

import click
from flask import current_app
from flask.cli import with_appcontext

from backend.http.requests import clock_now
from backend.monitoring.checks import CHECKS, Patient, look


@click.command()
@with_appcontext
def doctor() -> None:
    """Tell what is wrong with this installation and what to type; exit with 1 if anything is."""
    now = clock_now()
    patient = Patient(current_app.config, f"{current_app.root_path}/migrations", now)
    ill = False
    for check in CHECKS:
        found = look(check, patient)
        ill = ill or any(not finding.warning for finding in found)
        if not found:
            click.echo(f"ok       {check.__name__}")
        for finding in found:
            grade = "warning" if finding.warning else "WRONG"
            what, remedy = finding.written("en")
            click.echo(f"{grade:8} {check.__name__}: {what}\n         {remedy}")
    sys.exit(1 if ill else 0)


commands = (doctor,)
