"""Read JSON objects from a stream: one per line, over several lines, or in a list."""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backend.measurements.imports.lines import BrokenStream, Lines, bad_bytes
from backend.measurements.imports.row import ImportOptions, Row, UnreadableRow

# An ndt7 archive with all snapshots is under 1 MB; a longer object lacks a closing brace.
MAX_OBJECT_CHARS = 16 * 1024 * 1024
_BETWEEN = " \t\r\n,[]"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]')
_HUGE_EXPONENT = re.compile(r"[eE]\+?\d{3}")

Translate = Callable[[dict[str, Any], ImportOptions], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class ParsedObject:
    """A JSON object with its line and text, or the error of reading it."""

    line: int
    raw: str
    value: dict[str, Any] | None
    error: str | None


def translate_objects(lines: Lines, options: ImportOptions, translate: Translate) -> Iterator[Row]:
    """Yield the rows of a format with one result per object; `translate` may return None."""
    for found in parse_objects(lines):
        if found.value is None:
            yield Row(found.line, None, found.error, found.raw)
            continue
        try:
            payload = translate(found.value, options)
        except UnreadableRow as error:
            yield Row(found.line, None, str(error), found.raw)
            continue
        if payload is not None:
            yield Row(found.line, payload, None, found.raw)


def parse_objects(lines: Lines) -> Iterator[ParsedObject]:
    """Split a stream into its JSON objects.

    A brace in the first column begins a new object: no tool writes one inside an object, and so an
    incomplete object does not affect those that follow.
    """
    parts: list[str] = []
    start = depth = size = 0
    for number, text in lines:
        if parts and text.startswith("{"):
            yield ParsedObject(
                start, "".join(parts), None, f"incomplete: another object begins on line {number}"
            )
            parts, depth = [], 0
        for piece, after in _split(text, depth):
            depth = after
            if not parts:
                piece = piece.lstrip(_BETWEEN)
                start, size = number, 0
                if not piece:
                    continue
            parts.append(piece)
            size += len(piece)
            if depth == 0:
                yield _parsed(start, "".join(parts))
                parts = []
            elif size > MAX_OBJECT_CHARS:
                raise BrokenStream(start, f"an object has more than {MAX_OBJECT_CHARS} characters")
    if parts:
        yield ParsedObject(start, "".join(parts), None, "incomplete: the file ends inside it")


def _split(text: str, depth: int) -> Iterator[tuple[str, int]]:
    """Split a line after each brace that closes an outermost object."""
    begin = 0
    for token in _TOKEN.finditer(text):
        if token[0] == "{":
            depth += 1
        elif token[0] == "}":
            depth -= 1
            if depth <= 0:
                depth = 0
                yield text[begin : token.end()], depth
                begin = token.end()
    if begin < len(text):
        yield text[begin:], depth


def _parsed(line: int, raw: str) -> ParsedObject:
    raw = raw.rstrip()
    try:
        return ParsedObject(line, raw, parse(raw), None)
    except UnreadableRow as error:
        return ParsedObject(line, raw, None, str(error))


def parse(raw: str) -> dict[str, Any]:
    """Parse one JSON object, without NaN, infinite numbers and lone surrogates."""
    if bad_bytes(raw):
        raise UnreadableRow("bytes that are not UTF-8")
    huge = _finite if _HUGE_EXPONENT.search(raw) else None
    try:
        value = json.loads(raw, parse_constant=_reject_constant, parse_float=huge)
        if "\\ud" in raw.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise UnreadableRow(f"not JSON: {error.msg} (character {error.pos + 1})") from None
    except UnicodeEncodeError:
        raise UnreadableRow("half a character (a lone surrogate)") from None
    except ValueError as error:
        raise UnreadableRow(f"not JSON: {error}") from None
    except RecursionError:
        raise UnreadableRow("nested too deeply") from None
    if not isinstance(value, dict):
        raise UnreadableRow("not a JSON object")
    return value


def _reject_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:40]} is too large")
    return value
