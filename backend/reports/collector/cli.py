"""flask reports sources: other servers whose sealed reports are collected."""

from pathlib import Path

import click
from flask.cli import AppGroup

from backend.batch.command_line import click_errors
from backend.http.requests import clock_now
from backend.i18n.messages import message
from backend.reports.collector import collecting, service
from backend.reports.monthly.cli import cli as reports
from config import settings

FILES_ALONE = "-"
READABLE = click.Path(exists=True, dir_okay=False, path_type=Path)

sources = AppGroup("sources", help="Servers of provinces whose sealed reports are collected.")
reports.add_command(sources)
commands = ()


def _address(context: click.Context, parameter: click.Parameter, value: str) -> str | None:
    if value == FILES_ALONE:
        return None
    try:
        return settings.origin(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@sources.command()
@click.argument("province")
@click.argument("address", callback=_address)
@click.argument("keys", nargs=-1, required=True)
def add(province: str, address: str | None, keys: tuple[str, ...]) -> None:
    """Collect the reports of PROVINCE, a code, from the server at ADDRESS, sealed with KEYS.

    ADDRESS is like https://do.example.vn, or - for an office without a route, which brings files.
    Each key is a public one that "flask reports keys" prints there; compare its fingerprint by
    telephone. Again with the same province: another address, further keys.
    """
    with click_errors():
        service.add_source(province, address, keys, clock_now())
    click.echo(f"The source of {province} is registered.")


@sources.command("list")
def list_all() -> None:
    """List the sources with their keys, and what was wrong when they were last asked."""
    for one in service.list_sources():
        state = "not asked yet" if one.asked_at is None else f"asked {one.asked_at:%Y-%m-%d %H:%M}"
        if one.problem:
            state += f"; since {one.failed_since:%Y-%m-%d %H:%M}: {message(one.problem, 'en')}"
        click.echo(f"{one.code}  {one.name}  {one.url or 'by files'}  {state if one.url else ''}")
        for key in one.keys:
            revoked = (
                f", revoked {key.revoked_at:%Y-%m-%d}: {key.revoked_reason}"
                if key.revoked_at
                else ""
            )
            click.echo(f"    key {key.public_key.hex()}{revoked}")


@sources.command("revoke-key")
@click.argument("province")
@click.argument("key")
@click.option("--reason", required=True, help="for the audit log")
def revoke_key(province: str, key: str, reason: str) -> None:
    """Revoke KEY of the source of PROVINCE: no seal by it is valid any more. Cannot be undone."""
    with click_errors():
        service.revoke_key(province, key, reason, clock_now())
    click.echo("The key is revoked; no seal made with it is valid any more.")


@sources.command()
@click.argument("province")
def remove(province: str) -> None:
    """Remove the source of PROVINCE with its keys; what was collected stays in the database."""
    with click_errors():
        service.remove_source(province, clock_now())
    click.echo(f"The source of {province} is removed.")


@sources.command()
@click.argument("report", type=READABLE)
@click.argument("seal", type=READABLE)
def take(report: Path, seal: Path) -> None:
    """Take a report that was brought: REPORT is its report.json, SEAL its seal.json."""
    with click_errors():
        province, stated, outcome = collecting.take(
            report.read_bytes(), seal.read_bytes(), clock_now()
        )
    click.echo(f"{province}, {stated.month}, edition {stated.edition}: {outcome}")


@sources.command()
@click.option("--any-day", is_flag=True, help="also after day 20")
def collect(any_day: bool) -> None:
    """Ask the sources for the sealed reports of the last three months, from day 1 to 20."""
    if not (any_day or collecting.is_due(clock_now())):
        click.echo("Reports are collected from day 1 to 20 (--any-day).", err=True)
        return
    for code, results in collecting.collect(clock_now()).items():
        for one in results:
            fine = one.outcome in collecting.FINE
            click.echo(f"{code} {one.month}: {one.outcome if fine else message(one.outcome, 'en')}")
