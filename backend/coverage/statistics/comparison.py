"""How a speed compares with the released speeds of its commune; live figures are never used."""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import text

from backend.accounts.access import PUBLIC
from backend.coverage.figures.unit_access import published, serialize_unit
from backend.coverage.statistics.answers import SpeedComparison
from backend.coverage.statistics.service import serialize_spread
from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from backend.units.service import UnitRow, find

# Three quantiles are known: a share is given to the next tenth, and none beyond the outer ones.
STEP, LEAST, MOST = 10, 10, 90
# Networks change within a year.
RELEASES = timedelta(days=366)

LATEST = text("""
    select month, statistics from released_figures
    where unit_id = :unit and network = :network and month >= :since order by month desc
""")


def percent_below(value: float, spread: Mapping[str, float]) -> int:
    """Return the share of samples below a speed in percent, in steps of 10 from 10 to 90.

    Between two quantiles it grows with the logarithm of the speed, as speeds are distributed.
    """
    shares = ((spread["p10"], 10), (spread["median"], 50), (spread["p90"], 90))
    if value <= shares[0][0]:
        return LEAST
    for (low, below), (high, above) in pairwise(shares):
        if value < high:
            part = math.log(value / low) / math.log(high / low) if low > 0 else 1.0
            return min(MOST, max(LEAST, STEP * round((below + part * (above - below)) / STEP)))
    return MOST


def comparison(code: str, network: str, download_mbps: float, today: date) -> SpeedComparison:
    """Compare a speed with the latest release of a commune, else of its province.

    `unit` and all that belongs to it are None where neither has released speeds.
    """
    own = find(today, code, "commune")
    for unit in (own, find(today, own.province_code, "province")):
        latest = _latest_release(unit, network, today)
        if latest is not None:
            month, n, spread = latest
            return {
                "unit": serialize_unit(unit),
                "month": month,
                "n": n,
                "download_mbps": serialize_spread(spread),
                "percent_below": percent_below(download_mbps, spread),
                "demo": db.session.get(DemoMonth, month) is not None,
            }
    return {
        "unit": None,
        "month": None,
        "n": None,
        "download_mbps": None,
        "percent_below": None,
        "demo": False,
    }


def _latest_release(
    unit: UnitRow, network: str, today: date
) -> tuple[str, int, Mapping[str, float]] | None:
    """Return month, samples and speeds of a unit's latest release that the public may see."""
    since = f"{today - RELEASES:%Y-%m}"
    values = {"unit": unit.id, "network": network, "since": since}
    for row in db.session.execute(LATEST, values):
        visible = published(PUBLIC, row.month)
        if visible is not None and unit.id not in visible:
            continue
        for group in row.statistics:
            if not group["operator"] and not group["technology"]:
                spread = (group["figures"] or {}).get("download_mbps")
                if spread is not None and spread["p10"] is not None:
                    return row.month, group["n"], spread
    return None
