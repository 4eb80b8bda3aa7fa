"""Commands: recompute, compare and exclude stored measurements."""

import sys
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import click
from flask import current_app

from backend.batch.command_line import click_errors, month_arguments, month_option, progress_bar
from backend.batch.options import workforce
from backend.batch.workforce import Workforce
from backend.measurements.recording.cli import cli
from backend.measurements.revision import (
    comparison,
    exclusion,
)
from backend.measurements.revision import (
    recount as recounting,
)
from backend.measurements.revision import (
    service as revising,
)

commands = ()  # all of them belong to the group of measurements


@cli.command()
@click.option("--month", required=True, callback=month_option, help="YYYY-MM")
@workforce
def rejudge(month: str, force: Workforce) -> None:
    """Judge a month's measurements again under the rules of today."""
    with progress_bar(f"rejudge {month}") as progress:
        done = revising.rejudge(month, current_app.config["COUNT_MANUAL"], progress, force)
    click.echo(f"verdicts changed: {done.rejudged}; coarsened or stripped, left: {done.left_alone}")


@cli.command()
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), default="1990-01-01")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), default="2100-01-01")
@workforce
def reassign(first: datetime, last: datetime, force: Workforce) -> None:
    """Name the communes again in the boundary sets that are active now."""
    span: tuple[date, date] = first.date(), last.date()
    with progress_bar("reassign") as progress:
        done = revising.reassign(*span, current_app.config["COUNT_MANUAL"], progress, force)
    click.echo(
        f"moved to another commune: {done.moved}; verdicts changed: {done.rejudged}; "
        f"coarsened or stripped, left: {done.left_alone}"
    )


@cli.command("compare-places")
@click.argument("months", metavar="MONTH…", nargs=-1, required=True, callback=month_arguments)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True)
@workforce
def compare_places(months: tuple[str, ...], out: Path, force: Workforce) -> None:
    """Tell what reassigning would move in archived MONTHs; change nothing.

    The rows that would differ are written into the folder OUT, as Parquet.
    """
    with click_errors(), progress_bar("compare-places") as progress:
        done = comparison.compare_places(months, out, progress, force)
    click.echo(
        f"looked at: {done.rows}; another commune: {done.moved}; "
        f"another commune, set, candidate or mark: {done.differ}"
    )


@cli.command()
def recount() -> None:
    """Compare every stored count with the rows; exit with 1 where they differ."""
    found = recounting.differences()
    for row in found:
        click.echo(
            f"{row['month']} day={row['day']} unit={row['unit_id']} {row['network']} "
            f"{row['fate']}: stored {row['stored']}, rows {row['truth']}"
        )
    teams = recounting.team_differences()
    for row in teams:
        click.echo(" ".join(f"{name}={value}" for name, value in row.items()))
    click.echo(f"differences: {len(found) + len(teams)}")
    sys.exit(1 if found or teams else 0)


@cli.command()
@click.argument("identity", type=click.UUID)
@click.option("--reason", required=True, help="why; kept in the audit log")
def exclude(identity: UUID, reason: str) -> None:
    """Take one measurement out of the counts."""
    config = current_app.config
    with click_errors():
        exclusion.exclude(identity, reason, config["SECRET_KEY"], config["COUNT_MANUAL"])
    click.echo(f"excluded: {identity}")
