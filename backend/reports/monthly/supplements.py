"""Supplements: differences between present figures and frozen ones."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.accounts.access import Actor
from backend.errors import Problem
from backend.reports.content.figures import NETWORKS, CommuneRow, Reached, Samples
from backend.reports.content.sections import communes, reached, read_counts, samples
from backend.reports.monthly.seals import Trusted
from backend.reports.monthly.service import frozen_report, load_report, unit_of

NUMBERS = ("received", "valid", "counted")


def show_supplement(
    actor: Actor, report_id: int, now: datetime, trusted: Trusted
) -> dict[str, Any]:
    """Return the differences between a month's present figures and a report's frozen ones."""
    row = load_report(actor, report_id)
    if row.state == "draft":
        raise Problem(409, "report_not_frozen")
    frozen = frozen_report(row, trusted)["sections"]
    unit = unit_of(row)
    live = read_counts(unit, row.month, now)
    return {
        "report_id": row.id,
        "month": row.month,
        "edition": row.edition,
        "digest": row.digest,
        "frozen_at": row.frozen_at,
        "as_of": now,
        **differences(
            frozen,
            {"samples": samples(live), "reached": reached(live, unit), "communes": communes(live)},
        ),
    }


def differences(frozen: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes by network: the three numbers, units that reached the target, communes."""
    networks: dict[str, dict[str, Any]] = {
        network: {
            "samples": _samples(frozen["samples"][network], live["samples"][network]),
            "reached": _reached(frozen["reached"][network], live["reached"][network]),
            "communes": _communes(frozen["communes"][network], live["communes"][network]),
        }
        for network in NETWORKS
    }
    changed = any(
        one["communes"] or any(change["change"] for change in one["samples"].values())
        for one in networks.values()
    )
    return {"changed": changed, "networks": networks}


def _samples(frozen: Samples, live: Samples) -> dict[str, dict[str, int]]:
    return {name: _change(frozen[name], live[name]) for name in NUMBERS}  # type: ignore[literal-required]


def _reached(frozen: Sequence[Reached], live: Sequence[Reached]) -> list[dict[str, Any]]:
    now = {row["level"]: row for row in live}
    return [
        {"level": row["level"], **_change(row["reached"] or 0, now[row["level"]]["reached"] or 0)}
        for row in frozen
        if row["level"] in now
    ]


def _communes(frozen: Sequence[CommuneRow], live: Sequence[CommuneRow]) -> list[dict[str, Any]]:
    """Return communes with changed numbers; a commune missing in one list counts as zero there."""
    before, after = ({row["code"]: row for row in rows} for rows in (frozen, live))
    changed = []
    for code in dict.fromkeys([*before, *after]):
        row = after.get(code) or before[code]
        numbers = {
            name: _change(_number(before, code, name), _number(after, code, name))
            for name in NUMBERS
        }
        if any(one["change"] for one in numbers.values()):
            changed.append({"code": code, "name": row["name"], "parent": row["parent"], **numbers})
    return changed


def _number(rows: Mapping[str, CommuneRow], code: str, name: str) -> int:
    return rows[code][name] if code in rows else 0  # type: ignore[literal-required]


def _change(frozen: int, now: int) -> dict[str, int]:
    return {"frozen": frozen, "now": now, "change": now - frozen}
