"""Changes of counts by a decision, compared with the counts before it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text

from backend.coverage.figures.counts_cache import SUMS, load_counts
from backend.database.extensions import db
from backend.measurements.recording.counting import CountDeltas
from backend.measurements.recording.reasons import BASES, COUNTED, COUNTED_BY_ADMIN
from backend.measurements.recording.rules import NETWORKS

# Changes by unit, network and category.
Changes = Counter[tuple[int | None, str, str]]

UNITS = text("select id, system, level, code, name from units where id = any(:ids)")


def counted_now(month: str) -> dict[tuple[int, str], int]:
    """Return the counted samples of each unit in a month, by network."""
    counted: dict[tuple[int, str], int] = {}
    for network in NETWORKS:
        counts = load_counts(month, network, days=False)
        totals = counts.by_category @ SUMS[:, BASES.index("counted")]
        units = zip(counts.row, totals.tolist(), strict=True)
        counted |= {(unit, network): n for unit, n in units}
    return counted


def sum_changes(deltas: Iterable[CountDeltas]) -> Changes:
    """Sum changes of counts by unit, network and category, without sums of 0."""
    sums: Changes = Counter()
    for one in deltas:
        for row in one.rows():
            sums[row["unit_id"], row["network"], row["fate"]] += row["n"]
    return Counter({key: n for key, n in sums.items() if n})


def serialize_categories(changes: Changes) -> list[dict[str, Any]]:
    """Return the change of each category."""
    sums: Counter[tuple[str, str]] = Counter()
    for (_, network, category), n in changes.items():
        sums[network, category] += n
    return [{"network": network, "fate": category, "change": n}
            for (network, category), n in sorted(sums.items()) if n]  # fmt: skip


def serialize_units(
    changes: Changes, before: Mapping[tuple[int, str], int]
) -> list[dict[str, Any]]:
    """Return the counted samples of each unit before and after the changes."""
    counted: Counter[tuple[int, str]] = Counter()
    for (unit, network, category), n in changes.items():
        if unit is not None:
            counted[unit, network] += n if category in (COUNTED, COUNTED_BY_ADMIN) else 0
    ids = sorted({unit for unit, _ in counted})
    names = {row["id"]: dict(row) for row in db.session.execute(UNITS, {"ids": ids}).mappings()}
    return [
        {"unit": names[unit], "network": network, "counted_before": before.get((unit, network), 0),
         "counted_after": before.get((unit, network), 0) + n}
        for (unit, network), n in sorted(counted.items())
    ]  # fmt: skip
