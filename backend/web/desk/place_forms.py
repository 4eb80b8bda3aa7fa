"""Queries and forms of the pages about hamlets and places without coverage."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict

from marshmallow import ValidationError, fields, pre_load, validates_schema

from backend.fields import MAX_ID, Day, Many, QueryWhole, Reason, Strict, Text
from backend.places.hamlets import HamletAnswer, HamletFields
from backend.places.letters import MAX_IN_LETTER
from backend.places.schemas import (
    EAST,
    MAX_DOCUMENT,
    MAX_HOUSEHOLDS,
    MAX_NOTE,
    NORTH,
    OPERATORS,
    SOUTH,
    WEST,
    HamletSchema,
    NewPlaceSchema,
    StepSchema,
)
from backend.places.service import NewStep
from backend.places.states import STATES, State
from backend.web.desk.schemas import PreviewForm, PreviewFormSchema
from backend.web.site.schemas import LangQuery, ListQuery, ListQuerySchema, PageQuerySchema

# Two numbers as maps copy them; each with a point or a comma.
_POSITION = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*(?:[;,]\s*|\s+)(\d+(?:[.,]\d+)?)\s*")
POWER = {"yes": True, "no": False}


class HamletListQuery(ListQuery):
    """The filter of the hamlets of a province, and the one to change."""

    q: str | None  # in the name of the hamlet or of its commune
    unplaced: bool  # those without a position alone
    id: int | None


class HamletListQuerySchema(ListQuerySchema):
    """The filter of the hamlets of a province, and the one to change."""

    q = Text(100, load_default=None)
    unplaced = fields.Boolean(load_default=False, error_messages={"invalid": "not_bool"})
    id = QueryWhole(1, MAX_ID, load_default=None)


class HamletForm(HamletFields):
    """A hamlet to add, or to change by its id."""

    id: int | None  # null: a new one
    version: int | None  # that the person has seen


class HamletFormSchema(HamletSchema):
    """A hamlet to add, or to change by its id; its position is one text."""

    households = QueryWhole(0, MAX_HOUSEHOLDS, load_default=None)
    id = QueryWhole(1, MAX_ID, load_default=None)
    version = QueryWhole(1, MAX_ID, load_default=None)

    @pre_load
    def as_request(self, data: Mapping[str, str | None], **options: Any) -> dict[str, object]:
        """Remove empty fields, and read the position and whether there is power."""
        texts = {name: text for name, text in data.items() if text}
        position = read_position(texts.pop("position", None))
        return {**texts, "power": POWER.get(texts.get("power", "")), **position}


class PlaceListQuery(ListQuery):
    """The filter of the places of a province, and the hamlet of a new one."""

    state: State | None  # null: all
    operator: str | None  # null: all
    to_measure: bool  # those that wait for a second measurement alone
    hamlet: int | None


class PlaceListQuerySchema(ListQuerySchema):
    """The filter of the places of a province, and the hamlet of a new one."""

    state = Text(choices=STATES, load_default=None)
    operator = Text(choices=OPERATORS, load_default=None)
    to_measure = fields.Boolean(load_default=False, error_messages={"invalid": "not_bool"})
    hamlet = QueryWhole(1, MAX_ID, load_default=None)


class PlaceFormSchema(NewPlaceSchema):
    """A place to add: a hamlet, or a name and a position in one text."""

    hamlet_id = QueryWhole(1, MAX_ID, load_default=None)

    @pre_load
    def as_request(self, data: Mapping[str, str | None], **options: Any) -> dict[str, object]:
        """Remove empty fields, and read the position."""
        texts = {name: text for name, text in data.items() if text}
        position = read_position(texts.pop("position", None))
        if not position and "hamlet_id" not in texts:
            raise ValidationError("required", "position")
        return {**texts, **position}


class ProposalForm(TypedDict):
    """What a press does with a proposed hamlet."""

    hamlet_id: int
    operator: str | None  # null: all operators
    act: str  # add, reject
    reason: str | None  # why it is no place


class ProposalFormSchema(Strict):
    """A proposed hamlet to add, or the reason why it is no place."""

    hamlet_id = QueryWhole(1, MAX_ID, required=True)
    operator = Text(choices=OPERATORS, load_default=None)
    act = Text(choices=("add", "reject"), required=True)
    reason = Text(MAX_NOTE, load_default=None)

    @pre_load
    def without_empty(self, data: Mapping[str, str | None], **options: Any) -> dict[str, str]:
        """Remove empty fields."""
        return {name: text for name, text in data.items() if text}

    @validates_schema
    def check_reason(self, data: ProposalForm, **options: Any) -> None:
        """Require the reason of a rejection."""
        if data["act"] == "reject" and data["reason"] is None:
            raise ValidationError("required", "reason")


class PlaceLetterQuery(LangQuery):
    """The places that a letter may have, and those that are chosen."""

    operator: str | None  # null: of any
    place: list[int] | None  # numbers; null: all


class PlaceLetterQuerySchema(PageQuerySchema):
    """The places that a letter may have, and those that are chosen."""

    operator = Text(choices=OPERATORS, load_default=None)
    place = fields.List(QueryWhole(1, MAX_ID), load_default=None)


class LetterForm(TypedDict):
    """A letter that was sent to operators."""

    place: list[int]  # numbers
    document: str  # its number
    day: date | None


class LetterFormSchema(Strict):
    """A letter that was sent to operators: its number, its day and its places."""

    place = Many(QueryWhole(1, MAX_ID), 1, MAX_IN_LETTER, required=True)
    document = Reason(MAX_DOCUMENT, required=True)
    day = Day(allow_none=True, load_default=None)

    @pre_load
    def without_empty(
        self, data: Mapping[str, str | list[str] | None], **options: Any
    ) -> dict[str, str | list[str]]:
        """Remove empty fields."""
        return {name: value for name, value in data.items() if value}


class AnswerForm(PreviewForm):
    """The letter of an operator that a table of answers came with."""

    document: str | None  # its number
    day: date | None  # null: today


class AnswerFormSchema(PreviewFormSchema):
    """The letter of an operator that a table of answers came with."""

    document = Text(MAX_DOCUMENT, allow_none=True, load_default=None)
    day = Day(allow_none=True, load_default=None)


class PlacePageQuery(LangQuery):
    """Whether the newest step of a place is corrected."""

    correct: bool


class PlacePageQuerySchema(PageQuerySchema):
    """Whether the newest step of a place is corrected."""

    correct = fields.Boolean(load_default=False, error_messages={"invalid": "not_bool"})


class StepForm(NewStep):
    """A step of a place, as its form sends it."""

    version: int  # of the place that the person has seen


class StepFormSchema(StepSchema):
    """A step of a place, and the version that the person has seen."""

    version = QueryWhole(1, MAX_ID, required=True)

    @pre_load
    def as_request(self, data: Mapping[str, str | None], **options: Any) -> dict[str, str | bool]:
        """Remove empty fields, and read what is ticked."""
        texts: dict[str, str | bool] = {name: text for name, text in data.items() if text}
        flags = {name: bool(data.get(name)) for name in ("correction", "for_campaigns")}
        return texts | flags


def read_position(text: str | None) -> dict[str, float]:
    """Return latitude and longitude of a text; ValidationError of the field `position`."""
    if text is None or not text.strip():
        return {}
    found = _POSITION.fullmatch(text)
    if found is None:
        raise ValidationError("not_position", "position")
    latitude, longitude = (float(one.replace(",", ".")) for one in found.groups())
    if not (SOUTH <= latitude <= NORTH and WEST <= longitude <= EAST):
        raise ValidationError("not_position", "position")
    return {"latitude": latitude, "longitude": longitude}


def fields_of_hamlet(hamlet: HamletAnswer) -> dict[str, str | int | None]:
    """Return the values of the form for a stored hamlet."""
    at, power = hamlet["position"], hamlet["power"]
    return {
        "id": hamlet["id"],
        "version": hamlet["version"],
        "name": hamlet["name"],
        "unit": hamlet["unit"]["code"],
        "code": hamlet["code"],
        "position": f"{at['latitude']}, {at['longitude']}" if at else None,
        "households": hamlet["households"],
        "power": None if power is None else "yes" if power else "no",
    }
