"""Command group `flask measurements`; its command that requires an assurance."""

from datetime import datetime
from typing import cast

import click
from flask.cli import AppGroup

from backend.batch.command_line import click_errors
from backend.clock import VIETNAM
from backend.http.requests import clock_now
from backend.measurements.recording import requirements
from backend.measurements.recording.requirements import REQUIRED, Required, Requirement

cli = AppGroup("measurements", help="Recompute and compare what is stored about measurements.")
commands = (cli,)


@cli.command("counts-from")
@click.argument("assurance", type=click.Choice(REQUIRED), required=False)
@click.option("--reason", help="For the audit log; needed with an assurance.")
@click.option(
    "--from",
    "from_at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="Vietnam time; default: now.",
)
def counts_from(assurance: str | None, reason: str | None, from_at: datetime | None) -> None:
    """Require ASSURANCE of samples that count, or show what is required and its history.

    witnessed: a measuring host signed what it saw. ticketed: a ticket of a registered host is
    enough. claimed: the phone's word is enough; every page says so. The requirement at the receipt
    of a sample decides, so earlier samples keep their verdicts.
    """
    if assurance is None:
        known = requirements.requirements()
        click.echo(f"now: {requirements.required_at(known, clock_now())}")
        for requirement in known:
            click.echo(_line(requirement))
        return
    if not (reason or "").strip():
        raise click.UsageError("an assurance needs --reason")
    begin = from_at.replace(tzinfo=VIETNAM) if from_at else None
    with click_errors():
        added = requirements.require_assurance(
            cast(Required, assurance), (reason or "").strip(), begin, clock_now()
        )
    click.echo(_line(added))


def _line(one: Requirement) -> str:
    at = one.from_at.astimezone(VIETNAM)
    return f"from {at:%Y-%m-%d %H:%M:%S%z}: {one.counts_from} ({one.by}: {one.reason})"
