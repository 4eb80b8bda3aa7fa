"""Commands of the operator: check a file against the seals, publish, remind."""

from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from backend.errors import Problem
from backend.messages import message
from backend.reports.checking import check_file
from backend.reports.open_data_cli import publish_data
from backend.reports.reminder_cli import deadlines

cli = AppGroup("reports", help="Monthly reports and their seals; open data.")
cli.add_command(publish_data)
cli.add_command(deadlines)


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Tell whether FILE is, byte for byte, of a report that was approved and sealed here."""
    try:
        found = check_file(file.read_bytes())
    except Problem as problem:
        raise click.ClickException(message(problem.code, "en")) from None
    for line in _lines(found):
        click.echo(line)
    if not found["valid"]:
        raise click.ClickException("The seal does not hold: the stored report was changed.")


def _lines(found: dict[str, Any]) -> list[str]:
    report, approved = found["report"], found["report"]["approved"]
    unit = report["unit"]
    by = ", ".join(filter(None, (approved["name"], approved["title"])))
    lines = [
        f"SHA-256 {found['digest']}: {found['of']}",
        f"{unit['name']} ({unit['code']}), {report['month']}, edition {report['edition']}",
        f"approved {approved['at']:%Y-%m-%d %H:%M} UTC by {by}",
        f"seal: {found['seal']['algorithm']}, key {found['seal']['key']}, "
        f"{'valid' if found['valid'] else 'NOT VALID'}",
    ]
    if report["superseded_at"]:
        lines.append("superseded by a later edition")
    if report["demo"]:
        lines.append("sample data, not measured")
    return lines
