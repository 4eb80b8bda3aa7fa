"""A compiled schema loads, and rejects, what its fields do."""

import subprocess
import sys
from pprint import pformat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from backend.fields import Strict
from backend.measurements.recording.schemas import MeasurementSchema


class PlainSchema(MeasurementSchema):
    """The same fields, loaded by marshmallow alone."""

    _deserialize = Strict._deserialize


COMPILED, PLAIN = MeasurementSchema(), PlainSchema()

TIMES = (
    "2026-10-05T08:30:00+07:00", "2026-10-05T01:30:00.1234567Z", "2026-10-05T01:30:00z",
    "2026-10-05 01:30+00", "20261005T013000Z", "2026-10-05T01:30:00", "2026-10-05",
    "1989-12-31T23:59:59Z", "2026-W40-1T00:00:00Z", "2026-10-05T24:00:00Z", "", "x",
    "2026-10-05T01:30:00.123456789+07:00:30",
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=4),
    st.sampled_from(["4G", "mobile", "wifi", "finished", "failed", "app", "é" * 20, "é" * 21]),
    st.sampled_from(["a\x00", "\ud800", "😀" * 100, "😀" * 101, "x" * 200, "x" * 201, *TIMES]),
)
NUMBERS = st.one_of(
    st.floats(),
    st.integers(-300, 300),
    st.sampled_from([1e400, 2**53, 2**53 + 1, 2**64, 10**400, -(10**400), 5.0, 5.5, -0.0, 90, 180]),
    st.sampled_from([1_000_000, 1_000_000.5, 3_600_000, 100_000_000, -1_000_000]),
)
VALUES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.just([]), st.just({}))


def _objects(schema: Strict, *, depth: int = 1) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the fields of a schema, often of the right type, and unknown ones."""
    names = [*schema.fields, "unknown", "\udfff"]
    members = {}
    for name in names:
        inner = getattr(schema.fields.get(name), "schema", None)
        usual = _objects(inner, depth=depth - 1) if inner and depth else VALUES
        members[name] = st.one_of(usual, VALUES)
    return st.fixed_dictionaries({}, optional=members)


# Several threads load by schemas that none has used yet.
FIRST_USES = """
import sys
from threading import Barrier, Thread
from backend.measurements.recording.schemas import MeasurementSchema

sys.setswitchinterval(1e-6)
valid = %r
for _ in range(30):
    schema, begin = MeasurementSchema(), Barrier(4)
    threads = [Thread(target=lambda: (begin.wait(), schema.load(valid))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""

VALID = {
    "id": "0d7a6f4e-8a2b-4a57-9d8e-0a8f6c1d2e3f",
    "measured_at": TIMES[0],
    "status": "finished",
    "download_mbps": 52.5,
    "upload_mbps": 12,
    "ping_ms": 20,
    "network": {"kind": "mobile", "technology": "4G"},
    "location": {"latitude": 21.59, "longitude": 105.84, "accuracy_m": 12},
}


def _loaded(schema: MeasurementSchema, body: Any) -> str:
    """Return what a schema makes of a body, with the type of each value."""
    try:
        return pformat(schema.load(body))
    except ValidationError as error:
        return pformat(error.messages)


@pytest.mark.slow
@given(st.one_of(_objects(COMPILED), VALUES))
def test_any_body_is_loaded_as_by_marshmallow(body: Any) -> None:
    assert _loaded(COMPILED, body) == _loaded(PLAIN, body)


@given(_objects(COMPILED), st.data())
def test_a_valid_body_with_one_change_is_loaded_as_by_marshmallow(
    others: dict[str, Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted({*VALID, *others})))
    body = {one: value for one, value in VALID.items() if one != name}
    if name in others:
        body[name] = others[name]
    assert _loaded(COMPILED, body) == _loaded(PLAIN, body)


def test_a_valid_body_takes_the_compiled_way(monkeypatch: Any) -> None:
    def refuse(*args: Any, **options: Any) -> Any:
        raise AssertionError("loaded field by field")

    monkeypatch.setattr(Strict, "_deserialize", refuse)
    assert COMPILED.load(VALID)["network"]["technology"] == "4G"


def test_threads_may_use_a_schema_first_at_the_same_time() -> None:
    """In a process of its own: where one thread compiles and another loads, msgspec crashes."""
    words = [sys.executable, "-c", FIRST_USES % VALID]
    assert subprocess.run(words, check=False).returncode == 0
