"""The command that takes in VNNIC's own counts."""

from pathlib import Path

import click

from backend.batch.command_line import click_errors, month_option
from backend.coverage.figures.cli import cli
from backend.coverage.vnnic.importer import About, Import, import_vnnic
from backend.http.requests import clock_now
from backend.i18n.messages import message

# The first ones show what kind of mistake it is.
TOLD_MOST = 100

commands = ()  # all of them belong to the group of coverage


@cli.command("import-vnnic")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--month", required=True, callback=month_option, help="YYYY-MM, of which it tells.")
@click.option("--network", type=click.Choice(["mobile", "fixed"]), default="mobile")
@click.option("--level", type=click.Choice(["province", "district", "commune"]),
              help="Of its units; default: commune, of the Atlas' JSON province.")  # fmt: skip
@click.option("--column", "columns", multiple=True, metavar="COLUMN=TITLE",
              help="Which column is which; kept for files with the same titles.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
def import_file(
    path: Path, month: str, network: str, level: str | None, columns: tuple[str, ...], dry_run: bool
) -> None:
    """Take in VNNIC's own counts: a table of its portal, or the JSON of its Internet Atlas."""
    about = About(month, network, level, dict(_pair(column) for column in columns))
    with click_errors():
        result = import_vnnic(None, path.read_bytes, about, dry_run=dry_run, now=clock_now())
    _tell(result)


def _pair(told: str) -> tuple[str, str]:
    name, _, title = told.partition("=")
    if not name.strip() or not title.strip():
        raise click.BadParameter("write COLUMN=TITLE", param_hint="--column")
    return name.strip(), title.strip()


def _tell(result: Import) -> None:
    wrong = [row for row in result.rows if row.errors]
    for row in wrong[:TOLD_MOST]:
        for error in row.errors:
            meant = f" ({'; '.join(error.candidates)})" if error.candidates else ""
            click.echo(f"line {row.line}: {row.name}: {message(error.code, 'en')}{meant}", err=True)
    if len(wrong) > TOLD_MOST:
        click.echo(f"{len(wrong) - TOLD_MOST} more rows at fault", err=True)
    click.echo(", ".join(f"{name}: {n}" for name, n in result.totals.items()))
