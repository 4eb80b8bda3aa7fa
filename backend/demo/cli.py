"""Commands of the demo."""

from collections.abc import Sequence
from datetime import datetime

import click
from flask import current_app
from flask.cli import AppGroup

from backend.batch.command_line import executor_options, progress_bar
from backend.batch.executor import Executor
from backend.clock import local_day
from backend.coverage.figures.public_counts import copy_counts
from backend.demo import service
from backend.demo.users import Credentials, make_report, make_users
from backend.errors import Problem
from backend.http.requests import clock_now

cli = AppGroup("demo", help="Load or remove the demo months.")
commands = (cli,)


@cli.command()
@click.option("--seed", type=click.IntRange(0), default=service.SEED, show_default=True)
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="default: today in Vietnam")
@click.option("--people", is_flag=True, help="Also create users and a report, as `demo people`.")
@executor_options
def load(seed: int, today: datetime | None, people: bool, executor: Executor) -> None:
    """Load November 2024 in Thái Nguyên, the last full month and the current one."""
    now = clock_now()
    day = today.date() if today else local_day(now)
    if day > local_day(now):
        raise click.BadParameter("is in the future", param_hint="--today")
    try:
        with progress_bar("demo") as progress:
            options = service.LoadOptions(day, now, seed, people)
            done = service.load(options, progress, executor)
    except Problem as problem:
        raise click.ClickException(f"{problem.code}: run `flask units setup` first") from None
    except service.PlanNotReached as error:
        raise click.ClickException(str(error)) from None
    if done is None:
        click.echo("The demo months are loaded already; `flask demo remove` removes them.")
        return
    click.echo(f"Demo months: {', '.join(done.months)}; counted as planned: {done.counted:,}")
    if done.users:
        _print_users(done.users)


@cli.command()
def remove() -> None:
    """Remove all data of the demo, and nothing else."""
    with progress_bar("demo") as progress:
        rows = service.remove(progress)
    copy_counts(clock_now(), everything=True)
    click.echo(f"Removed measurements: {rows:,}")


@cli.command()
def people() -> None:
    """Create one user per role and a report; passwords are printed only once."""
    now = clock_now()
    made = make_users(now)
    if not made:
        raise click.ClickException("the demo is not loaded, or its users exist already")
    make_report(now, current_app.config["VAR_DIR"])
    _print_users(made)


def _print_users(users: Sequence[Credentials]) -> None:
    click.echo("To sign in as:")
    for one in users:
        click.echo(f"  {one.role:<12} {one.name:<30} {one.password}")
    click.echo("Printed only once. The admin role is active after a second factor is set up.")
