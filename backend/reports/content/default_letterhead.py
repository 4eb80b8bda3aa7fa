"""The letterhead of a unit until an official sets one; pure."""

from datetime import date
from typing import TypedDict

from backend.reports.content.labels import within

# The day on which the ministry and its departments were merged into those of science.
MERGED = date(2025, 3, 1)
BEFORE, SINCE = "Thông tin và Truyền thông", "Khoa học và Công nghệ"


class LetterheadContent(TypedDict):
    """The lines of a letterhead, as shown, changed and copied into a report."""

    superior: str | None
    agency: str
    symbol: str
    place: str
    recipients: list[str]
    titles: list[str]
    signer: str | None
    copies: list[str]


def default_letterhead(level: str, name: str, province: str, day: date) -> LetterheadContent:
    """Return the usual letterhead of a province's department, else of a People's Committee."""
    department = SINCE if day >= MERGED else BEFORE
    if level == "province":
        return {
            "superior": f"UBND {name}".upper(),
            "agency": f"Sở {department}".upper(),
            "symbol": "SKHCN-BCVT" if day >= MERGED else "STTTT-BCVT",
            "place": bare_name(name),
            "recipients": [f"Cục Viễn thông, Bộ {department}"],
            "titles": ["GIÁM ĐỐC"],
            "signer": None,
            "copies": ["Như trên", f"Ủy ban nhân dân {within(name)} (để báo cáo)", "Lưu: VT, BCVT"],
        }
    return {
        "superior": None,
        "agency": f"Ủy ban nhân dân {within(name)}".upper(),
        "symbol": "UBND-VHXH",
        "place": bare_name(name),
        "recipients": [f"Sở {department} {within(province)}"],
        "titles": ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"],
        "signer": None,
        "copies": ["Như trên", "Lưu: VT, VHXH"],
    }


# Types of units, longest first.
TYPES = ("Thành phố", "Thị trấn", "Đặc khu", "Thị xã", "Phường", "Huyện", "Quận", "Tỉnh", "Xã")


def bare_name(name: str) -> str:
    """Return a unit's name without its type; a numbered one, "Phường 1", unchanged."""
    for kind in TYPES:
        rest = name.removeprefix(f"{kind} ")
        if rest != name and not rest.isdigit():
            return rest
    return name
