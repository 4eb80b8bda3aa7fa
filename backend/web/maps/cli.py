"""Commands of the pages."""

import time
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from backend.clock import local_day, utc_now
from backend.units import outlines
from backend.units.catalogue import read_active
from backend.units.service import set_on
from backend.web.maps import basemap, tiles

cli = AppGroup("web", help="Files of the pages.")
commands = (cli,)


@cli.command("tiles")
@click.option("--set", "name", help="Name of an active boundary set; default: all of them.")
def build_tiles(name: str | None) -> None:
    """Build missing map tiles and outlines of the active boundary sets, today's first."""
    folder = current_app.config["VAR_DIR"] / "tiles"
    now = set_on(local_day(utc_now()))
    ordered = sorted(read_active(), key=lambda one: now is None or one.digest != now.digest)
    chosen = [one for one in ordered if name in (None, one.name)]
    if not chosen:
        raise click.ClickException("no active boundary set of this name")
    for active in chosen:
        began = time.monotonic()
        outlines.country(active)
        path = tiles.build(folder, active)
        took, size = time.monotonic() - began, path.stat().st_size / 1e6
        click.echo(f"{active.name}: {path.name}, {size:.1f} MB, {took:.1f} s")


@cli.command("basemap")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--remove", is_flag=True, help="Use no base map any more.")
def use_basemap(file: Path | None, remove: bool) -> None:
    """Show roads and water of FILE (PMTiles, schema Protomaps Basemap 4) on the maps.

    Nothing else of the file is used: no names, places or borders. The data is OpenStreetMap's,
    under the ODbL; the maps name it.
    """
    folder = current_app.config["VAR_DIR"] / "tiles"
    if remove or file is None:
        if file is not None or not remove:
            raise click.UsageError("give a file, or --remove")
        basemap.remove(folder)
        return
    active = set_on(local_day(utc_now()))
    if active is None:
        raise click.ClickException("no boundary set is active today")
    try:
        path = basemap.install(folder, file, active)
    except basemap.BasemapError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{path.name}, {path.stat().st_size / 1e6:.1f} MB")
