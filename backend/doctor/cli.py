"""flask doctor."""

import sys
from collections.abc import Iterator

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from backend.doctor.checks import CHECKS, Check, Finding, Patient
from backend.extensions import db


@click.command()
@with_appcontext
def doctor() -> None:
    """Tell what is wrong with this installation and what to type; exit with 1 if anything is."""
    now = current_app.extensions["clock"]()
    patient = Patient(current_app.config, f"{current_app.root_path}/migrations", now)
    ill = False
    for check in CHECKS:
        found = list(_look(check, patient))
        ill = ill or any(not finding.warning for finding in found)
        if not found:
            click.echo(f"ok       {check.__name__}")
        for finding in found:
            grade = "warning" if finding.warning else "WRONG"
            click.echo(f"{grade:8} {check.__name__}: {finding.what}\n         {finding.remedy}")
    sys.exit(1 if ill else 0)


def _look(check: Check, patient: Patient) -> Iterator[Finding]:
    """Run one check; what it cannot look at is a finding too."""
    try:
        yield from check(patient)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield Finding(
            f"The database cannot be asked: {reason}",
            "See that it runs and that DATABASE_URL is right; then flask db upgrade",
        )
    finally:
        db.session.remove()
