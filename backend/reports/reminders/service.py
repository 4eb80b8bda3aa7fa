"""Draft letters that urge the communes of an area to measure, from its present figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from backend.accounts.access import Actor, can
from backend.clock import local_day, month_end, this_month
from backend.coverage.alerts.overview import AreaOverview, area_overview
from backend.coverage.alerts.service import SILENT_DAYS
from backend.coverage.figures.service import CoverageQuery
from backend.coverage.figures.unit_access import authorized_unit
from backend.errors import Problem, invalid
from backend.measurements.recording.reasons import Basis
from backend.organisations.scopes import unit_scope
from backend.reports.content import labels
from backend.reports.content.labels import LetterheadContent
from backend.reports.files.letter import LetterContent, file_name
from backend.reports.monthly.deadlines import deadline_of
from backend.reports.monthly.letterheads import letterhead_on, references_on
from backend.reports.monthly.letters import propose_titles
from backend.reports.monthly.lifecycle import own_name
from backend.reports.reminders.letter import (
    AddressedCommune,
    Situation,
    compose_reminder,
    render_reminder,
)
from backend.units.service import UnitRow

ACT = "report.edit"
# Units that are on pace, or that a plan brings to their target, are not reminded.
Addressed = Literal["not_started", "needs_teams", "out_of_reach", "missed"]
GROUPS: tuple[Addressed, ...] = ("not_started", "needs_teams", "out_of_reach", "missed")


@dataclass(frozen=True, slots=True)
class ReminderDraft:
    """A letter that can be downloaded, with the groups of communes it may address."""

    unit: UnitRow
    month: str
    network: str
    counts: dict[str, int]  # communes of each group
    chosen: tuple[str, ...]
    situation: Situation
    letterhead: LetterheadContent  # with the lines and the name of the chosen signer
    signatures: list[list[str]]  # the usual lines above a signature, those of the letterhead first

    @property
    def letter(self) -> LetterContent:
        """The text of the letter."""
        return compose_reminder(self.situation, self.letterhead)

    @property
    def mark(self) -> str | None:
        """The mark of a demo, as in the file."""
        return labels.mark(demo=self.situation.demo, draft=False)

    @property
    def name(self) -> str:
        """The name of the Word file."""
        return file_name("CV-don-doc", self.month, self.unit.name)

    def render(self) -> bytes:
        """Return the Word file."""
        return render_reminder(self.situation, self.letterhead)


def draft_reminder(
    actor: Actor, code: str, query: Mapping[str, Any], now: datetime
) -> ReminderDraft:
    """Return the letter to the communes of an area that lack samples; 404 outside the own area."""
    month, network = query["month"] or this_month(now), query["network"]
    unit = authorized_unit(actor, ACT, code, None, month)
    if unit.level == "commune":
        raise Problem(404, "not_found")
    selection = CoverageQuery(month, "commune", network, unit.code, sort="-shortfall")
    overview = area_overview(selection, now, drafts=True)
    chosen = tuple(one for one in GROUPS if one in (query["groups"] or GROUPS))
    letterhead = letterhead_on(unit, min(month_end(month), local_day(now)))
    signatures = propose_titles(letterhead["titles"])
    return ReminderDraft(
        unit=unit,
        month=month,
        network=network,
        counts={name: len(overview.groups[name]) for name in GROUPS},
        chosen=chosen,
        situation=_situation(unit, selection, overview, chosen, now),
        letterhead={
            **letterhead,
            "titles": _titles(query["titles"], signatures),
            "signer": _signer(actor, unit, query["signer"], letterhead),
        },
        signatures=signatures,
    )


def _titles(chosen: str | None, signatures: list[list[str]]) -> list[str]:
    """Return the chosen lines above the signature, by default those of the letterhead."""
    titles = chosen.splitlines() if chosen else signatures[0]
    if titles not in signatures:
        raise invalid("titles", "not_one_of")
    return list(titles)


def _signer(
    actor: Actor, unit: UnitRow, chosen: str | None, letterhead: LetterheadContent
) -> str | None:
    """Return the name of the signer, by default as a report proposes it."""
    may_sign = can(actor, "report.approve", unit_scope(unit.id))
    usual = letterhead["signer"] or (own_name(actor) if may_sign else None)
    return chosen or usual


def _situation(
    unit: UnitRow,
    query: CoverageQuery,
    overview: AreaOverview,
    chosen: tuple[str, ...],
    now: datetime,
) -> Situation:
    target = overview.answer["target"]
    basis: Basis = target["basis"] if target else "counted"
    communes: list[AddressedCommune] = [
        {
            **one,
            "has": one["need"].has,
            "own": one[basis],
            "shortfall": one["need"].missing,
            "needed_per_day": one["need"].per_day,
        }
        for one in overview.items
        if one["group"] in chosen
    ]
    followed = overview.followed
    course = overview.course
    return Situation(
        unit_name=unit.name,
        month=query.month,
        network=query.network,
        units=sum(one["need"].missing is not None for one in overview.items),
        reached=sum(one["need"].missing == 0 for one in overview.items),
        vnnic_day=followed.day if followed else None,
        threshold=target["threshold"] if target else None,
        days_left=course.left if course else None,
        communes=communes,
        request="; ".join(references_on(unit, local_day(now))),
        due=deadline_of("commune", unit.province_code, query.month),
        silent_days=SILENT_DAYS,
        at=now,
        demo=overview.answer["demo"],
    )
