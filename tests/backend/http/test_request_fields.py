"""Every field of every request: what it takes, by a table, and how everything else is refused."""

import copy
from collections.abc import Iterable, Iterator
from itertools import count, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema, fields, validate
from werkzeug.test import TestResponse

from backend.fields import AwareTime, Day, Flag, Many, Number, Object, Text, Whole
from backend.measurements.no_connection.schemas import NoteSchema
from backend.measurements.recording.schemas import MeasurementSchema
from tests.support.access.requests import prepare_request
from tests.support.access.table import TABLE, endpoint, expected
from tests.support.access.world import World

# A line for each schema; a field is `name kind limits`, with ! if required and ? if null is taken.
FIELDS = Path(__file__).parents[2] / "data" / "request_fields.txt"

Where = tuple[str | int, ...]  # the keys of a value in a body


def requests_of(app: Flask) -> Iterator[tuple[str, str, Schema]]:
    """Yield the endpoint, `json` or `query`, and the schema of each declared request."""
    for rule in app.url_map.iter_rules():
        described = getattr(app.view_functions[rule.endpoint], "_apidoc", {})
        for found in described.get("arguments", {}).get("parameters", ()):
            schema = found["schema"]() if isinstance(found["schema"], type) else found["schema"]
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            yield f"{method} {rule.rule}", found["in"], schema
    # Read by itself: a body is one or many, of which each is answered.
    yield "POST /api/v1/measurements", "json", MeasurementSchema()
    yield "POST /api/v1/no-connection-notes", "json", NoteSchema()


def fields_of(schema: Schema) -> str:
    return ", ".join(
        f"{field.data_key or name}{'!' * field.required}{'?' * field.allow_none} {limits(field)}"
        for name, field in schema.load_fields.items()
    )


def limits(field: fields.Field[Any]) -> str:
    """Return what a field takes, in words."""
    words = [type(field).__name__]
    for check in field.validators:
        match check:
            case validate.OneOf():
                words.append("|".join(map(str, check.choices)))
            case validate.Length() | validate.Range():
                words.append(f"{'' if check.min is None else check.min}..{check.max}")
            case validate.Regexp():
                words.append(str(check.error))
    if isinstance(field, fields.List):
        words.append(f"of {limits(field.inner)}")
    if isinstance(field, fields.Nested):
        words.append(f"({fields_of(field.schema)})")
    return " ".join(words)


def test_the_fields_of_requests_are_those_of_the_table(built: Flask) -> None:
    """A field that is added, loosened or no longer required changes a line of the table."""
    found = {f"{type(one).__name__}: {fields_of(one)}" for _, _, one in requests_of(built)}
    lines = set(FIELDS.read_text().splitlines())
    assert sorted(found - lines) == sorted(lines - found) == []


def refused_json(field: fields.Field[Any], there: Any) -> Iterator[tuple[Any, str]]:
    """Yield values that a field refuses, each with its code; `there`: one that it takes."""
    if not field.allow_none:
        yield None, "null"
    match field:
        case Text():
            yield from ((7, "not_text"), ("a\0", "has_nul"), ("a\ud800", "not_unicode"))
            yield ("?", "not_one_of") if field.choices else ("x" * (field.most + 1), "too_long")
        case Whole():
            yield from (("1", "not_whole"), (True, "not_whole"), (field.low + 0.5, "not_whole"))
            yield from ((value, "out_of_range") for value in beyond(field))
        case Number():
            yield from (("1", "not_number"), (True, "not_number"))
            yield from ((value, "out_of_range") for value in beyond(field))
        case Flag():
            yield from (("true", "not_bool"), (1, "not_bool"))
        case AwareTime():
            yield from ((7, "not_time"), ("2024-11-01T08:00:00", "not_time"))
            yield "1989-12-31T00:00:00Z", "out_of_range"
        case Day():
            yield from ((7, "not_day"), ("2024-02-30", "not_day"), ("1989-12-31", "out_of_range"))
        case Object():
            yield "x", "not_object"
        case Many():
            (length,) = (one for one in field.validators if isinstance(one, validate.Length))
            yield "x", "not_list"
            if length.min:
                yield [], "wrong_length"
            if there and length.max:
                yield [there[0]] * (length.max + 1), "wrong_length"


def beyond(field: Number) -> tuple[float, ...]:
    """Return numbers below and above the limits, the last larger than any float."""
    return field.low - 1, field.high + 1, 10**400


def refused_text(field: fields.Field[Any]) -> Iterator[tuple[str, str]]:
    """Yield texts of a query that a field refuses, each with its code."""
    match field:
        case Text():
            yield "a\0", "has_nul"
            yield "x" * (field.most + 1), "not_one_of" if field.choices else "too_long"
            if field.name == "cursor":
                yield "zz", "not_cursor"
        case Number():
            yield from (("x", "not_number"), ("nan", field.wrong))
            yield str(field.high + 1), "out_of_range"
        case AwareTime():
            yield from (("x", "not_time"), ("2024-11-01T08:00:00", "not_time"))
        case Day():
            yield from (("x", "not_day"), ("1989-12-31", "out_of_range"))
        case fields.Integer():
            yield from (("x", "not_whole"), ("1.5", "not_whole"))
            for check in field.validators:
                if isinstance(check, validate.Range):
                    yield str(check.min - 1), "out_of_range"
                    yield str(check.max + 1), "out_of_range"
        case fields.String():
            yield from (("2024-13", "not_month"), ("1899-01", "not_month"))


# A value to put into a request, what is there now being left out if it is `...`.
Change = tuple[Where, Any, str]


def changes_of_body(schema: Schema, body: Any, at: Where = ()) -> Iterator[Change]:
    for name, field in schema.load_fields.items():
        key = field.data_key or name
        there, here = body.get(key), (*at, key)
        if field.required:
            yield here, ..., "required"
        yield from ((here, value, code) for value, code in refused_json(field, there))
        if there and isinstance(field, fields.Nested):
            yield from changes_of_body(field.schema, there, here)
        if there and isinstance(field, fields.List):
            first = (*here, 0)
            yield from ((first, value, code) for value, code in refused_json(field.inner, None))
            if isinstance(field.inner, fields.Nested):
                yield from changes_of_body(field.inner.schema, there[0], first)


def changes_of_query(schema: Schema) -> Iterator[Change]:
    for name, field in schema.load_fields.items():
        at = (field.data_key or name,)
        if field.required:
            yield at, ..., "required"
        yield from ((at, value, code) for value, code in refused_text(field))


def with_change(sent: Any, at: Where, value: Any) -> Any:
    sent = inner = copy.deepcopy(sent)
    for key in at[:-1]:
        inner = inner[key]
    if value is ...:
        inner.pop(at[-1], None)
    else:
        inner[at[-1]] = value
    return sent


def one_of_each(changes: Iterable[Change], turns: Iterator[int]) -> Iterator[Change]:
    """Yield for each field that it is missing, and one other change: each kind in its turn.

    Fields share few classes and hundreds of requests have them, so each kind is sent often.
    """
    for _, of_field in groupby(changes, itemgetter(0)):
        missing, others = [], []
        for change in of_field:
            (missing if change[2] == "required" else others).append(change)
        yield from missing
        if others:
            yield others[next(turns) % len(others)]


# Fields whose own rule is checked before their length.
OWN_RULES = {"not_telephone", "not_one_of"}
NO_CONSENT = ("consent.accepted", "consent_required")


def is_refused(answer: TestResponse, at: Where, code: str) -> bool:
    """Return whether an answer names the field and says why."""
    if answer.status_code != 422 or not answer.json:
        return False
    named = {(error["field"], error["code"]) for error in answer.json["errors"]}
    field = ".".join(map(str, at))
    if code == "too_long" and named & {(field, own) for own in OWN_RULES}:
        return True
    return (field, code) in named or (at[0] == "consent" and named == {NO_CONSENT})


# OGC's own kind of answer: tests/backend/doors/ogc.
OTHERWISE = "GET /ogc/"


def actor_of(row: str) -> str:
    """Return who gets furthest with a row's request."""
    answers = expected(row)
    return min(answers, key=lambda one: (answers[one] in (401, 403), answers[one]))


@pytest.mark.parametrize("kind", ["json", "query"])
def test_a_field_refuses_what_it_does_not_take(app: Flask, kind: str) -> None:
    """Missing, null, another type, too long, too large, NUL: 422 names the field and says why."""
    client = app.test_client(use_cookies=False)
    # Of the cases of an endpoint, one that succeeds where there is one.
    worst_first = sorted(TABLE, key=lambda row: -expected(row)[actor_of(row)])
    rows = {endpoint(row): row for row in worst_first}
    taken, turns, kinds = [], count(), set()
    for where, location, schema in requests_of(app):
        if location != kind or where.startswith(OTHERWISE):
            continue
        row = rows[endpoint(where)]
        request = prepare_request(World(app, client, actor_of(row)), row)
        name = "json" if kind == "json" else "query_string"
        sent = request.pop(name, {})
        changes = changes_of_body(schema, sent) if kind == "json" else changes_of_query(schema)
        for at, value, code in one_of_each(changes, turns):
            kinds.add(code)
            answer = client.open(**request, **{name: with_change(sent, at, value)})
            if not is_refused(answer, at, code):
                taken.append(f"{where} {at} {code}: {answer.status_code} {answer.text}")
    assert taken == []
    assert len(kinds) >= (12 if kind == "json" else 8)
