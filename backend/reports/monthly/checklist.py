"""The checklist before freezing: it warns, and blocks nothing that freezing itself permits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backend.accounts.access import Actor, require
from backend.clock import local_day, month_end
from backend.coverage.figures.days import days_without_samples
from backend.coverage.signals.service import count_open
from backend.organisations.scopes import unit_scope
from backend.reports.content.figures import NETWORKS, Report
from backend.reports.content.references import OWN_DEFAULT
from backend.reports.files.letter import PAGES_MOST, compose_letter, letterhead_of
from backend.reports.files.tables import build_tables
from backend.reports.monthly.service import compose, load_report, require_draft, unit_of
from backend.units.catalogue import APPROXIMATE


def show_checklist(actor: Actor, report_id: int, now: datetime) -> dict[str, Any]:
    """Return what an official looks at before freezing a draft."""
    row = load_report(actor, report_id)
    require(actor, "report.read", unit_scope(row.unit_id), hidden=True)
    require_draft(row)
    return check(compose(row, now), unit_of(row).id, now)


def check(report: Report, unit_id: int, now: datetime) -> dict[str, Any]:
    """Return the items of the checklist for a report with present figures."""
    month, day = report["month"], local_day(now)
    letter = compose_letter(report, build_tables(report))
    items = [
        _item("month_over", month_end(month) < day),
        _item("boundaries", _has_boundaries(report)),
        _item("targets", _has_targets(report)),
        _item("days", n=days_without_samples(unit_id, month, day)),
        _item("signals", n=count_open(unit_id, month)),
        _item("vnnic", report["sections"]["vnnic"] is not None),
        _item("references", bool(report.get("references"))),
        _item("signer", letterhead_of(report)["signer"] is not None),
        _item("pages", letter.pages <= PAGES_MOST, n=letter.pages),
    ]
    return {"open": sum(not one["done"] for one in items), "items": items}


def _item(code: str, done: bool | None = None, n: int | None = None) -> dict[str, Any]:
    return {"code": code, "done": not n if done is None else done, "n": n}


def _has_boundaries(report: Report) -> bool:
    boundaries: Mapping[str, str] | None = report["boundaries"]
    usable = boundaries is not None and boundaries["quality"] != APPROXIMATE
    return usable or report["demo"]


def _has_targets(report: Report) -> bool:
    """Return whether each network with samples has a target that a document sets."""
    sections = report["sections"]
    measured = [n for n in NETWORKS if sections["samples"][n]["received"]] or NETWORKS[:1]
    return all(
        any(row["threshold"] and row["source"] != OWN_DEFAULT for row in sections["reached"][one])
        for one in measured
    )
