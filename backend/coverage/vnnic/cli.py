"""Command: import VNNIC's own counts."""

from pathlib import Path

import click

from backend.batch.command_line import click_errors, month_option
from backend.coverage.figures.cli import cli
from backend.coverage.vnnic.importer import ImportOptions, ImportResult, import_vnnic
from backend.http.requests import clock_now
from backend.i18n.messages import message

# The first ones show the kind of mistake.
ERRORS_SHOWN = 100

commands = (cli,)


@cli.command("import-vnnic")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--month", required=True, callback=month_option, help="YYYY-MM of the file.")
@click.option("--network", type=click.Choice(["mobile", "fixed"]), default="mobile")
@click.option("--level", type=click.Choice(["province", "district", "commune"]),
              help="Level of the units; default: commune, province for JSON.")  # fmt: skip
@click.option("--column", "columns", multiple=True, metavar="COLUMN=TITLE",
              help="Title of a column; stored for files with the same titles.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only print the result.")
def import_file(
    path: Path, month: str, network: str, level: str | None, columns: tuple[str, ...], dry_run: bool
) -> None:
    """Import VNNIC's own counts: a table of its portal, or the JSON of its Internet Atlas."""
    options = ImportOptions(month, network, level, dict(_pair(column) for column in columns))
    with click_errors():
        result = import_vnnic(None, path.read_bytes, options, dry_run=dry_run, now=clock_now())
    _print(result)


def _pair(column: str) -> tuple[str, str]:
    name, _, title = column.partition("=")
    if not name.strip() or not title.strip():
        raise click.BadParameter("write COLUMN=TITLE", param_hint="--column")
    return name.strip(), title.strip()


def _print(result: ImportResult) -> None:
    wrong = [row for row in result.sheet.rows if row.errors]
    for row in wrong[:ERRORS_SHOWN]:
        for error in row.errors:
            meant = f" ({'; '.join(error.candidates)})" if error.candidates else ""
            click.echo(f"line {row.line}: {row.name}: {message(error.code, 'en')}{meant}", err=True)
    if len(wrong) > ERRORS_SHOWN:
        click.echo(f"{len(wrong) - ERRORS_SHOWN} more rows with errors", err=True)
    click.echo(", ".join(f"{name}: {n}" for name, n in result.sheet.totals.items()))
