"""Contributions as CSV and XLSX files."""

import io
from collections.abc import Iterator
from typing import Any

from backend.i18n.catalogues import N_, NP_, Language, gettext
from backend.i18n.messages import message
from backend.measurements.recording.reasons import BY_CODE
from backend.tables.spreadsheets import csv_file, fill_sheet, new_workbook

# field: title
COLUMNS = {
    "id": N_("Id"),
    "name": N_("Name"),
    "team": N_("Team"),
    "received": NP_("column", "Received"),
    "valid": N_("Valid"),
    "counted": N_("Counted"),
    "witnessed": N_("Of these, confirmed by the measuring host"),
    "ticketed": N_("Of these, measured at a registered host"),
    "claimed": N_("Of these, reported by the phone alone"),
    "guests": N_("Of these by residents"),
    "unlocated": N_("Unlocated"),
    "needed": N_("Samples towards the target"),
    "helped": NP_("column", "Communes helped to reach the target"),
    "devices": N_("Devices"),
    "active_days": NP_("column", "Active days"),
    "last_day": N_("Last active day"),
    "reasons": N_("Reasons for not counting"),
    "residents": N_("Residents helped"),
    "with_ispeed": N_("Of the counted, with i-Speed"),
}

# Groups in the names of files.
GROUPS = {
    "team": "doi",
    "member": "nguoi-do",
    "unit": "xa-phuong",
    "day": "ngay",
    "organisation": "don-vi",
}


def file_name(campaign_id: int, by: str, kind: str) -> str:
    """Return the name of a file of contributions."""
    return f"dong-gop-{campaign_id}-{GROUPS[by]}.{kind}"


def as_csv(answer: dict[str, Any], language: Language) -> bytes:
    """Return a CSV file headed by field names, for programs."""
    return csv_file([list(COLUMNS), *_rows(answer, language)])


def as_xlsx(answer: dict[str, Any], language: Language) -> bytes:
    """Return a workbook headed by translated titles."""
    out = io.BytesIO()
    with new_workbook(out, in_memory=True, default_date_format="yyyy-mm-dd") as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 2)
        fill_sheet(sheet, _titles(language), _rows(answer, language), bold)
        sheet.set_column(0, len(COLUMNS) - 1, 14)
    return out.getvalue()


def _titles(language: Language) -> list[str]:
    return [gettext(title, language) for title in COLUMNS.values()]


def _rows(answer: dict[str, Any], language: Language) -> Iterator[list[Any]]:
    total = {"id": None, "name": gettext("Total", language), "team": None, **answer["total"]}
    for item in [*answer["items"], total]:
        reasons = "; ".join(f"{reason(c, language)} {n}" for c, n in item["reasons"].items())
        cells = {**item, **item["by_assurance"], "reasons": reasons}
        yield [cells[name] for name in COLUMNS]


def reason(code: str, language: Language) -> str:
    """Return the text of a reason for not counting."""
    return BY_CODE[code].message(language) if code in BY_CODE else message(code, language)
