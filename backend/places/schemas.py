"""Schemas of hamlets and of places without coverage."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from backend.fields import MAX_ID, Day, Flag, Number, Reason, Strict, Text, Whole, schema_of
from backend.http.paging import PageSchema
from backend.measurements.recording.operators import BY_CODE
from backend.places.hamlets import HamletAnswer, HamletFields, HamletPage
from backend.places.proposals import ProposedPlaces
from backend.places.publication import PublicPlaces
from backend.places.service import NewPlace, NewStep, PlaceDetails, PlacePage
from backend.places.states import STATES

MAX_NAME = 100
MAX_CODE = 30
MAX_NOTE, MAX_DOCUMENT = 300, 60
# Operators with stations of their own; others use these.
OPERATORS = tuple(BY_CODE[mnc] for mnc in ("04", "02", "01", "05"))
# States that need a reason, or the operator's measure.
EXPLAINED = frozenset({"answered", "wrong", "duplicate"})
MAX_HOUSEHOLDS = 10_000  # of one hamlet: the largest residential groups have some 2,000
# Vietnam with its islands, degrees.
SOUTH, NORTH, WEST, EAST = 6.0, 24.0, 100.0, 118.0


class PositionSchema(Strict):
    """A position that an official states, or none yet."""

    latitude = Number(SOUTH, NORTH, allow_none=True, load_default=None)
    longitude = Number(WEST, EAST, allow_none=True, load_default=None)

    @validates_schema
    def check_position(self, data: Any, **options: Any) -> None:
        """Require both numbers or none."""
        for name in ("latitude", "longitude"):
            if data.get(name) is None and any(
                data.get(other) is not None for other in ("latitude", "longitude")
            ):
                raise ValidationError({name: ["required"]})


class HamletSchema(PositionSchema):
    """A hamlet to add, or the values of one to change."""

    name = Reason(MAX_NAME, required=True)
    unit = Text(10, required=True, metadata={"description": "Code of its commune"})
    code = Text(
        MAX_CODE,
        allow_none=True,
        load_default=None,
        metadata={"description": "The office's own code"},
    )
    households = Whole(0, MAX_HOUSEHOLDS, allow_none=True, load_default=None)
    power = Flag(
        allow_none=True, load_default=None, metadata={"description": "On the electric grid"}
    )

    @post_load
    def without_spaces(self, data: HamletFields, **options: Any) -> HamletFields:
        """Return name and code without spaces around them; an empty code is none."""
        data["name"] = " ".join(data["name"].split())
        data["code"] = (data["code"] or "").strip() or None
        return data


class HamletQuerySchema(PageSchema):
    """A page of the list of hamlets, filtered."""

    q = Text(
        100,
        load_default=None,
        metadata={"description": "Words in the name of the hamlet or of its commune"},
    )
    unplaced = fields.Boolean(
        load_default=False,
        error_messages={"invalid": "not_bool"},
        metadata={"description": "Those without a position alone"},
    )


HamletAnswerSchema = schema_of(HamletAnswer, "")
HamletPageSchema = schema_of(HamletPage, "")


class PlaceQuerySchema(PageSchema):
    """A page of the places of a province, filtered."""

    state = Text(choices=STATES, load_default=None)
    operator = Text(choices=OPERATORS, load_default=None)
    to_measure = fields.Boolean(
        load_default=False,
        error_messages={"invalid": "not_bool"},
        metadata={"description": "Those that wait for a second measurement alone"},
    )


class NewPlaceSchema(PositionSchema):
    """A place to add: a hamlet of the list, or a name with the position that an official sets."""

    hamlet_id = Whole(1, MAX_ID, allow_none=True, load_default=None)
    name = Text(MAX_NAME, allow_none=True, load_default=None)
    operator = Text(
        choices=OPERATORS,
        allow_none=True,
        load_default=None,
        metadata={"description": "Null: all operators"},
    )
    day = Day(
        allow_none=True,
        load_default=None,
        metadata={"description": "The office recorded it; null: today"},
    )
    note = Text(MAX_NOTE, allow_none=True, load_default=None)

    @validates_schema
    def check_hamlet(self, data: NewPlace, **options: Any) -> None:
        """Require a hamlet, or a name and a position."""
        own = {"name": (data["name"] or "").strip() or None, "latitude": data["latitude"]}
        if data["hamlet_id"] is None:
            missing = [name for name, value in own.items() if value is None]
            if missing:
                raise ValidationError({name: ["required"] for name in missing})
        elif any(value is not None for value in own.values()):
            raise ValidationError("hamlet_or_position", "hamlet_id")


class StepSchema(Strict):
    """The next step of a place, or one that corrects the newest."""

    state = Text(choices=STATES, required=True)
    day = Day(
        allow_none=True, load_default=None, metadata={"description": "It happened; null: today"}
    )
    promised_on = Day(
        allow_none=True, load_default=None, metadata={"description": "By the operator"}
    )
    document = Text(
        MAX_DOCUMENT, allow_none=True, load_default=None, metadata={"description": "Its number"}
    )
    note = Text(
        MAX_NOTE,
        allow_none=True,
        load_default=None,
        metadata={"description": "Station or measure of an answer, the reason of a correction"},
    )
    correction = Flag(load_default=False, metadata={"description": "The newest step is wrong"})
    for_campaigns = Flag(
        load_default=False,
        metadata={
            "description": "With `remeasure`: campaigns of the commune see name, position and"
            " operator of the place until its next step, never its evidence"
        },
    )

    @validates_schema
    def check_state(self, data: NewStep, **options: Any) -> None:
        """Require the operator's day and measure of an answer, and the reason of some steps."""
        missing = []
        if data["state"] == "answered" and data["promised_on"] is None:
            missing.append("promised_on")
        explained = data["state"] in EXPLAINED or data["correction"]
        if explained and not (data["note"] or "").strip():
            missing.append("note")
        if missing:
            raise ValidationError({name: ["required"] for name in missing})
        if data["state"] != "answered" and data["promised_on"] is not None:
            raise ValidationError("promise_of_answer", "promised_on")
        if data["state"] != "remeasure" and data["for_campaigns"]:
            raise ValidationError("campaigns_of_remeasure", "for_campaigns")


class PublicPlacesQuerySchema(Strict):
    """Whose published places are read."""

    unit = Text(
        10, required=True, metadata={"description": "Code of a province or a commune of today"}
    )


class PublicationSchema(Strict):
    """Whether the public sees a place."""

    published = Flag(required=True)


PublicPlacesSchema = schema_of(PublicPlaces, "")
PlacePageSchema = schema_of(PlacePage, "")
PlaceDetailsSchema = schema_of(PlaceDetails, "")
ProposedPlacesSchema = schema_of(ProposedPlaces, "")
