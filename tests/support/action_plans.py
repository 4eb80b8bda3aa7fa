"""Facts of a plan of action."""

from datetime import UTC, date, datetime
from typing import Any

from backend.reports.action_plan.document import (
    ActionPlan,
    CommuneNeed,
    GoodPlaces,
    Means,
    TeamWork,
)


def action_plan(communes: int = 87, teams: int = 40, **changes: Any) -> ActionPlan:
    """Return a plan of a province whose teams fill half of what lacks."""
    needs: list[CommuneNeed] = [
        {"name": f"Xã Số {n}", "target": 300, "shortfall": 300 - n, "planned": 150 * (n % 2),
         "missing": 300 - n - 150 * (n % 2),
         "teams": f"Tổ công nghệ số cộng đồng xóm {n}" if n % 2 else ""}
        for n in range(communes)
    ]  # fmt: skip
    work: list[TeamWork] = [
        {"name": f"Tổ công nghệ số cộng đồng xóm {2 * n + 1}", "home": f"Xã Số {2 * n + 1}",
         "per_day": 10, "samples": 150, "days": 15, "places": f"Xã Số {2 * n + 1} (150)"}
        for n in range(teams)
    ]  # fmt: skip
    values = {
        "agency": "Sở Khoa học và Công nghệ", "place": "tỉnh Thái Nguyên", "campaign": None,
        "month": "2026-12", "network": "mobile", "first_day": date(2026, 12, 3),
        "last_day": date(2026, 12, 31), "units": 92, "threshold": 300, "needs": needs,
        "teams": work, "usual_per_day": 10, "outreach": None, "residents": 240,
        "good": GoodPlaces(Means(12, 2.5, 20.25, 9.0, 12.0), Means(80, 0.4, 3.0, None, 1.2)),
        "references": ["Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024"],
        "at": datetime(2026, 12, 3, 1, 30, tzinfo=UTC), "demo": True,
    }  # fmt: skip
    return ActionPlan(**(values | changes))
