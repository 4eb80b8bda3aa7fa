"""flask privacy: what the law asks to be done in time."""

import click
from flask import current_app
from flask.cli import AppGroup

from backend.http import clock_now
from backend.measurements.cli import bar
from backend.measurements.retention import expire as expire_old

cli = AppGroup("privacy", help="Let go of what is kept no longer.")


@cli.command()
def expire() -> None:
    """Coarsen old positions, then remove them, as the consent text promises."""
    config = current_app.config
    with bar("expire") as progress:
        done = expire_old(
            clock_now(),
            config["COARSEN_AFTER_DAYS"],
            config["RETENTION_DAYS"],
            progress,
        )
    click.echo(
        f"coarsened: {done.coarsened}; positions removed: {done.removed}; "
        f"refused bodies deleted: {done.refused}"
    )
