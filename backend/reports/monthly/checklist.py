"""The checklist before freezing: it warns, and blocks nothing that freezing itself permits."""

from collections import Counter
from datetime import date, datetime
from typing import TypedDict

from sqlalchemy import text

from backend.clock import local_day, month_end
from backend.coverage.figures.unit_access import communes_of
from backend.coverage.signals.queries import open_findings
from backend.database.extensions import db
from backend.reports.content.figures import NETWORKS, Report
from backend.reports.content.references import OWN_DEFAULT
from backend.reports.files.letter import MAX_PAGES, compose_letter, letterhead_of
from backend.units.catalogue import APPROXIMATE


class ChecklistItem(TypedDict):
    """An item of the checklist; numbers are null where it has none."""

    code: str
    done: bool
    n: int | None
    of: int | None  # the whole of which `n` is a part
    network: str | None  # mobile, fixed: items of one network


class Checklist(TypedDict):
    """What to look at before freezing; it blocks nothing."""

    open: int
    items: list[ChecklistItem]


def check(report: Report, unit_id: int, now: datetime) -> Checklist:
    """Return the items of the checklist for a report with present figures."""
    month, day = report["month"], local_day(now)
    letter, boundaries = compose_letter(report), report["boundaries"]
    usable = boundaries is not None and boundaries["quality"] != APPROXIMATE
    items = [
        _item("month_over", month_end(month) < day),
        _item("boundaries", usable or report["demo"]),
        _item("targets", _has_targets(report)),
        _item("days", n=_days_without_samples(unit_id, month, day)),
        _item("signals", n=open_findings(unit_id, month)),
        *_vnnic(report),
        _item("references", bool(letterhead_of(report)["references"])),
        _item("pages", letter.pages <= MAX_PAGES, n=letter.pages),
    ]
    return {"open": sum(not one["done"] for one in items), "items": items}


def _item(code: str, done: bool | None = None, n: int | None = None) -> ChecklistItem:
    done = not n if done is None else done
    return {"code": code, "done": done, "n": n, "of": None, "network": None}


def _vnnic(report: Report) -> list[ChecklistItem]:
    """Return the communes with a count of VNNIC, for each network that has any.

    The letter sums VNNIC's count only where it has all communes.
    """
    sections = report["sections"]
    have = Counter(row["network"] for row in sections["vnnic"] or ())
    whole = {network: len(sections["communes"][network]) for network in have}
    items: list[ChecklistItem] = [
        {"code": "vnnic_part", "done": n >= whole[network], "n": n, "of": whole[network],
         "network": network}
        for network, n in have.items()
    ]  # fmt: skip
    return items or [_item("vnnic", done=False)]


def _has_targets(report: Report) -> bool:
    """Return whether each network with samples has a target that a document sets."""
    sections = report["sections"]
    measured = [n for n in NETWORKS if sections["samples"][n]["received"]] or NETWORKS[:1]
    return all(
        any(row["threshold"] and row["source"] != OWN_DEFAULT for row in sections["reached"][one])
        for one in measured
    )


DAYS = text("""
    select count(distinct day)::int from unit_days
    where month = :month and unit_id = any(:units) and received > 0
""")


def _days_without_samples(unit_id: int, month: str, today: date) -> int:
    """Return the past days of a month on which no sample was received in a unit."""
    first, last = date.fromisoformat(f"{month}-01"), month_end(month)
    done = max(0, (min(last, today) - first).days + (1 if last < today else 0))
    values = {"month": month, "units": communes_of(unit_id)}
    return max(0, done - int(db.session.scalar(DAYS, values) or 0))
