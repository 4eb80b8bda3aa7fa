"""`$filter` of OData: parsed, its types checked, and evaluated on rows.

A value can be None (null) or UNKNOWN. The second is that of a property which a block of rows does
not have in common: a filter that is false without it is false for every row of the block.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from functools import partial, reduce
from typing import Any

from marshmallow import ValidationError

from backend.errors import FieldError, Problem
from backend.fields import aware_time

FILTER = "$filter"
# A query of Power Query with a list of some thirty communes has as many.
MAX_NODES = 100
# Of the text; a hundred operands of the longest names fit.
MAX_TEXT = 6_000
MAX_INTEGER = 2**53  # larger ones are not exact in a client

Row = Mapping[str, Any]
Evaluate = Callable[[Row], Any]


class Unknown:
    """The type of UNKNOWN."""


UNKNOWN = Unknown()


class Partial(dict[str, Any]):
    """The properties that all rows of a block have in common; the others are UNKNOWN."""

    def __missing__(self, name: str) -> Unknown:
        return UNKNOWN


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter: the properties that it names, and its value for a row."""

    names: frozenset[str]
    evaluate: Evaluate

    def matches(self, row: Row) -> bool:
        """Return whether a row is selected; null selects nothing."""
        return self.evaluate(row) is True

    def decides(self, common: Mapping[str, Any]) -> bool | None:
        """Return the answer for every row with these properties; None where rows differ."""
        value = self.evaluate(Partial(common))
        return None if value is UNKNOWN else value is True


def error(code: str, field: str = FILTER, status: int = 400) -> Problem:
    """Return the problem of a query option."""
    return Problem(status, "invalid", [FieldError(field, code)])


TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^']|'')*')
    |(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))
    |(?P<date>\d{4}-\d\d-\d\d)
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<mark>[(),])
    )""",
    re.VERBOSE | re.ASCII,
)
# Operators and functions of the standard that this service does not have.
NOT_SUPPORTED = frozenset(
    (
        *("add", "sub", "mul", "div", "divby", "mod", "has", "cast", "isof", "matchesPattern"),
        *("minute", "second", "fractionalseconds", "time", "now", "mindatetime", "maxdatetime"),
        *("totaloffsetminutes", "totalseconds", "hassubset", "hassubsequence"),
    )
)
ENDS = re.compile(r"(?=[\s(),]|$)")


@dataclass(frozen=True, slots=True)
class Token:
    """A part of a filter: its kind by `TOKEN`, and its text."""

    kind: str
    text: str


def tokens(text: str) -> list[Token]:
    """Split a filter into its tokens; 400 where it is too long or cannot be read.

    501 for what the standard has and this service has not.
    """
    if len(text) > MAX_TEXT:
        raise error("too_long")
    found, at, text = list[Token](), 0, text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match or not (match["mark"] or ENDS.match(text, match.end())):
            raise error("odata_syntax")
        kind = str(match.lastgroup)
        if match["word"] in NOT_SUPPORTED:
            raise error("odata_not_supported", f"{FILTER}.{match['word']}", 501)
        found.append(Token(kind, match[kind]))
        at = match.end()
    if sum(token.text not in (")", ",") for token in found) > MAX_NODES:
        raise error("odata_complex")
    return found


@dataclass(frozen=True, slots=True)
class Node:
    """A part of the expression: its kind (string, number, boolean, date, time, null) and value."""

    kind: str
    evaluate: Evaluate


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    return lambda a, b: None if a is None or b is None else compare(a, b)


COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": _ordered(lambda a, b: a > b),
    "ge": _ordered(lambda a, b: a >= b),
    "lt": _ordered(lambda a, b: a < b),
    "le": _ordered(lambda a, b: a <= b),
}
EQUALITY = ("eq", "ne")


def _substring(text: str, start: float, length: float | None = None) -> str:
    begin = max(int(start), 0)
    return text[begin:] if length is None else text[begin : begin + max(int(length), 0)]


def _round(number: float) -> float:
    """Round a half away from zero, as the standard does; Python rounds it to an even number."""
    return math.copysign(math.floor(abs(number) + 0.5), number)


# Name: the kinds of the arguments for each number of them, the kind of the result, the function.
Function = tuple[tuple[tuple[str, ...], ...], str, Callable[..., Any]]
TWO_TEXTS = (("string", "string"),)
TEXT, NUMBER = (("string",),), (("number",),)
FUNCTIONS: dict[str, Function] = {
    "contains": (TWO_TEXTS, "boolean", lambda text, part: part in text),
    "startswith": (TWO_TEXTS, "boolean", str.startswith),
    "endswith": (TWO_TEXTS, "boolean", str.endswith),
    "indexof": (TWO_TEXTS, "number", str.find),
    "concat": (TWO_TEXTS, "string", lambda one, other: one + other),
    "substring": (
        (("string", "number"), ("string", "number", "number")),
        "string",
        _substring,
    ),
    "length": (TEXT, "number", len),
    "tolower": (TEXT, "string", str.lower),
    "toupper": (TEXT, "string", str.upper),
    "trim": (TEXT, "string", str.strip),
    "round": (NUMBER, "number", _round),
    "floor": (NUMBER, "number", math.floor),
    "ceiling": (NUMBER, "number", math.ceil),
    "year": ((("date",), ("time",)), "number", lambda day: day.year),
    "month": ((("date",), ("time",)), "number", lambda day: day.month),
    "day": ((("date",), ("time",)), "number", lambda day: day.day),
    "hour": ((("time",),), "number", lambda moment: moment.astimezone(UTC).hour),
    "date": ((("time",),), "date", lambda moment: moment.astimezone(UTC).date()),
}


def _strict(function: Callable[..., Any], parts: Sequence[Evaluate]) -> Evaluate:
    """Apply a function to values; null of null, and UNKNOWN of what is unknown."""

    def evaluate(row: Row) -> Any:
        values = [part(row) for part in parts]
        if any(value is UNKNOWN for value in values):
            return UNKNOWN
        return None if None in values else function(*values)

    return evaluate


def _compare(operator: str, left: Node, right: Node) -> Node:
    kinds = {left.kind, right.kind} - {"null"}
    if len(kinds) > 1 or (kinds == {"boolean"} and operator not in EQUALITY):
        raise error("odata_types")
    function, one, other = COMPARISONS[operator], left.evaluate, right.evaluate

    def evaluate(row: Row) -> Any:
        a, b = one(row), other(row)
        return UNKNOWN if a is UNKNOWN or b is UNKNOWN else function(a, b)

    return Node("boolean", evaluate)


def _logical(left: Node, right: Node, *, decisive: bool) -> Node:
    """Return `or` (decided by true) or `and` (decided by false) of two nodes."""
    one, other = left.evaluate, right.evaluate

    def evaluate(row: Row) -> Any:
        a = one(row)
        if a is decisive:
            return decisive
        b = other(row)
        if b is decisive:
            return decisive
        if a is UNKNOWN or b is UNKNOWN:
            return UNKNOWN
        return None if a is None or b is None else not decisive

    return Node("boolean", evaluate)


_either = partial(_logical, decisive=True)
_both = partial(_logical, decisive=False)


def parse_filter(text: str, kinds: Mapping[str, str]) -> Filter:
    """Parse a filter on properties of these kinds; 400 with a reason where it is wrong.

    It reads comparisons, `and`, `or`, `not`, `in`, parentheses and the functions of `FUNCTIONS`.
    """
    parser = _Parser(tokens(text), kinds)
    node = parser.parse()
    if node.kind not in ("boolean", "null"):
        raise error("odata_types")
    return Filter(frozenset(parser.names), node.evaluate)


class _Parser:
    """Recursive descent; its depth is bounded by the number of tokens."""

    def __init__(self, found: Sequence[Token], kinds: Mapping[str, str]) -> None:
        self.found, self.kinds, self.at = found, kinds, 0
        self.names = set[str]()

    def parse(self) -> Node:
        node = self._or()
        if self.at < len(self.found):
            raise error("odata_syntax")
        return node

    def _or(self) -> Node:
        node = self._and()
        while self._accept("or"):
            node = _either(self._boolean(node), self._boolean(self._and()))
        return node

    def _and(self) -> Node:
        node = self._comparison()
        while self._accept("and"):
            node = _both(self._boolean(node), self._boolean(self._comparison()))
        return node

    def _comparison(self) -> Node:
        node = self._unary()
        while (word := self._peek()) in (*COMPARISONS, "in"):
            self.at += 1
            if word == "in":
                self._expect("(")
                found = [_compare("eq", node, one) for one in list(self._arguments())]
                node = reduce(_either, found)
            else:
                node = _compare(str(word), node, self._unary())
        return node

    def _unary(self) -> Node:
        if not self._accept("not"):
            return self._primary()
        inner = self._boolean(self._unary())
        return Node("boolean", _strict(lambda value: not value, [inner.evaluate]))

    def _primary(self) -> Node:
        token = self._take()
        if token.text == "(":
            node = self._or()
            self._expect(")")
            return node
        if token.kind != "word":
            return _literal(token)
        if self._peek() == "(" and token.text in FUNCTIONS:
            self.at += 1
            return self._function(token.text)
        return self._word(token.text)

    def _word(self, word: str) -> Node:
        if word in ("true", "false"):
            return _constant("boolean", word == "true")
        if word == "null":
            return _constant("null", None)
        if word not in self.kinds:
            raise error("unknown_field", f"{FILTER}.{word}")
        self.names.add(word)
        return Node(self.kinds[word], lambda row: row[word])

    def _function(self, name: str) -> Node:
        signatures, kind, function = FUNCTIONS[name]
        arguments = list(self._arguments())
        fits = any(
            len(one) == len(arguments)
            and all(node.kind in (want, "null") for want, node in zip(one, arguments, strict=True))
            for one in signatures
        )
        if not fits:
            raise error("odata_types", f"{FILTER}.{name}")
        return Node(kind, _strict(function, [node.evaluate for node in arguments]))

    def _arguments(self) -> Iterator[Node]:
        """Yield the nodes up to the closing parenthesis, one at least."""
        yield self._or()
        while self._accept(","):
            yield self._or()
        self._expect(")")

    def _boolean(self, node: Node) -> Node:
        if node.kind not in ("boolean", "null"):
            raise error("odata_types")
        return node

    def _peek(self) -> str | None:
        token = self.found[self.at] if self.at < len(self.found) else None
        return token.text if token and token.kind in ("word", "mark") else None

    def _accept(self, text: str) -> bool:
        accepted = self._peek() == text
        self.at += accepted
        return accepted

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise error("odata_syntax")

    def _take(self) -> Token:
        if self.at >= len(self.found) or self.found[self.at].text in (")", ","):
            raise error("odata_syntax")
        self.at += 1
        return self.found[self.at - 1]


def _constant(kind: str, value: Any) -> Node:
    return Node(kind, lambda row: value)


def _literal(token: Token) -> Node:
    """Return the value of a literal; 400 for one that cannot be."""
    text = token.text
    try:
        if token.kind == "string":
            return _constant("string", text[1:-1].replace("''", "'"))
        if token.kind == "time":
            return _constant("time", aware_time(text))
        if token.kind == "date":
            return _constant("date", date.fromisoformat(text))
        number = float(text) if re.search("[.eE]", text) else int(text)
    except (ValueError, ValidationError):
        raise error("odata_syntax") from None
    if not abs(number) <= MAX_INTEGER:
        raise error("out_of_range")
    return _constant("number", number)
