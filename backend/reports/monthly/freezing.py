"""Freeze a report: store its figures, files and digest."""

import json
from datetime import datetime
from typing import Any

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.clock import local_day, month_end
from backend.database.extensions import db
from backend.errors import Problem
from backend.http import etags
from backend.reports.content.collection import collect_settled
from backend.reports.content.figures import Report
from backend.reports.files.canonical import canonical_json, digest
from backend.reports.files.rendering import render
from backend.reports.monthly.access import authorized_report, require_draft
from backend.reports.monthly.composition import compose
from backend.reports.monthly.models import ReportFile
from backend.reports.monthly.serializers import serialize_report
from backend.units.catalogue import APPROXIMATE


def freeze_report(
    actor: Actor, report_id: int, expected: etags.Expected, now: datetime
) -> dict[str, Any]:
    """Freeze a draft whose month is over and whose boundaries are good enough."""
    draft = authorized_report(actor, "report.edit", report_id, expected)
    require_draft(draft)
    if local_day(now) <= month_end(draft.month):
        raise Problem(409, "month_not_over")
    report = compose(draft, now, collect_settled)
    _require_boundaries(report)
    content = canonical_json(report)
    files = render(json.loads(content))  # from the stored content, to be reproducible
    # Reading and rendering take seconds, during which the draft is not locked: check it again.
    row = authorized_report(actor, "report.edit", report_id, expected, lock=True)
    require_draft(row)
    row.state, row.frozen_at, row.demo = "frozen", now, report["demo"]
    row.content, row.digest = content.decode(), digest(content)
    row.version += 1
    db.session.add_all(
        ReportFile(report_id=row.id, name=name, digest=digest(file), size=len(file), content=file)
        for name, file in files.items()
    )
    record_act(actor, "report.freeze", f"report:{row.id}", digest=row.digest)
    db.session.flush()
    answer = serialize_report(row)
    db.session.commit()
    return answer


def _require_boundaries(report: Report) -> None:
    """Raise 409 for approximate boundaries, except of a demo."""
    boundaries = report["boundaries"]
    if report["demo"] or (boundaries is not None and boundaries["quality"] != APPROXIMATE):
        return
    raise Problem(409, "boundaries_approximate")
