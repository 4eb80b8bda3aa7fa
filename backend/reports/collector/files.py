"""The table of provinces as CSV and XLSX files."""

import io
from collections.abc import Iterator
from datetime import datetime

from backend.clock import VIETNAM
from backend.i18n.catalogues import N_, NP_, Language, gettext
from backend.i18n.messages import message
from backend.reports.collector.provinces import ProvinceRow, ProvinceTable
from backend.tables.spreadsheets import csv_file, fill_sheet, new_workbook

Cell = str | int | float | None

# Headings by field of a row, in the order of the columns.
COLUMNS = {
    "code": N_("Code"),
    "name": N_("Province"),
    "counted": N_("Counted"),
    "communes": N_("Communes"),
    "reached": NP_("column", "Reached"),
    "share": N_("Share"),
    "edition": N_("Edition"),
    "approved_at": N_("Approved at"),
    "received_at": N_("Received at"),
    "verified": N_("Seal verified"),
    "late": N_("Late"),
    "summed": N_("In the sum"),
    "differs": N_("Differs in"),
    "problem": N_("Problem"),
}
YES, NO = N_("yes"), N_("no")
DIFFERENCES = {
    "target": N_("target"),
    "counts_from": N_("assurance from which samples count"),
    "rules": N_("rules of validity"),
    "boundaries": N_("boundary set"),
    "demo": N_("sample figures"),
}


def as_csv(table: ProvinceTable, language: Language) -> bytes:
    """Return the rows as CSV in UTF-8 with a BOM, for spreadsheets."""
    return csv_file([_heads(language), *_rows(table, language)])


def as_xlsx(table: ProvinceTable, language: Language) -> bytes:
    """Return a workbook of typed cells."""
    out = io.BytesIO()
    with new_workbook(out, in_memory=True) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(table["month"])
        heads = _heads(language)
        sheet.set_column(0, len(heads) - 1, 13)
        sheet.freeze_panes(1, 2)
        sheet.autofilter(0, 0, len(table["items"]), len(heads) - 1)
        fill_sheet(sheet, heads, _rows(table, language), bold)
    return out.getvalue()


def _heads(language: Language) -> list[str]:
    return [gettext(COLUMNS[name], language) for name in COLUMNS]


def _rows(table: ProvinceTable, language: Language) -> Iterator[list[Cell]]:
    for row in table["items"]:
        yield [
            row["code"],
            row["name"],
            row["counted"],
            row["communes"],
            row["reached"],
            row["share"],
            row["edition"],
            _moment(row["approved_at"]),
            _moment(row["received_at"]),
            _yes(row["verified"], language),
            _yes(row["late"], language),
            _yes(row["summed"], language),
            differences(row, language),
            message(row["problem"], language) if row["problem"] else None,
        ]


def differences(row: ProvinceRow, language: Language) -> str:
    """Return what a row differs in, in words."""
    return ", ".join(gettext(DIFFERENCES[name], language) for name in row["differs"])


def _yes(value: bool, language: Language) -> str:
    return gettext(YES if value else NO, language)


def _moment(at: datetime | None) -> str | None:
    """Return a time of Vietnam without an offset, as spreadsheets show times."""
    return f"{at.astimezone(VIETNAM):%Y-%m-%d %H:%M}" if at else None
