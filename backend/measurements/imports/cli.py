"""The command that imports a file of measurements."""

import json
from collections import Counter
from pathlib import Path
from typing import TextIO

import click

from backend.batch.command_line import spinner
from backend.http.requests import clock_now
from backend.measurements.imports.parsing import open_source
from backend.measurements.imports.row import ImportOptions, Row
from backend.measurements.imports.service import FORMATS, Source, import_rows
from backend.measurements.recording.cli import cli
from backend.measurements.recording.intake import OUTCOMES
from backend.measurements.recording.service import recording_context

# Errors printed: the first ones show the kind of mistake, the file contains all of them.
ERRORS_SHOWN = 100
commands = ()  # registered in the group of backend.measurements.recording.cli


class RejectedRows:
    """Prints rejected rows and writes them to a file, which is created for the first one."""

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(f"{path.name}.refused.ndjson")
        self.path.unlink(missing_ok=True)  # of an earlier import of the same file
        self.n = 0
        self._file: TextIO | None = None

    def add(self, row: Row) -> None:
        """Write and print one row."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8")
        entry = {"line": row.line, "error": row.error, "row": row.raw}
        self._file.write(json.dumps(entry) + "\n")  # ASCII: the row may contain any bytes
        self.n += 1
        if self.n <= ERRORS_SHOWN:
            click.echo(f"line {row.line}: {row.error}", err=True)

    def close(self) -> None:
        """Close the file and print its path."""
        if self._file is not None:
            self._file.close()
            more = f"{self.n - ERRORS_SHOWN} more rejected; " if self.n > ERRORS_SHOWN else ""
            click.echo(f"{more}rejected rows: {self.path}", err=True)


@cli.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "format_", type=click.Choice(FORMATS), required=True)
@click.option("--at", help="LAT,LON,ACCURACY of rows without a position (degrees, metres).")
@click.option(
    "--network", type=click.Choice(["mobile", "fixed"]), help="Network of rows without one."
)
@click.option("--count", help="Count rows without a device, for this reason (audited).")
def import_file(
    path: Path, format_: str, at: str | None, network: str | None, count: str | None
) -> None:
    """Import measurements from a file; the same file again adds nothing.

    Rows without a device are valid but not counted, unless --count gives a reason.
    """
    if count is not None and not count.strip():
        raise click.BadParameter("the reason is empty", param_hint="--count")
    try:
        options = ImportOptions.parse(at, network)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from None
    source = Source(path.name, format_, options, count)
    context = recording_context(tickets=False)
    now = clock_now()
    rejected = RejectedRows(path)
    try:
        with spinner("importing …") as status, open_source(path) as stream:
            done = import_rows(
                source, stream, now, context, rejected.add, lambda n: status.update(_totals(n))
            )
    finally:
        rejected.close()
    click.echo(_totals(done))


def _totals(outcomes: Counter[str]) -> str:
    return ", ".join(f"{name}: {outcomes[name]}" for name in OUTCOMES)
