"""Commands that recompute, compare and exclude stored measurements."""

import sys
from datetime import date, datetime
from uuid import UUID

import click

from backend.batch.command_line import (
    Month,
    click_errors,
    executor_options,
    progress_bar,
)
from backend.batch.executor import Executor
from backend.clock import VIETNAM
from backend.http.requests import clock_now
from backend.measurements.recording import counting, earning_sums
from backend.measurements.recording.cli import cli
from backend.measurements.revision import revocation, service
from backend.witness import hosts
from backend.witness.cli import cli as hosts_cli

commands = ()  # registered in the groups of backend.measurements.recording.cli and witness.cli


@cli.command()
@click.option("--month", required=True, type=Month(), help="YYYY-MM")
@click.option("--dry-run", is_flag=True, help="count the changes, and change nothing")
@executor_options
def rejudge(month: str, dry_run: bool, executor: Executor) -> None:
    """Judge a month's measurements again, without changing their places."""
    with click_errors(), progress_bar(f"rejudge {month}") as progress:
        done = service.rejudge(month, progress, executor, keep=not dry_run)
    click.echo(
        f"verdicts changed: {_tally(done.rejudged, executor)}; "
        f"coarsened or stripped, left: {done.left_alone}"
    )


@cli.command()
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), default="1990-01-01")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), default="2100-01-01")
@executor_options
def reassign(first: datetime, last: datetime, executor: Executor) -> None:
    """Look up the communes again in the active boundary sets."""
    span: tuple[date, date] = first.date(), last.date()
    with click_errors(), progress_bar("reassign") as progress:
        done = service.reassign(*span, progress, executor)
    click.echo(
        f"moved to another commune: {_tally(done.moved, executor)}; "
        f"verdicts changed: {_tally(done.rejudged, executor)}; "
        f"no-connection notes moved: {done.notes_moved}; "
        f"coarsened or stripped, left: {done.left_alone}"
    )


def _tally(n: int, executor: Executor) -> str:
    """Return a number of changes; a part that ran again finds its first run's changes made."""
    return f"at least {n}" if executor.repeated else str(n)


@cli.command()
@click.option("--repair", is_flag=True, help="Correct the stored counts that differ.")
def recount(repair: bool) -> None:
    """Compare every stored count with the rows; exit with 1 if they differ."""
    counts = counting.differences()
    for row in counts:
        click.echo(
            f"{row['month']} day={row['day']} unit={row['unit_id']} {row['network']} "
            f"{row['name']}: stored {row['stored']}, rows {row['truth']}"
        )
    teams = earning_sums.differences()
    for sums in teams:
        click.echo(" ".join(f"{name}={value}" for name, value in sums.items()))
    click.echo(f"differences: {len(counts) + len(teams)}")
    if repair:
        counting.repair(counts)
        earning_sums.repair(teams)
    sys.exit(1 if counts or teams else 0)


@cli.command()
@click.argument("identity", type=click.UUID)
@click.option("--reason", required=True, help="stored in the audit log")
def exclude(identity: UUID, reason: str) -> None:
    """Exclude one measurement from the counts."""
    with click_errors():
        service.exclude(identity, reason)
    click.echo(f"excluded: {identity}")


@cli.command("allow-receiver")
@click.argument("device", type=click.UUID)
@click.option("--reason", required=True, help="stored in the audit log")
def allow_receiver(device: UUID, reason: str) -> None:
    """Count mock positions of DEVICE from now on: an external GPS receiver that you know."""
    with click_errors():
        service.allow_receiver(device, reason, clock_now())
    click.echo(f"allowed: {device}")


@cli.command("revoke-receiver")
@click.argument("device", type=click.UUID)
@click.option("--reason", required=True, help="stored in the audit log")
def revoke_receiver(device: UUID, reason: str) -> None:
    """Count no mock position of DEVICE any more, neither those since the permission."""
    with click_errors():
        changed = service.revoke_receiver(device, reason)
    click.echo(f"revoked: {device}; verdicts changed: {changed}")


@hosts_cli.command()
@click.argument("host_id", type=click.UUID)
@click.option("--reason", required=True, help="For the audit log.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="Also samples received since then (Vietnam time) become claimed, and are judged again.",
)
def revoke(host_id: UUID, reason: str, since: datetime | None) -> None:
    """Revoke a host: no more tickets for it; samples received from now on are claimed.

    With --since also stored samples that it proved, as far as their tickets are kept (60 days).
    Counts change; frozen reports and monthly releases stay.
    """
    now = clock_now()
    with click_errors():
        if since is None:
            hosts.revoke_host(host_id, reason, now)
            return
        begin = since.replace(tzinfo=VIETNAM)
        samples, changed = revocation.revoke_host(host_id, reason, now, begin)
    click.echo(f"samples that are claimed now: {samples}; verdicts changed: {changed}")
