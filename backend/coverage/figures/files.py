"""Coverage as CSV and XLSX files."""

import io
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from backend.coverage.figures.coverage_answer import Figure, UnitItem, figure_of
from backend.coverage.figures.service import CoverageResult
from backend.i18n.catalogues import N_, NP_, Language, gettext
from backend.tables.spreadsheets import csv_file, fill_sheet, new_workbook

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# Headings by figure, in the order of the columns.
COLUMNS = {
    "month": N_("Month"),
    "code": N_("Code"),
    "name": N_("Unit"),
    "parent": N_("Part of"),
    "received": NP_("column", "Received"),
    "valid": N_("Valid"),
    "counted": N_("Counted"),
    "of_teams": N_("Of these, by teams"),
    "witnessed": N_("Of these, confirmed by the measuring host"),
    "ticketed": N_("Of these, measured at a registered host"),
    "claimed": N_("Of these, reported by the phone alone"),
    "imported": N_("Of these, imported from files"),
    "withdrawn": N_("Of these, withdrawn"),
    "target": N_("Target"),
    "reached": NP_("column", "Reached"),
    "shortfall": N_("Shortfall"),
    "share": N_("Share"),
    "assessed": N_("Enough to assess"),
    "expected": N_("Expected by now"),
    "state": NP_("progress", "State"),
    "today": N_("Today"),
    "pace": N_("Samples per day"),
    "low": N_("Projection, low"),
    "middle": N_("Projection"),
    "high": N_("Projection, high"),
    "days_left": N_("Days left"),
    "needed_per_day": N_("Needed per day"),
    "devices": N_("Devices"),
    "outings": N_("Outings"),
    "teams": N_("Active teams"),
    "last_month": N_("Previous month"),
    "change": N_("Change"),
}
# Columns of a workbook of several months, which has a row for every unit and month.
SHORT = ("month", "code", "name", "parent", "received", "valid", "counted", "target", "reached")
STATES = {"reached": N_("reached"), "on_pace": NP_("column", "on pace"), "behind": N_("behind")}
YES, NO = N_("yes"), N_("no")
COUNTED_HEADS = ("code", "name", "parent")


def as_csv(result: CoverageResult, language: Language | None = None) -> bytes:
    """Return a CSV table in UTF-8 with a BOM, for spreadsheets; without a language in codes."""
    names = _names(result)
    heads = [gettext(COLUMNS[name], language) for name in names] if language else names
    rows = (_row(item, names, language) for item in result.items)
    return csv_file(chain([heads], rows))


def _names(result: CoverageResult) -> tuple[str, ...]:
    """Return the columns of a table; the public has none of teams' samples."""
    return tuple(name for name in COLUMNS if name != "of_teams" or result.body["exact"])


def as_xlsx(result: CoverageResult, language: Language) -> bytes:
    """Return a workbook of typed cells; for several months with a sheet of months by unit."""
    several = len(result.body["months"]) > 1
    names = SHORT if several else _names(result)
    out = io.BytesIO()
    # Constant memory: a year of all communes has 40,000 rows.
    with new_workbook(out, constant_memory=True) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        if several:
            sheet = book.add_worksheet(gettext("By month", language))
            _write_months(sheet, result, language, bold)
        sheet = book.add_worksheet(gettext("Units", language))
        heads = [gettext(COLUMNS[name], language) for name in names]
        rows = (_row(item, names, language) for item in result.items)
        _write(sheet, heads, rows, bold, len(result.items))
    return out.getvalue()


def _write_months(
    sheet: "Worksheet", result: CoverageResult, language: Language, bold: "Format"
) -> None:
    """Write a row for each unit with its counted samples of each month."""
    months = [one["month"] for one in result.body["months"]]
    parents: dict[tuple[str, str], str | None] = {}
    counted: dict[tuple[str, str], dict[str, int]] = {}
    for item in result.items:
        key = item["code"], item["name"]
        parents.setdefault(key, item["parent"])
        counted.setdefault(key, {})[item["month"]] = item["counted"]
    heads = [gettext(COLUMNS[name], language) for name in COUNTED_HEADS] + months
    rows = (
        [*key, parents[key], *(by_month.get(month) for month in months)]
        for key, by_month in counted.items()
    )
    _write(sheet, heads, rows, bold, len(counted))


def _write(
    sheet: "Worksheet",
    heads: list[str],
    rows: Iterator[Sequence[Figure]],
    bold: "Format",
    count: int,
) -> None:
    sheet.set_column(0, len(heads) - 1, 13)
    sheet.freeze_panes(1, 3)
    sheet.autofilter(0, 0, count, len(heads) - 1)
    fill_sheet(sheet, heads, rows, bold)


def _row(item: UnitItem, names: tuple[str, ...], language: Language | None = None) -> list[Figure]:
    """Return the cells of an item, translated if a language is given."""
    cells = [figure_of(item, name) for name in names]
    return [_translated(cell, language) for cell in cells] if language else cells


def _translated(cell: Figure, language: Language) -> Figure:
    if isinstance(cell, bool):
        return gettext(YES if cell else NO, language)
    return gettext(STATES[cell], language) if isinstance(cell, str) and cell in STATES else cell
