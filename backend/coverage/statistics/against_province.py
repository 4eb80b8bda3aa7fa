"""Whether the median download of a commune differs from that of its province beyond chance."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from backend.coverage.statistics import intervals
from backend.coverage.statistics.group_figures import leading
from backend.database.extensions import db

ABOVE, BELOW, SAME = "above", "below", "same"
RESULTS = {1: ABOVE, -1: BELOW, 0: SAME}

# Province and communes of a commune's province, with the median download of all their samples.
OF_PROVINCE = """
    select u.id from units u
    where u.id = :province or u.province_id = :province and level = 'commune'
"""
LIVE = text(f"""
    select unit_id, figures -> 'download_mbps' as speed from statistics
    where month = :month and network = :network and operator = '' and technology = ''
        and unit_id in ({OF_PROVINCE}) order by unit_id
""")  # noqa: S608 # a query of our own
RELEASED = text(f"""
    select f.unit_id, one -> 'figures' -> 'download_mbps' as speed
    from released_figures f, jsonb_array_elements(f.statistics) one
    where f.month = :month and f.network = :network
        and one ->> 'operator' = '' and one ->> 'technology' = ''
        and f.unit_id in ({OF_PROVINCE}) order by f.unit_id
""")  # noqa: S608
PROVINCE = text("select province_id from units where id = :unit and level = 'commune'")


def against_province(unit_id: int, month: str, network: str, *, live: bool) -> str | None:
    """Return the result of a commune among all communes of its province; None if not tested."""
    province = db.session.execute(PROVINCE, {"unit": unit_id}).scalar_one_or_none()
    if province is None:
        return None
    values = {"province": province, "month": month, "network": network}
    rows = db.session.execute(LIVE if live else RELEASED, values)
    return tested_against({row.unit_id: row.speed for row in rows}, province).get(unit_id)


def tested_against(speeds: Mapping[int, Mapping[str, Any] | None], whole: int) -> dict[int, str]:
    """Return the result of each unit that has an interval, against the whole, at one error rate."""
    known = {unit: leading(one) for unit, one in speeds.items() if one and one.get("median_low")}
    reference = known.pop(whole, None)
    if reference is None:
        return {}
    distances = [intervals.distance(one, reference) for one in known.values()]
    results = intervals.tested(distances)
    return {unit: RESULTS[result] for unit, result in zip(known, results, strict=True)}
