"""A report as its page shows it: its figures section by section, its editions, what may be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backend.accounts.access import Actor, can
from backend.clock import local_day, month_end
from backend.organisations.scopes import unit_scope
from backend.reports.content import labels
from backend.reports.content.figures import SECTIONS, Report
from backend.reports.files.rendering import RENDERERS
from backend.reports.files.tables import Row, Table, build_tables
from backend.reports.monthly import service, supplements

# The files that a draft can be looked at as, under the names that a frozen report keeps.
FILES = tuple(RENDERERS)
# Which tables stand under a section; the annex of communes is in the files.
OF_SECTION: Mapping[str, tuple[str, ...]] = {
    "samples": ("samples", "reasons"),
    "reached": ("reached",),
    "lacking": ("lacking",),
    "quality": ("quality",),
    "teams": ("teams",),
    "vnnic": ("vnnic",),
    "notes": ("notes",),
}
# A preview is read on a screen; the files have every row.
ROWS_MOST = 10
CODES = frozenset({"reason", "code"})  # for programs; their words stand beside them
EDITIONS_MOST = 100  # of one month: more were never begun


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a report: its heading, its words, the first rows of its tables."""

    name: str
    title: str
    proposed: str
    remark: str
    tables: Sequence[Table]

    def rows(self, table: Table) -> Sequence[Row]:
        """The rows that a page shows."""
        return table.rows[:ROWS_MOST]

    def more(self, table: Table) -> int:
        """How many rows are in the files alone."""
        return max(0, len(table.rows) - ROWS_MOST)


@dataclass(frozen=True, slots=True)
class ReportPage:
    """All that a report's page shows to a person."""

    report: dict[str, Any]
    sections: Sequence[Section]
    editions: Sequence[dict[str, Any]]  # of the same unit and month, the latest first
    supplement: dict[str, Any] | None  # what came after freezing
    over: bool  # the month is, so that it can be frozen
    may_edit: bool
    may_approve: bool

    @property
    def latest(self) -> bool:
        """Whether no later edition was begun."""
        return bool(self.editions[0]["id"] == self.report["id"])


def show(actor: Actor, report_id: int, now: datetime) -> ReportPage:
    """A report with its figures, as they are or as they were frozen."""
    report = service.show_report(actor, report_id)
    figures = service.show_figures(actor, report_id, now)
    scope = unit_scope(report["unit"]["id"])
    return ReportPage(
        report=report,
        sections=_sections(figures),
        editions=_editions(actor, report),
        supplement=None
        if report["state"] == "draft"
        else supplements.show_supplement(actor, report_id, now),
        over=month_end(report["month"]) < local_day(now),
        may_edit=can(actor, "report.edit", scope),
        may_approve=can(actor, "report.approve", scope),
    )


def _sections(figures: Report) -> list[Section]:
    """The sections in the letter's order, each with what would be said without a remark."""
    made = build_tables(figures)
    return [
        Section(
            name,
            labels.SECTIONS[name],
            figures["proposed"].get(name, ""),
            figures["remarks"].get(name, ""),
            [_readable(made[table]) for table in OF_SECTION[name] if made[table].rows],
        )
        for name in SECTIONS
    ]


def _readable(table: Table) -> Table:
    """A table without the columns that people do not read."""
    return replace(table, columns=tuple(one for one in table.columns if one.key not in CODES))


def _editions(actor: Actor, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every edition of the same month that the actor may know of, the latest first."""
    unit, query = report["unit"], {"month": report["month"], "state": None}
    listed = {**query, "unit": unit["code"], "limit": EDITIONS_MOST, "cursor": None}
    found = service.list_reports(actor, listed)["items"]
    return [one for one in found if one["unit"]["id"] == unit["id"]]


def last_month(now: datetime) -> str:
    """The month whose report is due: the last one that is over."""
    return f"{local_day(now).replace(day=1) - timedelta(days=1):%Y-%m}"
