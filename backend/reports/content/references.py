"""Citation of the documents that set the targets of a report."""

from datetime import date

# Sources of the targets of a new installation, as Decree 30/2020/NĐ-CP cites a letter.
LETTERS = {
    "5691/BTTTT-CVT (31/12/2024)": (
        "Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024 của Bộ Thông tin và Truyền thông"
    ),
}
# Source of the target of fixed lines, which no letter names: the installation set it.
OWN_DEFAULT = "Mức mặc định của Đo Sóng"


def cite(source: str | None) -> str | None:
    """Return how a report cites the source of a target; None if it does not."""
    return None if source in (None, OWN_DEFAULT) else LETTERS.get(source or "", source)


def day_in_words(day: date) -> str:
    """Return a day as in a letter; a leading zero for days below 10 and the first two months."""
    month = f"{day.month:02}" if day.month <= 2 else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"
