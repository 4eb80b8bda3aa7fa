"""Facts of a letter that urges communes to measure."""

from datetime import UTC, date, datetime
from typing import Any

from backend.reports.content.labels import default_letterhead
from backend.reports.reminders.letter import Situation

HEAD = default_letterhead("province", "Tỉnh Thái Nguyên", "Tỉnh Thái Nguyên", date(2026, 11, 27))


def commune(name: str, has: int, group: str) -> dict[str, Any]:
    return {"name": name, "has": has, "target": 300, "shortfall": 300 - has, "group": group,
            "states": ["silent", "behind"], "devices": 3, "outings": 2,
            "needed_per_day": -(-(300 - has) // 4), "last_day": date(2026, 11, 14)}  # fmt: skip


def situation(communes: int = 8, **changes: Any) -> Situation:
    over = "days_left" in changes and changes["days_left"] is None
    group = "missed" if over else "not_started"
    listed = [commune(f"{'Phường' if n % 2 else 'Xã'} Số {n}", n, group) for n in range(communes)]
    values = {
        "unit_name": "Tỉnh Thái Nguyên", "month": "2026-11", "network": "mobile", "units": 92,
        "reached": 5, "threshold": 300, "days_left": 4, "communes": listed,
        "request": "Công văn số 5691/BTTTT-CVT", "due": date(2026, 12, 10), "silent_days": 3,
        "at": datetime(2026, 11, 27, 6, 33, tzinfo=UTC), "demo": False,
    }  # fmt: skip
    return Situation(**(values | changes))
