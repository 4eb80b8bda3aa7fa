"""Officials as people type, paste or upload them.

A line without a header is a unit, then in any order the person's name, e-mail or telephone and the
last day of the role.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from backend.tables import typed_lists
from backend.tables.table import Kind
from backend.tables.typed_lists import TypedList

OFFICIALS = Kind(
    {
        "unit": (
            *("dia ban", "xa", "phuong", "xa phuong", "xa, phuong", "don vi", "ma xa", "ten xa"),
            *("area", "unit", "commune", "commune code"),
        ),
        "name": ("ho ten", "ho va ten", "can bo", "ten can bo", "name", "full name", "official"),
        "contact": (
            *("e-mail hoac dien thoai", "email hoac dien thoai", "lien he", "email", "e-mail"),
            *("dien thoai", "so dien thoai", "contact", "e-mail or telephone", "telephone"),
        ),
        "last_day": ("den het ngay", "den ngay", "ngay cuoi", "last day", "until"),
    },
    "unit",
    "no_header_officials",
)
# Three officials for each commune of the largest province.
MAX_LINES = 500
# Such a list with long names.
MAX_TEXT = 200_000
# The workbook of such a list, with the formats of the template.
MAX_FILE = 2_000_000

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})|(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
# A telephone number, also one with too few digits.
_DIGITS = re.compile(r"\+?[0-9][0-9 .()-]{5,}")


@dataclass(frozen=True, slots=True)
class OfficialLine:
    """An official of a list, as typed."""

    unit: str
    name: str = ""
    contact: str = ""
    last_day: str = ""


# Of the text of a field: without them a faulty contact could be part of a name.
TITLES = OfficialLine("Địa bàn", "Họ và tên", "E-mail hoặc điện thoại", "Đến hết ngày")


def as_text(officials: Sequence[OfficialLine]) -> str:
    """Return officials as the text of a field, one a line below the titles, with tabs."""
    return typed_lists.as_text([TITLES, *officials] if officials else [])


def parse_day(text: str) -> date | None:
    """Return the day of a cell, written as in Vietnam or by ISO 8601."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    day, month, year = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _of_cells(cells: Sequence[str]) -> OfficialLine:
    """Return the official of a line, whose further cells tell what they are by their content."""
    unit, *rest = cells
    found: dict[str, str] = {}
    for cell in filter(None, rest):
        if "last_day" not in found and _DAY.fullmatch(cell):
            found["last_day"] = cell
        elif "contact" not in found and ("@" in cell or _DIGITS.fullmatch(cell)):
            found["contact"] = cell
        elif "name" in found:
            found["name"] += f", {cell}"
        else:
            found["name"] = cell
    return OfficialLine(unit, **found)


OFFICIAL_LIST = TypedList(
    OFFICIALS, OfficialLine, _of_cells, MAX_LINES, lambda line: line == OfficialLine("")
)
read_text, read_file = OFFICIAL_LIST.read_text, OFFICIAL_LIST.read_file
