"""Commands for units and boundary sets."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import AppGroup

from backend.batch.command_line import click_errors, download_bar, spinner
from backend.units import catalogue
from backend.units import setup as units_setup
from backend.units.catalogue import REFORM, SYSTEMS, system_on
from backend.units.models import BoundarySet

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

# Modules that read polygons are imported where they are used: every start loads this module.
cli = AppGroup("units", help="Administrative units and boundary sets.")
commands = (cli,)

# Where the published polygons are; a server without the internet has BOUNDARIES_DIR.
SOURCE_URL = "https://codeload.github.com"
DAY = click.DateTime(["%Y-%m-%d"])


@cli.command()
def setup() -> None:
    """Add the built-in units and sets, and those of BOUNDARIES_DIR, where they are missing."""
    config = current_app.config
    with click_errors():
        units_setup.setup(config["VAR_DIR"], config["BOUNDARIES_DIR"], click.echo)


@cli.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--valid-from", type=DAY, required=True, help="First day of the units in it.")
@click.option("--valid-to", type=DAY, help="Last day; without it: until further notice.")
@click.option("--name", help="Name of the set; default: that of the file.")
@click.option("--system", type=click.Choice(SYSTEMS), help="Default: the one in force then.")
@click.option("--quality", type=click.Choice(["published", "derived"]), default="published")
@click.option("--note", help="Where it comes from, how far it can be trusted.")
@click.option("--code-column", help="Column of the communes' codes, where it is not found by name.")
@click.option("--name-column", help="Column of their names.")
@click.option("--activate", is_flag=True, help="Serve its days with it from now on.")
@click.option("--dry-run", is_flag=True, help="Check and report only.")
def load(path: Path, valid_from: datetime, valid_to: datetime | None, **options: Any) -> None:
    """Check a file (or a folder of them) of commune polygons and add it as a set."""
    from backend.units import loading

    first, last = valid_from.date(), valid_to.date() if valid_to else None
    if last is not None and last < first:
        raise click.BadParameter("is before --valid-from", param_hint="--valid-to")
    new = BoundarySet(
        name=options["name"] or path.stem,
        system=options["system"] or system_on(first),
        quality=options["quality"],
        valid_from=first,
        valid_to=last,
        note=options["note"],
    )
    named = {"code": options["code_column"], "name": options["name_column"]}
    columns = {ours: column for ours, column in named.items() if column}
    with click_errors(), spinner(f"Reading {path.name} …"):
        frame = loading.read(new, path, columns)
    _add(new, frame, active=options["activate"], dry_run=options["dry_run"])


def _add(new: BoundarySet, frame: "GeoDataFrame", *, active: bool, dry_run: bool = False) -> None:
    """Check polygons, print the report, and add them unless it has problems."""
    from backend.units import loading
    from geo.checks import to_text

    with click_errors(), spinner(f"Checking {len(frame)} communes …"):
        report = loading.check(new, frame)
    click.echo(to_text(report))
    if report.problems:
        raise click.ClickException("nothing was loaded: see the problems above")
    if dry_run:
        return
    with click_errors(), spinner(f"Loading {new.name} …"):
        result = loading.install(new, frame, active=active)
    click.echo(f"{new.name}: {len(frame)} communes loaded, {len(result.added)} new to the list.")
    if active:
        _offer_reassign(new.name)
    else:
        click.echo(f"To use it: flask units activate {new.name}")


def _offer_reassign(name: str) -> None:
    click.echo(
        f"{name} is active. Measurements stored before keep their commune until you run: "
        "flask measurements reassign"
    )


@cli.command()
def fetch() -> None:
    """Fetch today's communes from the public repository, check, load and activate them."""
    from backend.units import loading
    from geo import fetch as geo_fetch
    from geo.checks import to_text

    config = current_app.config
    folder = config["VAR_DIR"] / "boundaries"
    click.echo(f"Fetching {geo_fetch.tarball_url(SOURCE_URL)}")
    with click_errors(), download_bar() as progress:
        fetched = geo_fetch.fetch(SOURCE_URL, folder, progress)
    click.echo(to_text(fetched.report))
    click.echo(f"digest {fetched.digest}")
    origin = f"github.com/{geo_fetch.REPOSITORY} at {geo_fetch.COMMIT}"
    name = fetched.path.stem
    new = BoundarySet(
        name=name, system="2025", quality="published", valid_from=REFORM, valid_to=None, note=origin
    )
    with click_errors(), spinner(f"Loading {name} …"):
        loading.install(new, loading.read(new, fetched.path), active=True)
    _offer_reassign(name)


@cli.command("list")
def list_sets() -> None:
    """List the boundary sets.

    Of the active ones that hold a day the highest activation serves it, an approximate set only
    where there is no other.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("set", "system", "quality", "from", "to", "communes", "activation", "digest")
    for row in catalogue.list_sets():
        span = [str(day or "") for day in (row.valid_from, row.valid_to)]
        last = [str(row.communes), str(row.activation or ""), row.digest[:12]]
        table.add_row(row.name, row.system, row.quality, *span, *last)
    Console(width=120).print(table)


@cli.command()
@click.argument("name")
def activate(name: str) -> None:
    """Let a set serve its days before the sets that were activated earlier."""
    with click_errors():
        catalogue.activate(name)
    _offer_reassign(name)
