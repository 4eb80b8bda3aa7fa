"""Schemas of hamlets."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from backend.fields import Flag, Number, Reason, Strict, Text, Whole, schema_of
from backend.http.paging import PageSchema
from backend.places.hamlets import HamletAnswer, HamletFields, HamletPage

MAX_NAME = 100
MAX_CODE = 30
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
