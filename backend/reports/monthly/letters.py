"""The letter of a draft: its kind, the documents that it answers, the usual signatures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.database.extensions import db
from backend.http.etags import stale
from backend.reports.monthly.letterheads import references_on
from backend.reports.monthly.service import letter_choices, lock_draft, unit_of


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
    actor: Actor, report_id: int, letter: Mapping[str, Any], now: datetime, *, seen: bool
) -> int:
    """Set kind and documents of a draft's letter; return the version of the report.

    Documents of the letterhead follow its changes. 412 if the present choice was not seen.
    """
    row = lock_draft(actor, report_id)
    usual = references_on(unit_of(row), local_day(now))
    cited = letter["references"] if letter["references"] != usual else None
    chosen = {"kind": letter["kind"], "references": cited}
    if chosen != letter_choices(row):
        if not seen:
            raise stale()
        row.letter, row.version = chosen, row.version + 1
        record_act(actor, "report.letter", f"report:{row.id}", **chosen)
    db.session.commit()
    return row.version
