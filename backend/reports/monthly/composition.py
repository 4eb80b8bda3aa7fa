"""Compose a report from present figures, or read the frozen one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from backend.clock import local_day, month_end
from backend.database.extensions import db
from backend.measurements.recording.rules import RULES
from backend.reports.content import collection
from backend.reports.content.figures import Report, ReportUnit
from backend.reports.content.proposals import propose
from backend.reports.monthly.letterheads import letterhead_on
from backend.reports.monthly.models import ReportRow
from backend.units.models import Unit
from backend.units.service import UnitRow, find

Read = Callable[[UnitRow, str, datetime], collection.Collected]


def compose(row: ReportRow, now: datetime, read: Read = collection.collect) -> Report:
    """Return the report with present figures, as freezing would store it."""
    unit = unit_of(row)
    counts, sections = read(unit, row.month, now)
    report_unit = _report_unit(unit)
    return {
        "unit": report_unit,
        "month": row.month,
        "edition": row.edition,
        "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        **collection.facts(counts),  # type: ignore[typeddict-item]
        "rules": RULES,
        "sections": sections,
        "proposed": propose(report_unit, row.month, sections),
        "remarks": dict(row.remarks),
        "letterhead": dict(letterhead_on(unit, local_day(now))),
    }


def frozen_report(row: ReportRow) -> Report:
    """Return the report as it was frozen."""
    assert row.content is not None  # ensured by the check constraint `frozen`
    return cast(Report, json.loads(row.content))


def unit_of(row: ReportRow) -> UnitRow:
    """Return the unit as on the month's last day."""
    unit = db.session.get_one(Unit, row.unit_id)
    return find(month_end(row.month), unit.code, unit.level)


def _report_unit(unit: UnitRow) -> ReportUnit:
    return {
        "code": unit.code,
        "name": unit.name,
        "level": unit.level,
        "type": unit.type,
        "province": unit.province,
    }
