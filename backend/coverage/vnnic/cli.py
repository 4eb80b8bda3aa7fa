"""The command that pairs typed results of i-Speed with own tests."""

import click

from backend.coverage.figures.cli import cli
from backend.coverage.vnnic.ispeed import find_pairs
from backend.http.requests import clock_now

commands = (cli,)


@cli.command()
def pair() -> None:
    """Pair typed i-Speed results with own tests of the same phone; each hour."""
    new, old = find_pairs(clock_now())
    click.echo(f"pairs found: {new}, deleted after a year: {old}")
