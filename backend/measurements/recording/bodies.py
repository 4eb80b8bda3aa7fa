"""Bodies of measurements as they are stored: their size, unknown fields, and rejected bodies."""

import json
from collections.abc import Iterator, Mapping

from backend.fields import Json, Object
from backend.measurements.recording.schemas import MeasurementSchema

SCHEMA = MeasurementSchema()
# A usual sample has some 700 bytes; texts and numbers of every known field at their limits, 9,000.
MAX_SAMPLE = 16_000
# Fields of newer apps, such as a list of neighbouring cells.
MAX_UNKNOWN = 4_000
MAX_FIELD_NAME = 100

Path = tuple[str, ...]  # name of a field, or of an object and its field
KNOWN = frozenset(SCHEMA.fields)
KNOWN_INSIDE = {
    name: frozenset(field.schema.fields)
    for name, field in SCHEMA.fields.items()
    if isinstance(field, Object)
}


def largest_field(body: Mapping[str, Json]) -> str:
    """Return the name of a body's largest field."""
    name = max(body, key=lambda name: (_size(name, body[name]), name))
    return name[:MAX_FIELD_NAME]


def limit_unknown(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return a body with unknown fields of at most MAX_UNKNOWN bytes, the smallest ones.

    The result does not depend on the order of the fields.
    """
    left, dropped = MAX_UNKNOWN, set[Path]()
    for size, path in sorted(_unknown(body)):
        left -= size
        if left < 0:
            dropped.add(path)
    return {
        name: _without(value, name, dropped) if isinstance(value, dict) else value
        for name, value in body.items()
        if (name,) not in dropped
    }


def _without(inner: Mapping[str, Json], parent: str, dropped: set[Path]) -> dict[str, Json]:
    return {name: value for name, value in inner.items() if (parent, name) not in dropped}


def _unknown(body: Mapping[str, Json]) -> Iterator[tuple[int, Path]]:
    for name, value in body.items():
        if name not in KNOWN:
            yield _size(name, value), (name,)
        elif name in KNOWN_INSIDE and isinstance(value, dict):
            for inner, one in value.items():
                if inner not in KNOWN_INSIDE[name]:
                    yield _size(inner, one), (name, inner)


def _size(name: str, value: Json) -> int:
    return len(json.dumps({name: value}, ensure_ascii=False, separators=(",", ":")).encode())
