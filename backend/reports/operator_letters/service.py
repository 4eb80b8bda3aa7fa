"""Draft letters to operators, and the table that goes with them, from a province's places."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.accounts.access import Actor
from backend.clock import local_day, this_month
from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from backend.places.answers import answer_table, place_cells
from backend.places.letters import LetterPlace, choose_places, places_of_letter
from backend.places.schemas import OPERATORS
from backend.places.service import PlaceRow
from backend.places.states import State
from backend.reports.content import labels
from backend.reports.content.labels import LetterheadContent
from backend.reports.files.letter import LetterContent, file_name
from backend.reports.monthly.letterheads import letterhead_on, references_on
from backend.reports.operator_letters.letter import (
    LetterRow,
    OperatorLetter,
    compose_letter,
    render_letter,
)
from backend.units.service import UnitRow


@dataclass(frozen=True, slots=True)
class LetterDraft:
    """A letter with its table that can be downloaded, and the places that it may have."""

    province: UnitRow
    listed: Sequence[PlaceRow]
    places: Sequence[LetterPlace]  # chosen
    facts: OperatorLetter
    letterhead: LetterheadContent
    month: str  # YYYY-MM, of today

    @property
    def letter(self) -> LetterContent:
        """The text of the letter."""
        return compose_letter(self.facts, self.letterhead)

    @property
    def mark(self) -> str | None:
        """The mark of a demo, as in the file."""
        return labels.mark(demo=self.facts.demo, draft=False)

    @property
    def name(self) -> str:
        """The name of the Word file."""
        return file_name("CV-nha-mang", self.month, self.province.name)

    @property
    def table_name(self) -> str:
        """The name of the workbook."""
        return self.name.replace("CV-", "Bang-").replace(".docx", ".xlsx")

    def render(self) -> bytes:
        """Return the Word file."""
        return render_letter(self.facts, self.letterhead)

    def render_table(self) -> bytes:
        """Return the workbook, whose columns for answers are imported again."""
        return answer_table(self.places)


def draft_letter(
    actor: Actor,
    code: str,
    states: Sequence[State],
    operator: str | None,
    ids: Sequence[int],
    now: datetime,
) -> LetterDraft:
    """Return the letter to the operators of places of a province; 404 outside the own one."""
    choice = choose_places(actor, code, states, operator, ids, now)
    places, today = places_of_letter(choice.chosen, now), local_day(now)
    facts = OperatorLetter(
        province=choice.province.name,
        rows=[_row(one) for one in places],
        operators=_addressed(places),
        request="; ".join(references_on(choice.province, today)),
        at=now,
        demo=db.session.get(DemoMonth, this_month(now)) is not None,
    )
    letterhead = letterhead_on(choice.province, today)
    return LetterDraft(choice.province, choice.listed, places, facts, letterhead, this_month(now))


def _row(place: LetterPlace) -> LetterRow:
    number, name, unit, position, operator, month, kinds = place_cells(place)
    return {
        "id": number,
        "name": f"{name} (khoảng {position})" if position else name,
        "unit": unit,
        "operator": operator,
        "month": month,
        "kinds": kinds,
    }


def _addressed(places: Sequence[LetterPlace]) -> list[str]:
    """Return the operators of places; all where one is of all."""
    named = {one.operator for one in places}
    return [one for one in OPERATORS if None in named or one in named]
