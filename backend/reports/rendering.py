"""A report's files, made of its figures alone: rendered again they are the same bytes."""

from backend.reports.canonical import canonical
from backend.reports.figures import Files, Report


def render(report: Report) -> Files:
    """Every file of a report by name."""
    return {"report.json": canonical(report)}
