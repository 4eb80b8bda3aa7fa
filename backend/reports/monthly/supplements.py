"""Supplements: differences between present figures and frozen ones."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypedDict

from backend.accounts.access import Actor
from backend.errors import Problem
from backend.reports.content.figures import NETWORKS, CommuneRow, Reached, Samples
from backend.reports.content.sections import communes, reached, read_counts, samples
from backend.reports.monthly.seals import Trusted
from backend.reports.monthly.service import frozen_report, load_report, unit_of

NUMBERS: tuple[Literal["received", "valid", "counted"], ...] = ("received", "valid", "counted")


class ReportChange(TypedDict):
    """A frozen figure and its present value."""

    frozen: int
    now: int
    change: int


class ReportLevelChange(ReportChange):
    """Change of the units of a level that reached the target."""

    level: str


class ReportNumbersChange(TypedDict):
    """Changes of the three numbers."""

    received: ReportChange
    valid: ReportChange
    counted: ReportChange


class ReportCommuneChange(ReportNumbersChange):
    """A commune whose numbers changed."""

    code: str
    name: str
    parent: str | None


class ReportNetworkChange(TypedDict):
    """Changes on a network."""

    samples: ReportNumbersChange
    reached: list[ReportLevelChange]
    communes: list[ReportCommuneChange]


class ReportSupplement(TypedDict):
    """Differences between present figures and frozen ones."""

    report_id: int
    month: str
    edition: int
    digest: str
    frozen_at: datetime
    as_of: datetime
    changed: bool
    networks: dict[str, ReportNetworkChange]


def show_supplement(
    actor: Actor, report_id: int, now: datetime, trusted: Trusted
) -> ReportSupplement:
    """Return the differences between a month's present figures and a report's frozen ones."""
    row = load_report(actor, report_id)
    if row.state == "draft":
        raise Problem(409, "report_not_frozen")
    assert row.digest is not None and row.frozen_at is not None  # by a check of the table
    frozen = frozen_report(row, trusted)["sections"]
    unit = unit_of(row)
    live = read_counts(unit, row.month, now)
    counted, reaching, listed = samples(live), reached(live, unit), communes(live)
    networks: dict[str, ReportNetworkChange] = {
        network: {
            "samples": _numbers(frozen["samples"][network], counted[network]),
            "reached": _reached(frozen["reached"][network], reaching[network]),
            "communes": _communes(frozen["communes"][network], listed[network]),
        }
        for network in NETWORKS
    }
    return {
        "report_id": row.id,
        "month": row.month,
        "edition": row.edition,
        "digest": row.digest,
        "frozen_at": row.frozen_at,
        "as_of": now,
        "changed": any(one["communes"] or _moved(one["samples"]) for one in networks.values()),
        "networks": networks,
    }


def _numbers(
    frozen: Samples | CommuneRow | None, now: Samples | CommuneRow | None
) -> ReportNumbersChange:
    """Return the changes of the three numbers; what is missing counts as zero."""
    received, valid, counted = (
        _change(frozen[name] if frozen else 0, now[name] if now else 0) for name in NUMBERS
    )
    return {"received": received, "valid": valid, "counted": counted}


def _change(frozen: int, now: int) -> ReportChange:
    return {"frozen": frozen, "now": now, "change": now - frozen}


def _moved(numbers: ReportNumbersChange) -> bool:
    return any(numbers[name]["change"] for name in NUMBERS)


def _reached(frozen: Sequence[Reached], live: Sequence[Reached]) -> list[ReportLevelChange]:
    now = {row["level"]: row for row in live}
    return [
        {"level": row["level"], **_change(row["reached"] or 0, now[row["level"]]["reached"] or 0)}
        for row in frozen
        if row["level"] in now
    ]


def _communes(
    frozen: Sequence[CommuneRow], live: Sequence[CommuneRow]
) -> list[ReportCommuneChange]:
    """Return the communes with changed numbers, of either list."""
    before, after = ({row["code"]: row for row in rows} for rows in (frozen, live))
    changed = list[ReportCommuneChange]()
    for code, row in (before | after).items():
        numbers = _numbers(before.get(code), after.get(code))
        if _moved(numbers):
            changed.append({"code": code, "name": row["name"], "parent": row["parent"], **numbers})
    return changed
