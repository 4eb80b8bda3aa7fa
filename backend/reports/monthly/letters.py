"""The letter of a report: its kind, the documents that it answers, the usual signatures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.http import etags
from backend.organisations.scopes import unit_scope
from backend.reports.monthly.letterheads import letterhead_on, references_on
from backend.reports.monthly.service import (
    LETTER_DEFAULT,
    authorized_report,
    commit_report,
    letter_choices,
    load_report,
    require_draft,
    unit_of,
)


class DraftLetter(TypedDict):
    """The letter of a report: what is chosen, and the usual lines above a signature."""

    report_id: int
    version: int
    kind: str
    references: list[str]
    proposed_titles: list[list[str]]


def show_letter(actor: Actor, report_id: int, now: datetime) -> DraftLetter:
    """Return the choices of a draft's letter with proposals for them, to officials."""
    row = load_report(actor, report_id)
    require(actor, "report.read", unit_scope(row.unit_id), hidden=True)
    chosen, unit, day = letter_choices(row), unit_of(row), local_day(now)
    cited = chosen["references"]
    return {
        "report_id": row.id,
        "version": row.version,
        "kind": chosen["kind"],
        "references": references_on(unit, day) if cited is None else cited,
        "proposed_titles": propose_titles(letterhead_on(unit, day)["titles"]),
    }


def propose_titles(titles: Sequence[str]) -> list[list[str]]:
    """Return the usual lines above a signature, from those of the letterhead.

    The head of the office signs, a deputy signs for the head (KT.), the head of a division by order
    (TL.) or by authority (TUQ.), an acting head (Q.).
    """
    on_behalf = [line for line in titles[:-1] if line.startswith("TM.")]
    of_head = next((line[3:].strip() for line in titles if line.startswith("KT.")), titles[-1])
    head = of_head.removeprefix("PHÓ ")
    proposed = [
        [*on_behalf, head],
        [*on_behalf, f"KT. {head}", f"PHÓ {head}"],
        [f"TL. {head}", "TRƯỞNG PHÒNG"],
        [f"TUQ. {head}", "TRƯỞNG PHÒNG"],
        [*on_behalf, f"Q. {head}"],
    ]
    own = list(titles)
    return [own, *(lines for lines in proposed if lines != own)]


def choose_letter(
    actor: Actor, report_id: int, expected: etags.Expected, data: Mapping[str, Any], now: datetime
) -> DraftLetter:
    """Set kind and documents of a draft's letter; those of the letterhead follow its changes."""
    row = authorized_report(actor, "report.edit", report_id, expected, lock=True)
    require_draft(row)
    chosen = {name: data[name] for name in LETTER_DEFAULT}
    if chosen["references"] == references_on(unit_of(row), local_day(now)):
        chosen["references"] = None
    if chosen != letter_choices(row):
        row.letter, row.version = chosen, row.version + 1
        record_act(actor, "report.letter", f"report:{row.id}", **chosen)
    commit_report(row)
    return show_letter(actor, report_id, now)
