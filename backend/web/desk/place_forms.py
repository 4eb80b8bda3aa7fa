"""Queries and forms of the pages about hamlets."""

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, pre_load

from backend.fields import MAX_ID, QueryWhole, Text
from backend.places.hamlets import HamletAnswer, HamletFields
from backend.places.schemas import EAST, MAX_HOUSEHOLDS, NORTH, SOUTH, WEST, HamletSchema
from backend.web.site.schemas import ListQuery, ListQuerySchema

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
