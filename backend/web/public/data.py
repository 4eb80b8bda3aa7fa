"""The page of open data: published months, their tables with a preview, and how to cite them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from backend.clock import local_day, this_month
from backend.coverage.statistics.release_rules import due_day
from backend.i18n.catalogues import Language
from backend.reports.open_data.service import preview, published_months, read_package
from backend.reports.open_data.tables import TABLES

PREVIEW_ROWS = 5
# A preview is read on a screen; the file has all columns.
PREVIEW_COLUMNS = 14
FORMAT_NAMES = {"csv": "CSV", "xlsx": "Excel", "parquet": "GeoParquet"}
BY_FORMAT = tuple(FORMAT_NAMES)


def show_data(month: str | None, language: Language, now: datetime) -> dict[str, Any]:
    """Return the open data of a month, by default the newest; 404 for one that is not published.

    Where none is published these are the tables to come.
    """
    months = [item["month"] for item in published_months()["items"]]
    shown = month or (months[0] if months else None)
    package = read_package(shown) if shown else {}
    created = package.get("created")
    return {
        "month": shown,
        "months": months,
        "tables": list(_tables(shown, package, language) if shown else _coming(language)),
        "package": package,
        "published": local_day(datetime.fromisoformat(created)) if created else None,
        "next_due": due_day(this_month(now)),
    }


def _coming(language: Language) -> Iterable[dict[str, Any]]:
    for table in TABLES:
        fields = _columns([column.serialize() for column in table.columns], language)
        about = {"name": table.name, "title": _in(table.title, language), "columns": fields}
        yield about | {"files": [], "rows": []}


def _tables(month: str, package: Mapping[str, Any], language: Language) -> Iterable[dict[str, Any]]:
    """Yield the tables of a package, in which each file is a resource, with their first rows."""
    by_table: dict[str, list[Mapping[str, Any]]] = {}
    for resource in package["resources"]:
        by_table.setdefault(resource["path"].partition(".")[0], []).append(resource)
    for name, resources in by_table.items():
        fields = resources[0]["schema"]["fields"]
        yield {
            "name": name,
            "title": _in(resources[0]["title"], language),
            "columns": _columns(fields, language),
            "files": sorted(resources, key=lambda file: BY_FORMAT.index(file["format"])),
            "rows": [row[:PREVIEW_COLUMNS] for row in preview(month, name, PREVIEW_ROWS)],
        }


def _columns(fields: Iterable[Mapping[str, str]], language: Language) -> list[dict[str, str]]:
    """Return columns, with their meaning in the language of the page."""
    return [{**one, "meaning": _in(one["description"], language)} for one in fields]


def _in(text: str, language: Language) -> str:
    """Return the part of a text in both languages, Vietnamese first."""
    vietnamese, _, english = text.partition(" / ")
    return english if language == "en" and english else vietnamese
