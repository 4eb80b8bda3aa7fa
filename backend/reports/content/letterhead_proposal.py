"""What a unit's letters begin and end with until its official says otherwise; pure."""

from datetime import date
from typing import TypedDict

from backend.reports.content.labels import within

# On this day the ministry and its provincial departments were merged into those of science.
MERGED = date(2025, 3, 1)
BEFORE, SINCE = "Thông tin và Truyền thông", "Khoa học và Công nghệ"


class Words(TypedDict):
    """A letterhead, as it is shown, changed, and copied into a report."""

    superior: str | None
    agency: str
    symbol: str
    place: str
    recipients: list[str]
    titles: list[str]
    signer: str | None
    copies: list[str]


def proposed(level: str, name: str, province: str, day: date) -> Words:
    """The usual letterhead of a province's department, else of a People's Committee."""
    department = SINCE if day >= MERGED else BEFORE
    if level == "province":
        return {
            "superior": f"UBND {name}".upper(),
            "agency": f"Sở {department}".upper(),
            "symbol": "SKHCN-BCVT" if day >= MERGED else "STTTT-BCVT",
            "place": bare(name),
            "recipients": [f"Cục Viễn thông, Bộ {department}"],
            "titles": ["GIÁM ĐỐC"],
            "signer": None,
            "copies": ["Như trên", f"Ủy ban nhân dân {within(name)} (để báo cáo)", "Lưu: VT, BCVT"],
        }
    return {
        "superior": None,
        "agency": f"Ủy ban nhân dân {within(name)}".upper(),
        "symbol": "UBND-VHXH",
        "place": bare(name),
        "recipients": [f"Sở {department} {within(province)}"],
        "titles": ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"],
        "signer": None,
        "copies": ["Như trên", "Lưu: VT, VHXH"],
    }


# Longest first: "Thành phố" begins as "Thành" would.
TYPES = ("Thành phố", "Thị trấn", "Đặc khu", "Thị xã", "Phường", "Huyện", "Quận", "Tỉnh", "Xã")


def bare(name: str) -> str:
    """A unit's name without its type; of a numbered one, "Phường 1", all of it."""
    for kind in TYPES:
        rest = name.removeprefix(f"{kind} ")
        if rest != name and not rest.isdigit():
            return rest
    return name
