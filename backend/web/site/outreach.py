"""The form of an outreach activity, on the pages of offices and of teams."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypedDict

from marshmallow import pre_load

from backend.accounts.authentication import actor
from backend.errors import Problem
from backend.fields import MAX_ID, Day, QueryWhole, Text
from backend.outreach.schemas import MAX_PEOPLE, ActivitySchema
from backend.outreach.service import WITHOUT_PEOPLE, Activity, Kind, OutreachEntry, change
from backend.web.site.forms import Form
from backend.web.site.schemas import ListQuery, ListQuerySchema, MonthQuerySchema


class OutreachQuery(ListQuery):
    """A month of activities, and the one to change."""

    month: str | None  # null: the present one
    id: int | None


class OutreachQuerySchema(ListQuerySchema, MonthQuerySchema):
    """A month of activities, by default the present one, and the one to change."""

    id = QueryWhole(1, MAX_ID, load_default=None)


class OutreachForm(Activity):
    """An activity to enter, or to change by its id, as `OutreachFormSchema` reads it."""

    unit_choice: str | None  # the unit that was ticked where a name is not clear
    id: int | None  # null: a new one
    version: int | None  # that the person has seen


class OutreachFormSchema(ActivitySchema):
    """An activity to enter, or to change by its id."""

    day = Day(required=True)
    people = QueryWhole(1, MAX_PEOPLE, load_default=None)
    unit = Text(load_default=None)  # a code, or a name where a person types it
    unit_choice = Text(load_default=None)
    id = QueryWhole(1, MAX_ID, load_default=None)
    version = QueryWhole(1, MAX_ID, load_default=None)

    @pre_load
    def as_request(self, data: Mapping[str, str | None], **options: Any) -> dict[str, str | bool]:
        """Remove empty fields, and attendances of a kind that has none: their field is hidden."""
        sent: dict[str, str | bool] = {name: text for name, text in data.items() if text}
        if data.get("kind") in WITHOUT_PEOPLE:
            sent.pop("people", None)
        return sent | {"another": bool(data.get("another"))}


class OutreachFields(TypedDict):
    """The values of the form for an activity that is stored, except its place."""

    id: int
    version: int
    day: date
    kind: Kind
    audience: str
    people: int | None
    note: str
    document_number: str | None
    document_date: date | None


def submit_activity(
    form: Form,
    entries: Iterable[OutreachEntry],
    edited: int | None,
    enter: Callable[[OutreachForm], OutreachEntry],
    now: datetime,
    place: Callable[[OutreachForm], str | None] = lambda data: data["unit"],
) -> OutreachEntry | None:
    """Enter the activity of a form, or change the edited one; None with errors kept.

    `place` returns the code of the unit. Where a similar activity is known, the value `similar`
    of the form is set, and its page asks.
    """
    own = (one for one in entries if one["id"] == edited and one["may_change"])
    form.stored = next(map(_fields_of, own), None)

    def save(data: OutreachForm) -> OutreachEntry:
        try:
            activity: OutreachForm = {**data, "unit": place(data)}
            if data["id"] is None:
                return enter(activity)
            seen = frozenset({str(data["version"])})
            return change(actor(), data["id"], seen, activity, now)
        except Problem as problem:
            form.values["similar"] = problem.code == "outreach_similar"
            raise

    return form.submit(OutreachFormSchema(), save)


def _fields_of(entry: OutreachEntry) -> OutreachFields:
    return {
        "id": entry["id"],
        "version": entry["version"],
        "day": entry["day"],
        "kind": entry["kind"],
        "audience": entry["audience"],
        "people": entry["people"],
        "note": entry["note"],
        "document_number": entry["document_number"],
        "document_date": entry["document_date"],
    }
