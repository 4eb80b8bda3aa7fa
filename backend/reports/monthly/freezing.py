"""Freeze a report: its figures are copied, its files rendered once, its digest taken."""

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
from backend.reports.monthly.composition import compose
from backend.reports.monthly.models import ReportFile
from backend.reports.monthly.serializers import told
from backend.reports.monthly.visibility import report_for, require_draft
from backend.units.catalogue import APPROXIMATE


def freeze_report(
    actor: Actor, report_id: int, expected: etags.Expected, now: datetime
) -> dict[str, Any]:
    """Freeze a draft whose month is over and whose places are known."""
    draft = report_for(actor, "report.edit", report_id, expected)
    require_draft(draft)
    if local_day(now) <= month_end(draft.month):
        raise Problem(409, "month_not_over")
    report = compose(draft, now, collect_settled)
    _require_places(report)
    content = canonical_json(report)
    files = render(json.loads(content))  # of what is kept, so that it can be rendered again
    # Reading and rendering take seconds, in which nobody is kept from the draft; whoever changed it
    # meanwhile comes first.
    row = report_for(actor, "report.edit", report_id, expected, held=True)
    require_draft(row)
    row.state, row.frozen_at, row.demo = "frozen", now, report["demo"]
    row.content, row.digest = content.decode(), digest(content)
    row.version += 1
    db.session.add_all(
        ReportFile(
            report_id=row.id, name=name, digest=digest(whole), size=len(whole), content=whole
        )
        for name, whole in files.items()
    )
    record_act(actor, "report.freeze", f"report:{row.id}", digest=row.digest)
    db.session.flush()
    answer = told(row)
    db.session.commit()
    return answer


def _require_places(report: Report) -> None:
    """Which commune a sample lies in must be known; a demo's samples were made up anyway."""
    boundaries = report["boundaries"]
    if report["demo"] or (boundaries is not None and boundaries["quality"] != APPROXIMATE):
        return
    raise Problem(409, "boundaries_approximate")
