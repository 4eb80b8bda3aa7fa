"""Sample values of the styleguide: long names, zero, large values, and a gap."""

from typing import Any

from backend.web.site.charts import bars

ROWS = (
    ("Huyện đảo Bạch Long Vĩ", 12, 0),
    ("Thị trấn Nông trường Thống Nhất", 1340, 149),
    ("Phường Phan Đình Phùng", 412, 387),
)
MONTHS = (0, 12, 84, 150, 299, 300, 412, 380, 340, 305, 20, 0)
HOURS = (
    0, 0, 0, 0, 1, 4, 30, 84, 120, 140, 120, 90,
    40, 70, 96, 110, 130, 150, 90, 60, 30, 8, 2, 0,
)  # fmt: skip


def samples() -> dict[str, Any]:
    """Return the values of the styleguide."""
    months = [(f"{at:02}", float(n), f"{n}") for at, n in enumerate(MONTHS, 1)]
    hours = [(f"{at} h", float(n), f"{n}") for at, n in enumerate(HOURS)]
    return {"rows": ROWS, "months": bars(months, 300), "hours": bars(hours)}
