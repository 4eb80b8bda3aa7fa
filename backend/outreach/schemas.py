"""Schemas of outreach activities."""

from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from backend.coverage.figures.schemas import month_field
from backend.fields import Day, Flag, Strict, Text, Whole, schema_of
from backend.outreach.service import (
    AUDIENCES,
    KINDS,
    WITHOUT_PEOPLE,
    ActivityFields,
    OutreachEntry,
    OutreachMonth,
)

MAX_NOTE = 300
MAX_NUMBER = 60  # 1234/KH-UBND, with the longest symbols of offices
MAX_PEOPLE = 100_000  # of one activity: no commune has as many inhabitants


class MonthQuerySchema(Strict):
    """The month of a list, by default the present one."""

    month = month_field(load_default=None)


class ActivityFieldsSchema(Strict):
    """What an activity was; whether its fields fit its kind."""

    kind = Text(choices=KINDS, required=True)
    audience = Text(choices=AUDIENCES, load_default="residents")
    people = Whole(
        1,
        MAX_PEOPLE,
        allow_none=True,
        load_default=None,
        metadata={"description": "Attendances; null for media and documents"},
    )
    note = Text(MAX_NOTE, allow_none=True, load_default=None)
    document_number = Text(MAX_NUMBER, allow_none=True, load_default=None)
    document_date = Day(allow_none=True, load_default=None)

    @validates_schema
    def check_kind(self, data: ActivityFields, **options: Any) -> None:
        """Require the fields of the kind, and no people where none are counted."""
        missing = []
        if data["kind"] == "document":
            given = {name: data[name] for name in ("document_number", "document_date")}
            missing = [name for name, value in given.items() if not value]
        if data["kind"] not in WITHOUT_PEOPLE and data["people"] is None:
            missing.append("people")
        if missing:
            raise ValidationError({name: ["required"] for name in missing})
        if data["kind"] in WITHOUT_PEOPLE and data["people"] is not None:
            raise ValidationError("no_people_of_kind", "people")

    @post_load
    def fit_kind(self, data: ActivityFields, **options: Any) -> ActivityFields:
        """Return no null note, and number and date of documents only."""
        data["note"] = (data["note"] or "").strip()
        if data["kind"] != "document":
            data["document_number"] = data["document_date"] = None
        return data


class ActivitySchema(ActivityFieldsSchema):
    """An activity to enter, or the values of one to change."""

    day = Day(
        allow_none=True,
        load_default=None,
        metadata={"description": "Null: today; in a change: as it is"},
    )
    unit = Text(
        10,
        allow_none=True,
        load_default=None,
        metadata={
            "description": "Code of the commune; null: the office's own unit, the team's home"
            " commune; in a change: as it is"
        },
    )
    another = Flag(
        load_default=False,
        metadata={"description": "It is not the one of that day, commune and kind in the list"},
    )


OutreachEntrySchema = schema_of(OutreachEntry, "")
OutreachMonthSchema = schema_of(OutreachMonth, "")
