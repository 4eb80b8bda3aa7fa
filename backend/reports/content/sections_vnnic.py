"""VNNIC's own count beside ours."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.coverage.vnnic.service import comparison
from backend.reports.content.figures import NETWORKS, Vnnic
from backend.units.service import UnitRow


def vnnic(unit: UnitRow, month: str, now: datetime) -> list[Vnnic] | None:
    """What VNNIC says of each commune; None where nothing of theirs was imported."""
    told = {network: _compared(unit, month, network, now) for network in NETWORKS}
    rows = [_row(network, item) for network, items in told.items() for item in items]
    return rows or None


def _compared(unit: UnitRow, month: str, network: str, now: datetime) -> list[dict[str, Any]]:
    """The communes of a unit of which VNNIC says something, with the likely reasons in words."""
    alone = unit.level == "commune"
    parent = (unit.parent_code or unit.province_code) if alone else unit.code
    told = comparison(month, network, parent, now, level="commune", language="vi")
    words = {reason["code"]: reason["words"] for reason in told["reasons"]}
    return [
        {**item, "likely": [words[code] for code in item["likely"]]}
        for item in told["items"]
        if item["theirs"] is not None and (not alone or item["code"] == unit.code)
    ]


def _row(network: str, item: Mapping[str, Any]) -> Vnnic:
    return {
        "code": item["code"],
        "name": item["name"],
        "network": network,
        "ours": item["ours"]["counted"],
        "theirs": item["theirs"]["samples"],
        "difference": item["difference"],
        "reasons": item["likely"],
    }
