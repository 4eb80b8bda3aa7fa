"""JSON objects out of a stream, one at a time: a line each, written over many lines, or a list."""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backend.measurements.imports.lines import Broken, Lines, bad_bytes
from backend.measurements.imports.row import Given, Row, Unreadable

# One ndt7 archive with every snapshot is under 1 MB; an object that goes on is a missing brace.
MAX_OBJECT_CHARS = 16 * 1024 * 1024
_BETWEEN = " \t\r\n,[]"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]')
_HUGE_EXPONENT = re.compile(r"[eE]\+?\d{3}")

Translate = Callable[[dict[str, Any], Given], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Found:
    """An object with its place in the file, or why it could not be read."""

    line: int
    raw: str
    value: dict[str, Any] | None
    error: str | None


def translated(lines: Lines, given: Given, translate: Translate) -> Iterator[Row]:
    """Rows of a format whose every object stands alone; None means the object is no result."""
    for found in objects(lines):
        if found.value is None:
            yield Row(found.line, None, found.error, found.raw)
            continue
        try:
            payload = translate(found.value, given)
        except Unreadable as error:
            yield Row(found.line, None, str(error), found.raw)
            continue
        if payload is not None:
            yield Row(found.line, payload, None, found.raw)


def objects(lines: Lines) -> Iterator[Found]:
    """Split a stream into its JSON objects.

    A brace in the first column begins a new object: no tool indents less inside one, and so a
    cut-off object costs itself only, not what follows.
    """
    parts: list[str] = []
    start = depth = size = 0
    for number, text in lines:
        if parts and text.startswith("{"):
            yield Found(start, "".join(parts), None, f"cut off: another begins on line {number}")
            parts, depth = [], 0
        for piece, after in _cut(text, depth):
            depth = after
            if not parts:
                piece = piece.lstrip(_BETWEEN)
                start, size = number, 0
                if not piece:
                    continue
            parts.append(piece)
            size += len(piece)
            if depth == 0:
                yield _found(start, "".join(parts))
                parts = []
            elif size > MAX_OBJECT_CHARS:
                raise Broken(start, f"an object of more than {MAX_OBJECT_CHARS} characters")
    if parts:
        yield Found(start, "".join(parts), None, "cut off: the file ends inside it")


def _cut(text: str, depth: int) -> Iterator[tuple[str, int]]:
    """Cut a line behind each brace that closes an outermost object."""
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


def _found(line: int, raw: str) -> Found:
    raw = raw.rstrip()
    try:
        return Found(line, raw, parse(raw), None)
    except Unreadable as error:
        return Found(line, raw, None, str(error))


def parse(raw: str) -> dict[str, Any]:
    """One JSON object, strictly: no NaN, no number past the finite ones, no half characters."""
    if bad_bytes(raw):
        raise Unreadable("bytes that are not UTF-8")
    huge = _finite if _HUGE_EXPONENT.search(raw) else None
    try:
        value = json.loads(raw, parse_constant=_refuse, parse_float=huge)
        if "\\ud" in raw.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error.msg} (character {error.pos + 1})") from None
    except UnicodeEncodeError:
        raise Unreadable("half a character (a lone surrogate)") from None
    except ValueError as error:
        raise Unreadable(f"not JSON: {error}") from None
    except RecursionError:
        raise Unreadable("nested too deeply") from None
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return value


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:40]} is too large a number")
    return value
