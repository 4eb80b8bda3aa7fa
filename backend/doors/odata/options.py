"""The system query options of a request, and the headers that belong to them."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from backend.doors.odata.entity_sets import EntitySet
from backend.doors.odata.filters import Filter, error, parse_filter
from backend.errors import Problem
from backend.http.paging import MAX_CURSOR, decode_cursor, row_id, sort_text

# Rows of a page without a wish of the client, and the most that it can have.
PAGE_DEFAULT, MAX_PAGE = 1_000, 5_000
# More names than this sort nothing that the first ones leave open.
MAX_ORDERED = 5
MAX_WHOLE = 2**31 - 1

# With their descriptions in the OpenAPI document.
OPTIONS = {
    "$select": "properties, separated by commas",
    "$filter": "at most 100 names, values and operators",
    "$orderby": "properties, each with asc or desc",
    "$top": "number of rows",
    "$skip": "rows to leave out",
    "$count": "true: with the number of all rows",
    "$format": "json",
    "$skiptoken": "of a link to the next page",
}
# Options of the standard that this service does not have.
OTHER_OPTIONS = ("$expand", "$search", "$apply", "$compute", "$levels", "$index", "$deltatoken")
# Parameters of application/json that change nothing here.
FORMAT_PARAMETERS = {
    *(f"odata.metadata={amount}" for amount in ("minimal", "none", "full")),
    *(f"odata.streaming={value}" for value in ("true", "false")),
}
# A value of a key, with its name where the key has several: Code='19'.
KEY_PART = re.compile(r"\s*(?:(\w+)\s*=\s*)?('(?:[^']|'')*'|\d+)\s*", re.ASCII)
# Options of a request for one row.
OF_ONE_ROW = {"$select", "$format"}
MAXPAGESIZE = re.compile(r"(?:^|[,;\s])(?:odata\.)?maxpagesize\s*=\s*\"?(\d{1,9})\b")
VERSIONS = ("4.0", "4.01")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page continues: a block of rows, a row in it, and what is left to skip and return."""

    block: str
    row: int
    skip: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Options:
    """What a request selects, and its page."""

    select: tuple[str, ...]
    filter: Filter | None
    order: tuple[tuple[str, bool], ...]  # property, whether descending
    place: Place
    count: bool
    page: int
    selected: str | None  # `$select` as it was sent

    @property
    def names(self) -> tuple[str, ...]:
        """The properties that are needed of each row."""
        others = [name for name, _ in self.order]
        others += sorted(self.filter.names) if self.filter else []
        return tuple(dict.fromkeys((*self.select, *others)))


def read_options(
    sent: Sequence[tuple[str, str]],
    entity_set: EntitySet,
    prefer: str = "",
    key: str | None = None,
) -> Options:
    """Read the options of a request; 400 with field and reason, 501 for others of the standard.

    `key` is that of one row, which is selected as a filter does.
    """
    values = _values(sent)
    if key is not None and (others := sorted(values.keys() - OF_ONE_ROW)):
        raise error("unknown_field", others[0])
    text = values.get("$filter", "").strip() if key is None else _key_filter(key, entity_set)
    return Options(
        select=_select(values.get("$select"), entity_set),
        filter=parse_filter(text, entity_set.kinds) if text else None,
        order=_order(values.get("$orderby"), entity_set),
        place=_place(values) if key is None else Place("", 0, 0, 1),
        count=_boolean(values.get("$count")),
        page=page_size(prefer) or PAGE_DEFAULT,
        selected=values.get("$select"),
    )


def _key_filter(key: str, entity_set: EntitySet) -> str:
    """Return the filter of a key such as `System='2025',Level='province',Code='19'`."""
    values = {name or entity_set.key[0]: value for name, value in KEY_PART.findall(key)}
    if KEY_PART.sub("", key).strip(",") or sorted(values) != sorted(entity_set.key):
        raise error("odata_syntax", "key")
    return " and ".join(f"{name} eq {value}" for name, value in values.items())


def _values(sent: Sequence[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in sent:
        if name in OTHER_OPTIONS:
            raise error("odata_not_supported", name, 501)
        if name not in OPTIONS or name in values:
            raise error("unknown_field", name)
        if "\x00" in value:
            raise error("has_nul", name)
        values[name] = value
    if not _is_json(values.get("$format", "json")):
        raise error("not_one_of", "$format")
    return values


def _is_json(text: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    if kind == "json":
        return not parameters
    return kind == "application/json" and FORMAT_PARAMETERS.issuperset(parameters)


def _select(text: str | None, entity_set: EntitySet) -> tuple[str, ...]:
    everything = tuple(entity_set.properties)
    names = _names(text)
    for name in names:
        if name != "*" and name not in entity_set.properties:
            raise error("unknown_field", f"$select.{name[:100]}")
    return everything if not names or "*" in names else tuple(dict.fromkeys(names))


def _order(text: str | None, entity_set: EntitySet) -> tuple[tuple[str, bool], ...]:
    order = []
    for part in _names(text):
        name, _, direction = part.partition(" ")
        if name not in entity_set.properties:
            raise error("unknown_field", f"$orderby.{name[:100]}")
        if direction.strip() not in ("", "asc", "desc"):
            raise error("odata_syntax", "$orderby")
        order.append((name, direction.strip() == "desc"))
    if len(order) > MAX_ORDERED:
        raise error("wrong_length", "$orderby")
    return tuple(order)


def _names(text: str | None) -> list[str]:
    return [part.strip() for part in text.split(",")] if text and text.strip() else []


def _place(values: Mapping[str, str]) -> Place:
    if (token := values.get("$skiptoken")) is not None:
        return _read_token(token)
    skip = _whole(values.get("$skip"), "$skip") or 0
    return Place("", 0, skip, _whole(values.get("$top"), "$top"))


def _read_token(token: str) -> Place:
    found = None
    if len(token) <= MAX_CURSOR:
        with suppress(Problem):  # its field is `cursor`
            found = decode_cursor(token, sort_text, row_id, row_id, _left)
    if found is None:
        raise error("not_cursor", "$skiptoken")
    return Place(*found)


def _left(value: Any) -> int | None:
    return None if value is None else row_id(value)


def _whole(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", text.strip(), re.ASCII):
        raise error("not_whole", name)
    if int(text) > MAX_WHOLE:
        raise error("out_of_range", name)
    return int(text)


def _boolean(text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise error("not_bool", "$count")
    return text == "true"


def page_size(prefer: str) -> int | None:
    """Return the rows of a page that a client prefers, at most `MAX_PAGE`; None without."""
    found = MAXPAGESIZE.search(prefer)
    return min(max(int(found[1]), 1), MAX_PAGE) if found else None


def check_versions(headers: Mapping[str, str]) -> None:
    """Raise 400 for a client of another version than 4; names of headers are in lower case."""
    for name in ("odata-version", "odata-maxversion"):
        if headers.get(name, VERSIONS[0]) not in VERSIONS:
            raise error("odata_version", name)
