"""Commands of the operator: recompute, compare, exclude, fold."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

import click
from flask import current_app
from flask.cli import AppGroup
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backend.clock import month_start
from backend.measurements import counting, excluding, recounting, revising
from backend.measurements.import_cli import import_file
from backend.units.locating import Locator
from backend.units.terminal import errors

cli = AppGroup("measurements", help="Recompute and compare what is stored about measurements.")
cli.add_command(import_file)


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar as a function of (done, of how many)."""
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task(title)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def month_option(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
    """The month of an option, or none; a sentence where it is no month."""
    try:
        month_start(value or "2024-11")
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


def _locator() -> Locator:
    locator: Locator = current_app.extensions["locator"]
    return locator


@cli.command()
@click.option("--month", required=True, callback=month_option, help="YYYY-MM")
def rejudge(month: str) -> None:
    """Judge a month's measurements again under the rules of today."""
    with bar(f"rejudge {month}") as progress:
        done = revising.rejudge(month, current_app.config["COUNT_MANUAL"], progress)
    click.echo(f"verdicts changed: {done.rejudged}; coarsened or stripped, left: {done.left_alone}")


@cli.command()
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), default="1990-01-01")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), default="2100-01-01")
def reassign(first: datetime, last: datetime) -> None:
    """Name the communes again in the boundary sets that are active now."""
    span: tuple[date, date] = first.date(), last.date()
    with bar("reassign") as progress:
        done = revising.reassign(*span, _locator(), current_app.config["COUNT_MANUAL"], progress)
    click.echo(
        f"moved to another commune: {done.moved}; verdicts changed: {done.rejudged}; "
        f"coarsened or stripped, left: {done.left_alone}"
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
def fold() -> None:
    """Fold waiting changes of counts into the counts."""
    counting.fold_all()


@cli.command()
@click.argument("identity", type=click.UUID)
@click.option("--reason", required=True, help="why; kept in the audit log")
def exclude(identity: UUID, reason: str) -> None:
    """Take one measurement out of the counts."""
    config = current_app.config
    with errors():
        excluding.exclude(identity, reason, config["SECRET_KEY"], config["COUNT_MANUAL"])
    click.echo(f"excluded: {identity}")
