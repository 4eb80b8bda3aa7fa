"""Schemas of answers are made of TypedDicts."""

from datetime import date
from typing import Annotated, Literal, NotRequired, TypedDict

import pytest
from marshmallow import fields

from backend.fields import schema_of


class Part(TypedDict):
    """A part."""

    name: str


class Whole(TypedDict):
    """A whole with parts."""

    state: Literal["new", "done"]
    kind: Annotated[Literal["a", "b"] | None, "its kind"]
    day: date | None
    parts: list[Part]
    first: Part | None
    sums: NotRequired[dict[str, int]]


@pytest.fixture(scope="module")
def made() -> dict[str, fields.Field[object]]:
    return dict(schema_of(Whole, "")().fields)


def test_a_literal_is_an_enumeration(made: dict[str, fields.Field[object]]) -> None:
    assert isinstance(made["state"], fields.String)
    assert made["state"].metadata == {"enum": ["new", "done"]}
    assert made["kind"].metadata == {"description": "its kind", "enum": ["a", "b"]}


def test_null_and_missing_fields_are_told_apart(made: dict[str, fields.Field[object]]) -> None:
    nullable = {name for name, field in made.items() if field.allow_none}
    assert nullable == {"kind", "day", "first"}
    assert {name for name, field in made.items() if not field.required} == {"sums"}


def test_a_nested_answer_has_one_schema(made: dict[str, fields.Field[object]]) -> None:
    parts, first = made["parts"], made["first"]
    assert isinstance(parts, fields.List) and isinstance(parts.inner, fields.Nested)
    assert isinstance(first, fields.Nested)
    assert type(parts.inner.schema) is type(first.schema) is schema_of(Part, "")


def test_an_answer_keeps_the_order_of_its_type() -> None:
    answer = {"sums": {"n": 1}, "first": None, "parts": [{"name": "x"}], "day": date(2026, 11, 2)}
    dumped = schema_of(Whole, "")().dump(answer | {"kind": None, "state": "new"})
    assert list(dumped) == list(Whole.__annotations__)
    assert (dumped["day"], dumped["parts"], dumped["sums"]) == (
        "2026-11-02",
        [{"name": "x"}],
        {"n": 1},
    )
