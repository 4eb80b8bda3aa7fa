"""How many communes of each province or district reached the target."""

from collections import Counter
from typing import Any

from backend.units.service import UnitRow


def communes_reached(
    communes: dict[str, Any], units: list[UnitRow], level: str
) -> dict[str, dict[str, int]]:
    """Count the reached ones among the communes of a coverage, by the unit above each."""
    above = {u.code: u.province_code if level == "province" else u.parent_code for u in units}
    listed, reached = Counter[str | None](), Counter[str | None]()
    for item in communes["items"]:
        listed[above[item["code"]]] += 1
        reached[above[item["code"]]] += bool(item["reached"])
    return {
        code: {"units": n, "reached": reached[code]}
        for code, n in listed.items()
        if code is not None
    }
