"""The tables of the views of the schema `reporting`."""

from backend.reporting.definitions import views


def table() -> str:
    """Return every view with its columns."""
    parts = []
    for view in views(strict=False):
        rows = [f"| `{name}` | {text} |" for name, text in view.columns.items()]
        head = [f"### {view.name}", "", f"One row: {view.row}.", "", "| column | meaning |"]
        parts.append("\n".join([*head, "|---|---|", *rows]))
    return "\n\n".join(parts)
