"""Commands of `flask privacy`: retention, and the list of withdrawals."""

import click
from flask import current_app
from flask.cli import AppGroup

from backend.batch.command_line import progress_bar
from backend.http.requests import clock_now
from backend.measurements.privacy.retention import expire as expire_old
from backend.measurements.privacy.tombstones import tombstones_of

cli = AppGroup("privacy", help="Keep what the consent text promises.")
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


@cli.command()
def copy_withdrawals() -> None:
    """Note that the list of withdrawals is complete until now, here and in BACKUP_DIR."""
    tombstones = tombstones_of(current_app.config)
    try:
        tombstones.mark_complete(clock_now())
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    click.echo(tombstones.path)
    if tombstones.copy is not None:
        click.echo(tombstones.copy)
