"""Data of a report's page: the letter, sections of a draft, editions, permissions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.accounts.access import Actor, can
from backend.clock import local_day, month_end
from backend.errors import Problem
from backend.organisations.scopes import unit_scope
from backend.reports.content import labels
from backend.reports.content.figures import NETWORKS, CommuneRow, Report
from backend.reports.content.sections import communes, read_counts, samples
from backend.reports.files.letter import LetterContent, compose_letter, main_table
from backend.reports.monthly import checklist, letters, lifecycle, remarks, service
from backend.reports.monthly.seals import Trusted
from backend.units.service import UnitRow, find

MAX_EDITIONS = 100  # of one month


def show(actor: Actor, report_id: int, now: datetime, trusted: Trusted) -> dict[str, Any]:
    """Return a report with its current or frozen figures, and the letter made of them."""
    report = service.show_report(actor, report_id)
    figures = service.show_figures(actor, report_id, now, trusted)
    scope = unit_scope(report["unit"]["id"])
    may_approve = can(actor, "report.approve", scope)
    draft, may_edit = report["state"] == "draft", can(actor, "report.edit", scope)
    row = service.load_report(actor, report_id)
    unit = service.unit_of(row)
    letter, editions = compose_letter(figures, service.signature_of(row)), _editions(actor, report)
    return {
        "report": report,
        "figures": figures,
        "letter": letter,
        "sections": _sections(actor, figures, letter, report_id) if draft else (),
        "checklist": checklist.check(figures, unit.id, now) if draft else None,
        "editions": editions,
        "changes": None if draft else changes_since(figures, unit, now),
        "over": month_end(report["month"]) < local_day(now),
        "may_edit": may_edit,
        "may_approve": may_approve,
        "signatures": letters.propose_titles(letter.signature.titles) if may_approve else (),
        "own_name": lifecycle.own_name(actor) if may_approve else None,
        "code": unit.code if may_edit and _exists(unit, now) else None,
        "glance": _glance(figures),
        "mark": labels.mark(demo=figures["demo"], draft=draft),  # as in the files
        "latest": editions[0]["id"] == report["id"],
    }


NUMBERS = ("received", "valid", "counted")


def changes_since(frozen: Report, unit: UnitRow, now: datetime) -> dict[str, Any]:
    """Return the frozen and the present numbers of each network, and whether any changed.

    A sample that moved to another commune changes none of a network, and yet the figures.
    """
    sections, counts = frozen["sections"], read_counts(unit, frozen["month"], now)
    live, listed = samples(counts), communes(counts)
    networks = {
        network: {
            name: (sections["samples"][network][name], live[network][name])  # type: ignore[literal-required]
            for name in NUMBERS
        }
        for network in NETWORKS
    }
    changed = any(
        _of_communes(sections["communes"][network]) != _of_communes(listed[network])
        or any(before != after for before, after in numbers.values())
        for network, numbers in networks.items()
    )
    return {"changed": changed, "networks": networks}


def _of_communes(rows: Sequence[CommuneRow]) -> set[tuple[Any, ...]]:
    """Return code and numbers of the communes with samples."""
    return {
        (row["code"], *(row[name] for name in NUMBERS))  # type: ignore[literal-required]
        for row in rows
        if row["received"]
    }


def _glance(figures: Report) -> list[dict[str, Any]]:
    """Return what is said first: counted samples, and communes that reached the target."""
    table, alone = main_table(figures), figures["unit"]["level"] == "commune"
    rows = table.rows if table else []
    return [dict(row) | ({"units": None} if alone else {}) for row in rows]


def _exists(unit: UnitRow, now: datetime) -> bool:
    """Return whether a unit exists today: the pages of an area are those of present units."""
    try:
        return find(local_day(now), unit.code, unit.level).id == unit.id
    except Problem:
        return False


def _sections(
    actor: Actor, figures: Report, letter: LetterContent, report_id: int
) -> list[dict[str, Any]]:
    """Return the sections in the order of the letter, with proposed sentences and remarks."""
    written = {one["section"]: one for one in remarks.list_remarks(actor, report_id)["items"]}
    return [
        {"name": one.name, "title": one.heading, "remark": written[one.name]}
        | {"proposed": figures["proposed"].get(one.name, "")}
        for one in letter.sections
    ]


def write_draft(actor: Actor, report_id: int, values: Mapping[str, Any], now: datetime) -> int:
    """Save the form of a draft, remarks and letter; return the version of the report."""
    before, letter = service.show_report(actor, report_id)["version"], values["letter"]
    row = remarks.save_typed(actor, report_id, values["remarks"], values["seen"], now)
    if letter is None:
        return row.version
    seen = values["version"] == str(before)
    return letters.choose_letter(actor, report_id, letter, now, seen=seen)


def _editions(actor: Actor, report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the editions of the same month that the actor may see, the latest first."""
    unit, query = report["unit"], {"month": report["month"], "state": None}
    listed = {**query, "unit": unit["code"], "limit": MAX_EDITIONS, "cursor": None}
    reports = service.list_reports(actor, listed)["items"]
    return [one for one in reports if one["unit"]["id"] == unit["id"]]
