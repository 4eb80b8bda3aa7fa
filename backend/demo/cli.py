"""Commands of the demo."""

from collections.abc import Sequence

import click
from flask.cli import AppGroup

from backend.batch.command_line import executor_options, progress_bar
from backend.batch.executor import Executor
from backend.coverage.figures.public_counts import copy_counts
from backend.demo import service
from backend.demo.users import Credentials
from backend.errors import Problem
from backend.http.requests import clock_now

cli = AppGroup("demo", help="Load or remove the demo months.")
commands = (cli,)


@cli.command()
@click.option("--people", is_flag=True, help="Also create one user per role, and a report.")
@executor_options
def load(people: bool, executor: Executor) -> None:
    """Load November 2024 in Thái Nguyên, the last full month and the current one."""
    try:
        with progress_bar("demo") as progress:
            done = service.load(clock_now(), progress, executor, people=people)
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


def _print_users(users: Sequence[Credentials]) -> None:
    click.echo("To sign in as:")
    for user in users:
        click.echo(f"  {user.role:<12} {user.name:<30} {user.password}")
    click.echo("Printed only once. The admin role is active after a second factor is set up.")
