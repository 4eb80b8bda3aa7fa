"""Contributions as CSV and XLSX files."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from xlsxwriter import Workbook

from backend.i18n.catalogues import N_, NP_, Language, gettext
from backend.i18n.messages import message
from backend.measurements.recording.reasons import BY_CODE
from backend.tables.spreadsheets import escape_formula

# field: title
COLUMNS = {
    "id": N_("Id"),
    "name": N_("Name"),
    "team": N_("Team"),
    "received": NP_("column", "Received"),
    "valid": N_("Valid"),
    "counted": N_("Counted"),
    "guests": N_("Of these by residents"),
    "unlocated": N_("Unlocated"),
    "needed": N_("Needed samples"),
    "helped": NP_("column", "Communes helped to reach the target"),
    "devices": N_("Devices"),
    "active_days": NP_("column", "Active days"),
    "last_day": N_("Last active day"),
    "reasons": N_("Reasons for not counting"),
}


def as_csv(answer: dict[str, Any], language: Language, *, for_people: bool = False) -> bytes:
    """Return a CSV file headed by field names, or with `for_people` by translated titles."""
    out = io.StringIO()
    writer = csv.writer(out)
    titles = [gettext(title, language) for title in COLUMNS.values()]
    writer.writerow(titles if for_people else COLUMNS)
    for row in _rows(answer, language):
        writer.writerow([escape_formula(c) if isinstance(c, str) else c for c in row])
    return ("\ufeff" + out.getvalue()).encode()


def as_xlsx(answer: dict[str, Any], language: Language) -> bytes:
    """Return a workbook headed by translated titles."""
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        sheet.write_row(0, 0, [gettext(title, language) for title in COLUMNS.values()], bold)
        sheet.freeze_panes(1, 2)
        for number, row in enumerate(_rows(answer, language), 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, column, cell)  # never a formula
                else:
                    sheet.write(number, column, cell)
        sheet.set_column(0, len(COLUMNS) - 1, 14)
    return out.getvalue()


def _rows(answer: dict[str, Any], language: Language) -> Iterator[list[Any]]:
    total = {"id": None, "name": gettext("Total", language), "team": None, **answer["total"]}
    for item in [*answer["items"], total]:
        reasons = "; ".join(f"{_reason(c, language)} {n}" for c, n in item["reasons"].items())
        yield [reasons if name == "reasons" else item[name] for name in COLUMNS]


def _reason(code: str, language: Language) -> str:
    return BY_CODE[code].message(language) if code in BY_CODE else message(code, language)
