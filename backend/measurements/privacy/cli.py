"""Commands of `flask privacy`: retention."""

import click
from flask import current_app
from flask.cli import AppGroup

from backend.batch.command_line import progress_bar
from backend.http.requests import clock_now
from backend.measurements.privacy.retention import expire as expire_old

cli = AppGroup("privacy", help="Remove data at the end of its retention time.")
commands = (cli,)


@cli.command()
def expire() -> None:
    """Coarsen old positions, later remove them, as the consent text says."""
    config, now = current_app.config, clock_now()
    with progress_bar("expire") as progress:
        done = expire_old(now, config["COARSEN_AFTER_DAYS"], config["RETENTION_DAYS"], progress)
    click.echo(
        f"coarsened: {done['coarsened']}; positions removed: {done['removed']}; "
        f"refused bodies deleted: {done['refused']}; tickets deleted: {done['tickets']}; "
        f"network prefixes deleted: {done['prefixes']}; no-connection notes: {done['notes']}; "
        f"digests of withdrawn samples deleted: {done['digests']}"
    )
