"""The command that imports a file of measurements."""

import json
from collections import Counter
from pathlib import Path
from typing import TextIO

import click
from flask import current_app
from rich.console import Console

from backend.http.requests import clock_now
from backend.measurements.imports.formats import FORMATS, Given, open_source
from backend.measurements.imports.service import Refusal, Source, import_rows
from backend.measurements.recording.cli import cli
from backend.measurements.recording.service import RecordingContext

# The first ones show what kind of mistake it is; all of them are in the file beside.
TOLD_MOST = 100
OUTCOMES = ("accepted", "duplicate", "conflict", "rejected")
commands = ()  # registered in the group of backend.measurements.recording.cli


class Refused:
    """Rows that were not taken, told and written beside the file; no file where there are none."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(f"{path.name}.refused.ndjson")
        self.path.unlink(missing_ok=True)  # of an earlier import of the same file
        self.n = 0
        self._file: TextIO | None = None

    def add(self, refusal: Refusal) -> None:
        """Write one down."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8")
        told = {"line": refusal.line, "error": refusal.error, "row": refusal.raw}
        self._file.write(json.dumps(told) + "\n")  # ASCII: the row may hold any bytes
        self.n += 1
        if self.n <= TOLD_MOST:
            click.echo(f"line {refusal.line}: {refusal.error}", err=True)

    def close(self) -> None:
        """Say where they are."""
        if self._file is not None:
            self._file.close()
            more = f"{self.n - TOLD_MOST} more refused; " if self.n > TOLD_MOST else ""
            click.echo(f"{more}refused rows: {self.path}", err=True)


def _given(at: str | None, network: str | None) -> Given:
    try:
        return Given.parse(at, network)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from None


@cli.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "format_", type=click.Choice(FORMATS), required=True)
@click.option("--at", help="LAT,LON,ACCURACY of rows that tell no position (degrees, metres).")
@click.option("--network", type=click.Choice(["mobile", "fixed"]), help="Of rows that tell none.")
@click.option("--count", help="Count the rows, for this reason: audited, shown apart.")
def import_file(
    path: Path, format_: str, at: str | None, network: str | None, count: str | None
) -> None:
    """Import measurements from a file; the same file again adds nothing.

    Rows without a device are valid but not counted, unless --count tells why they should be.
    """
    if count is not None and not count.strip():
        raise click.BadParameter("tell the reason", param_hint="--count")
    source = Source(path.name, format_, _given(at, network), count)
    config = current_app.config
    context = RecordingContext(
        current_app.extensions["locator"], config["SECRET_KEY"], config["MEASUREMENTS_PER_HOUR"]
    )
    now = clock_now()
    refused = Refused(path)
    try:
        with Console(stderr=True).status("importing …") as status, open_source(path) as stream:
            done = import_rows(
                source, stream, now, context, refused.add, lambda n: status.update(_totals(n))
            )
    finally:
        refused.close()
    click.echo(_totals(done))


def _totals(outcomes: Counter[str]) -> str:
    return ", ".join(f"{name}: {outcomes[name]}" for name in OUTCOMES)
