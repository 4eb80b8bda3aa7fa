"""Commands of `flask radio`."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from backend.batch.command_line import spinner
from backend.http.requests import clock_now
from backend.measurements.radio import rules

cli = AppGroup("radio", help="Signal of networks along ways.")
commands = (cli,)


@cli.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", type=click.Choice(rules.SOURCES), default="own", show_default=True)
def import_samples(file: Path, source: str) -> None:
    """Store the radio samples of FILE, a CSV table of registered devices (docs/radio.md).

    Each sample is stored once; the command can be interrupted and run again.
    """
    # With Arrow, which web workers do without.
    from backend.measurements.radio.table_import import import_table

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    with spinner("radio samples"):
        try:
            done = import_table(file, clock_now(), source, app.app_context)
        except ValueError as error:
            raise click.ClickException(f"{file.name} cannot be read: {error}") from None
    refused = sum(done.refused.values())
    click.echo(f"stored: {done.accepted}; stored before: {done.duplicate}; refused: {refused}")
    for code, n in sorted(done.refused.items()):
        click.echo(f"  {code}: {n}")
