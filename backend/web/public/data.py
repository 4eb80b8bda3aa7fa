"""The page of open data: published months, their tables with a preview, and how to cite them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
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


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file to download."""

    format: str
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class DataColumn:
    """A column, with its meaning in the language of the page."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table: its files, the meaning of its columns, and its first rows."""

    name: str
    title: str
    columns: tuple[DataColumn, ...]
    files: tuple[DataFile, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class DataPage:
    """The open data of a month, by default the newest; without one the tables to come."""

    month: str | None
    months: tuple[str, ...]
    tables: tuple[DataTable, ...]
    package: Mapping[str, Any]
    next_due: date

    @property
    def published(self) -> date | None:
        """The day on which the month was published."""
        created = self.package.get("created")
        return local_day(datetime.fromisoformat(created)) if created else None


def show_data(month: str | None, language: Language, now: datetime) -> DataPage:
    """Return the page of a published month; 404 for one that is not published."""
    months = tuple(item["month"] for item in published_months()["items"])
    due = due_day(this_month(now))
    if month is None and not months:
        return DataPage(None, (), tuple(_coming(language)), {}, due)
    shown = month or months[0]
    package = read_package(shown)
    return DataPage(shown, months, tuple(_tables(shown, package, language)), package, due)


def _coming(language: Language) -> Iterable[DataTable]:
    for table in TABLES:
        fields = [column.serialize() for column in table.columns]
        yield DataTable(table.name, _in(table.title, language), _columns(fields, language))


def _tables(month: str, package: Mapping[str, Any], language: Language) -> Iterable[DataTable]:
    """Yield the tables of a package, in which each file is a resource."""
    by_table: dict[str, list[Mapping[str, Any]]] = {}
    for resource in package["resources"]:
        by_table.setdefault(resource["path"].partition(".")[0], []).append(resource)
    for name, resources in by_table.items():
        fields = resources[0]["schema"]["fields"]
        rows = preview(month, name, PREVIEW_ROWS)[1:]
        files = (DataFile(one["format"], one["path"], one["bytes"]) for one in resources)
        yield DataTable(
            name,
            _in(resources[0]["title"], language),
            _columns(fields, language),
            tuple(sorted(files, key=lambda file: BY_FORMAT.index(file.format))),
            tuple(tuple(row[:PREVIEW_COLUMNS]) for row in rows),
        )


def _columns(fields: Iterable[Mapping[str, str]], language: Language) -> tuple[DataColumn, ...]:
    return tuple(
        DataColumn(one["name"], one["type"], _in(one["description"], language)) for one in fields
    )


def _in(text: str, language: Language) -> str:
    """Return the part of a text in both languages, Vietnamese first."""
    vietnamese, _, english = text.partition(" / ")
    return english if language == "en" and english else vietnamese
