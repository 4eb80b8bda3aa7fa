"""Commands of the pages."""

import time

import click
from flask import current_app
from flask.cli import AppGroup

from backend.units.catalogue import read_active
from backend.web.maps import outlines, tiles

cli = AppGroup("web", help="Files of the pages.")
commands = (cli,)


@cli.command("tiles")
@click.option("--set", "name", help="Name of an active boundary set; default: all of them.")
def build_tiles(name: str | None) -> None:
    """Build missing map tiles and outlines of the active boundary sets."""
    folder = current_app.config["VAR_DIR"] / "tiles"
    chosen = [one for one in read_active() if name in (None, one.name)]
    if not chosen:
        raise click.ClickException("no active boundary set of this name")
    for active in chosen:
        began = time.monotonic()
        outlines.country(folder, active)
        path = tiles.build(folder, active)
        took, size = time.monotonic() - began, path.stat().st_size / 1e6
        click.echo(f"{active.name}: {path.name}, {size:.1f} MB, {took:.1f} s")
