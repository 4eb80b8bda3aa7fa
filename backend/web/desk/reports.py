"""Data of a report's page: sections with tables, editions, permissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backend.accounts.access import Actor, can
from backend.clock import local_day, month_end
from backend.organisations.scopes import unit_scope
from backend.reports.content import labels
from backend.reports.content.figures import Report, sections_of
from backend.reports.files.rendering import RENDERERS
from backend.reports.files.tables import Row, Table, build_tables
from backend.reports.monthly import service, supplements
from backend.reports.monthly.seals import Trusted

# Formats of a draft's files, with the names that a frozen report has.
FILES = tuple(RENDERERS)
# Tables of each section; the annex of communes is only in the files.
OF_SECTION: Mapping[str, tuple[str, ...]] = {
    "samples": ("samples", "reasons"),
    "reached": ("reached",),
    "lacking": ("lacking",),
    "quality": ("quality",),
    "no_connection": ("no_connection",),
    "teams": ("teams",),
    "vnnic": ("vnnic",),
    "notes": ("notes",),
}
# Rows of a table on the page; the files have all.
ROWS_MOST = 10
CODES = frozenset({"reason", "code"})  # machine-readable columns, each with a text column
EDITIONS_MOST = 100  # of one month


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A section of a report: heading, sentences, tables."""

    name: str
    title: str
    proposed: str
    remark: str
    tables: Sequence[Table]

    def rows(self, table: Table) -> Sequence[Row]:
        """Return the rows on the page."""
        return table.rows[:ROWS_MOST]

    def more(self, table: Table) -> int:
        """Return the number of rows that are only in the files."""
        return max(0, len(table.rows) - ROWS_MOST)


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The data of a report's page for one person."""

    report: dict[str, Any]
    sections: Sequence[ReportSection]
    editions: Sequence[dict[str, Any]]  # of the same unit and month, the latest first
    supplement: dict[str, Any] | None  # changes after freezing
    over: bool  # whether the month is over, which freezing requires
    may_edit: bool
    may_approve: bool

    @property
    def latest(self) -> bool:
        """Whether this is the latest edition."""
        return bool(self.editions[0]["id"] == self.report["id"])


def show(actor: Actor, report_id: int, now: datetime, trusted: Trusted) -> ReportPage:
    """Return a report with its current or frozen figures."""
    report = service.show_report(actor, report_id)
    figures = service.show_figures(actor, report_id, now, trusted)
    scope = unit_scope(report["unit"]["id"])
    return ReportPage(
        report=report,
        sections=_sections(figures),
        editions=_editions(actor, report),
        supplement=None
        if report["state"] == "draft"
        else supplements.show_supplement(actor, report_id, now, trusted),
        over=month_end(report["month"]) < local_day(now),
        may_edit=can(actor, "report.edit", scope),
        may_approve=can(actor, "report.approve", scope),
    )


def _sections(figures: Report) -> list[ReportSection]:
    """Return the sections in the order of the letter, with their proposed sentences."""
    made = build_tables(figures)
    return [
        ReportSection(
            name,
            labels.SECTIONS[name],
            figures["proposed"].get(name, ""),
            figures["remarks"].get(name, ""),
            [_readable(made[table]) for table in OF_SECTION[name] if made[table].rows],
        )
        for name in sections_of(figures)
    ]


def _readable(table: Table) -> Table:
    """Return a table without machine-readable columns."""
    return replace(table, columns=tuple(one for one in table.columns if one.key not in CODES))


def _editions(actor: Actor, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the editions of the same month that the actor may see, the latest first."""
    unit, query = report["unit"], {"month": report["month"], "state": None}
    listed = {**query, "unit": unit["code"], "limit": EDITIONS_MOST, "cursor": None}
    reports = service.list_reports(actor, listed)["items"]
    return [one for one in reports if one["unit"]["id"] == unit["id"]]


def last_month(now: datetime) -> str:
    """Return the month before the current one, whose report is due."""
    return f"{local_day(now).replace(day=1) - timedelta(days=1):%Y-%m}"
