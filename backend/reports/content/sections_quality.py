"""Quality by operator and technology."""

from typing import Any

from backend.coverage.statistics.service import statistics
from backend.reports.content.figures import NETWORKS, Quality, Spread
from backend.units.service import UnitRow


def quality(unit: UnitRow, month: str) -> dict[str, list[Quality]]:
    """How fast each operator was over counted samples, by network; the totals first."""
    return {
        network: [_told(row) for row in statistics(unit, month, network)] for network in NETWORKS
    }


def _told(row: dict[str, Any]) -> Quality:
    return {
        "operator": row["operator"],
        "technology": row["technology"],
        "n": row["n"],
        "devices": row["devices"],
        "download_mbps": _spread(row["download_mbps"]),
        "upload_mbps": _spread(row["upload_mbps"]),
        "ping_ms": _spread(row["ping_ms"]),
        "jitter_ms": _spread(row["jitter_ms"]),
        "references": row["shares"]["references"] if row["shares"] else {},
    }


def _spread(told: dict[str, Any] | None) -> Spread | None:
    if told is None:
        return None
    return {name: told[name] for name in Spread.__annotations__}  # type: ignore[return-value]
