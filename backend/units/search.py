"""Search of units by name as people write it: without accents, abbreviated, or of before July 2025.

Every name of both systems is kept in memory by each process; a search reads the database only for
the successors of ended units. Units are only ever added, so the index is valid until one is.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select
from sqlalchemy.orm import aliased

from backend.database.extensions import db, fetch
from backend.units.catalogue import LEVELS, system_on, system_span
from backend.units.models import Unit
from backend.units.reform import successors_of
from geo.gazetteer import plain

# Results of a search, of which a person reads a screen.
FOUND_MOST = 30
# Ended units whose successors one search looks up: names such as "Tân Lập" are dozens.
ENDED_MOST = 3
NAME_MOST = 200
# Different names of units of both systems: some ten thousand.
NAMES_MOST = 20_000

# Ranks of names that contain the words, in the name itself or with the names above it, less the
# number of whole words: a query has at most a hundred.
IN_NAME, ELSEWHERE = 103, 206

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_TYPES = {
    "x": "xa", "p": "phuong", "tt": "thi tran", "h": "huyen", "q": "quan", "tx": "thi xa",
    "tp": "thanh pho", "t": "tinh", "dk": "dac khu",
}  # fmt: skip
# Names in everyday use that are not part of the official one.
_USUAL = {
    "hcm": "ho chi minh", "tphcm": "thanh pho ho chi minh", "hcmc": "ho chi minh",
    "sai gon": "ho chi minh", "saigon": "ho chi minh", "sg": "ho chi minh", "hn": "ha noi",
    "brvt": "ba ria vung tau", "tth": "thua thien hue", "daklak": "dak lak",
    "bac can": "bac kan", "dac lac": "dak lak", "dac nong": "dak nong",
}  # fmt: skip
_USUAL_NAMES = re.compile(rf"\b(?:{'|'.join(_USUAL)})\b")
_WORD = re.compile(r"[0-9a-z]+")
_CODE_FIRST = re.compile(r"([0-9]{1,5})(?![0-9])[\s.,:;–-]*(.*)")
_CODE_LAST = re.compile(r"(.*\S)\s*\(([0-9]{1,5})\)")


@dataclass(frozen=True)
class NamedUnit:
    """A unit with the names of the units above it, the nearest first."""

    id: int
    code: str
    name: str
    type: str
    above: tuple[tuple[str, str], ...]  # (name, type)
    lies_in: frozenset[int]  # itself, district and province
    system: str = "2025"
    level: str = "commune"
    valid_from: date | None = None
    valid_to: date | None = None
    order: tuple[str, int] = ("", 0)

    @property
    def place(self) -> str:
        """The names of the units above it."""
        return ", ".join(name for name, _ in self.above)

    @property
    def label(self) -> str:
        """The unit as shown to people and accepted in files and forms: names, and the code."""
        return ", ".join([self.name, *(name for name, _ in self.above)]) + f" ({self.code})"

    @cached_property
    def words(self) -> tuple[str, str]:
        """The name with and without its type, as compared."""
        full = words_of(self.name)
        return full, full.removeprefix(f"{words_of(self.type)} ")

    @cached_property
    def all_words(self) -> str:
        """The words of its name and of the names above it, each after a blank."""
        return f" {' '.join([self.words[0], *(words_of(name) for name, _ in self.above)])} "

    def called(self, text: str) -> bool:
        """Return whether a name is this unit's, with or without its type and accents."""
        name = text.partition(",")[0]
        return query_words(name) in self.words

    def valid_on(self, day: date) -> bool:
        """Return whether the unit exists on a day."""
        begun = self.valid_from is None or self.valid_from <= day
        return (
            self.system == system_on(day)
            and begun
            and (self.valid_to is None or self.valid_to >= day)
        )

    def serialize(self) -> dict[str, Any]:
        """Return the unit as answers name it."""
        names = ("system", "level", "code", "name", "place", "label")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class FoundUnit:
    """A unit of the day; `was` is the ended unit by whose name it was found.

    `likely`: the found unit is on most of the ground of the ended one, or is made of it.
    """

    unit: NamedUnit
    was: NamedUnit | None = None
    likely: bool = True

    def serialize(self) -> dict[str, Any]:
        """Return the unit as an answer of a search."""
        was = self.was.serialize() if self.was else None
        return self.unit.serialize() | {"was": was, "likely": self.likely}


@dataclass(frozen=True, slots=True)
class Choice:
    """The units that a text names, or the reason why none is chosen, with candidates to ask."""

    units: tuple[NamedUnit, ...] = ()
    error: str | None = None
    candidates: tuple[FoundUnit, ...] = ()


class UnitIndex:
    """The units of both systems, in Vietnamese order."""

    def __init__(self, units: Sequence[NamedUnit]) -> None:
        self.units = units
        self.by_id = {unit.id: unit for unit in units}
        self._by_code: dict[tuple[str, str], list[NamedUnit]] = {}
        self._by_system: dict[str, list[NamedUnit]] = {}
        for unit in units:
            self._by_system.setdefault(unit.system, []).append(unit)
            self._by_code.setdefault((unit.system, unit.code), []).append(unit)

    def on(self, day: date, level: str | None = None) -> list[NamedUnit]:
        """Return the units of a day, optionally of one level."""
        return [
            unit
            for unit in self._by_system.get(system_on(day), ())
            if (level is None or unit.level == level)
            and (unit.valid_from is None or unit.valid_from <= day)
            and (unit.valid_to is None or unit.valid_to >= day)
        ]

    def with_code(self, code: str, day: date, level: str | None) -> list[NamedUnit]:
        """Return the units of a code on a day, the lower level first."""
        found = self._by_code.get((system_on(day), code), [])
        fitting = [one for one in found if one.valid_on(day) and level in (None, one.level)]
        return sorted(fitting, key=lambda one: -LEVELS.index(one.level))


@lru_cache(NAMES_MOST)
def words_of(name: str) -> str:
    """Return the words of an official name for comparison: lower case, without accents."""
    return " ".join(_WORD.findall(plain(name)))


def query_words(text: str) -> str:
    """Return the words of a name as people write it, with abbreviations written out."""
    words = " ".join(_written_out(_WORD.findall(plain(text))))
    return _USUAL_NAMES.sub(lambda found: _USUAL[found[0]], words)


def _written_out(words: Sequence[str]) -> list[str]:
    """Write out an abbreviated type before a name: `tt du`, `q1`, `tphcm`."""
    if not words:
        return []
    first, *rest = words
    if rest and first in _TYPES:
        return [*_TYPES[first].split(), *rest]
    if numbered := re.fullmatch(r"([a-z]{1,2})([0-9]+)", first):
        return [*_TYPES.get(numbered[1], numbered[1]).split(), numbered[2], *rest]
    return list(words)


def spelling(text: str) -> str:
    """Return small letters with the tone after its word, so that Hoá and Hóa are equal."""
    return " ".join(_toned(word) for word in unicodedata.normalize("NFD", text.casefold()).split())


def _toned(word: str) -> str:
    tones = "".join(letter for letter in word if letter in _TONES)
    return "".join(letter for letter in word if letter not in _TONES) + tones


def search_units(
    text: str,
    day: date,
    *,
    level: str | None = None,
    within: int | None = None,
    limit: int = FOUND_MOST,
) -> list[FoundUnit]:
    """Return the units of a day that a text may mean, the best first.

    A name of an ended unit finds the units on its ground; a code finds its unit.
    """
    index, text = unit_index(), text.strip()[:NAME_MOST]
    if coded := index.with_code(text, day, level) if text.isdecimal() else []:
        return [FoundUnit(one) for one in coded if _inside(one, within)][:limit]
    parts = [query_words(part) for part in text.split(",")]
    if not any(parts):
        return []
    present = [one for one in _with_words(index.on(day, level), parts) if _inside(one, within)]
    ranked = [(rank, one) for one in present if (rank := _rank(one, parts)) is not None]
    ranked.sort(key=lambda pair: (pair[0], LEVELS.index(pair[1].level), pair[1].order))
    found = [(rank, FoundUnit(one)) for rank, one in ranked[: limit + 1]]
    known = {(one.name, one.level) for _, one in ranked}
    found += [
        (rank, one)
        for rank, one in _by_ended_names(index, parts, day, known)
        if _inside(one.unit, within) and level in (None, one.unit.level)
    ]
    found.sort(key=lambda pair: (pair[0], pair[1].was is not None))
    return [one for _, one in found][:limit]


def choose_units(
    text: str, day: date, *, level: str | None = None, within: int | None = None
) -> Choice:
    """Return the one unit that a text names on a day, else the reason and candidates.

    The text is a name with or without those above it, a code, or a code with the unit's own name.
    """
    index, text = unit_index(), " ".join(unicodedata.normalize("NFC", text).split())[:NAME_MOST]
    code, name = _split_code(text)
    if code is not None:
        return _by_code(index, code, name, day, level, within)
    return _by_name(index, name, day, level, within)


def home_area(unit_id: int | None, day: date) -> int | None:
    """Return the province of a unit on a day, also of one that ended; None where there is none."""
    index = unit_index()
    unit = index.by_id.get(unit_id) if unit_id is not None else None
    if unit is not None and unit.system != system_on(day):
        heirs = successors_of([unit.id])[unit.id] if unit.system == "2024" else []
        unit = index.by_id.get(heirs[0].id) if heirs else None
    provinces = [index.by_id[one] for one in unit.lies_in if one in index.by_id] if unit else []
    return next((one.id for one in provinces if one.level == "province"), None)


def unit_index() -> UnitIndex:
    """Return the index of all units, read again after units were added."""
    newest = fetch("select max(id) as newest from units", {})[0]["newest"]
    engine = db.engine
    with _lock:
        cached = _cache.get(engine)
        if cached is None or cached[0] != newest:
            cached = _cache[engine] = (newest, UnitIndex(_read_units()))
    return cached[1]


_cache: WeakKeyDictionary[Engine, tuple[int | None, UnitIndex]] = WeakKeyDictionary()
_lock = Lock()


def _read_units() -> list[NamedUnit]:
    parent, province = aliased(Unit), aliased(Unit)
    own = ("id", "system", "level", "code", "name", "type", "valid_from", "valid_to", "sort_key")
    query = (
        select(*(getattr(Unit, name) for name in own))
        .add_columns(parent.id, parent.name, parent.type)
        .add_columns(province.id, province.name, province.type)
        .outerjoin(parent, parent.id == Unit.parent_id)
        .outerjoin(province, province.id == Unit.province_id)
        .order_by(Unit.sort_key.collate("C"), Unit.id)
    )
    return [_named_unit(row) for row in db.session.execute(query)]


def _named_unit(row: Any) -> NamedUnit:
    """Return a unit of the columns above; since 2025 a commune's parent is its province."""
    id, system, level, code, name, kind, first, last, sort_key, *above = row
    higher = {above[at]: (above[at + 1], above[at + 2]) for at in (0, 3) if above[at] is not None}
    lies_in = frozenset({id, *higher})
    return NamedUnit(
        id, code, name, kind, tuple(higher.values()), lies_in, system, level, first, last,
        (sort_key, id),
    )  # fmt: skip


def _inside(unit: NamedUnit, within: int | None) -> bool:
    return within is None or within in unit.lies_in


def _with_words(units: Sequence[NamedUnit], parts: Sequence[str]) -> Sequence[NamedUnit]:
    """Return the units with every word in their names, as a whole or as the begin of one."""
    begins = {f" {word}" for part in parts for word in part.split()}
    for begin in sorted(begins, key=len, reverse=True):
        units = [unit for unit in units if begin in unit.all_words]
    return units


def _rank(unit: NamedUnit, parts: Sequence[str]) -> int | None:
    """Return how well a name with all words fits, 0 the best; None in another place.

    Between names that contain the words, those with more of them as whole words come first.
    """
    first, *above = parts
    known = unit.all_words
    if above and not _lies_under(unit, above):
        return None
    full, bare = unit.words
    if first == full:
        return 0
    if first == bare:
        return 1
    if full.startswith(first) or bare.startswith(first):
        return 2
    words = first.split()
    in_name = all(f" {word}" in f" {full}" for word in words)
    return (IN_NAME if in_name else ELSEWHERE) - sum(f" {word} " in known for word in words)


def _lies_under(unit: NamedUnit, above: Iterable[str]) -> bool:
    names = [words_of(name) for name, _ in unit.above]
    return all(any(f" {part}" in f" {name}" for name in names) for part in above if part)


def _by_ended_names(
    index: UnitIndex, parts: Sequence[str], day: date, known: set[tuple[str, str]]
) -> list[tuple[int, FoundUnit]]:
    """Return the units on the ground of ended units with a fitting name, the likely ones first."""
    if system_on(day) != "2025":
        return []
    last = system_span("2024")[1]
    ended = [
        (rank, one)
        for one in (_with_words(index.on(last), parts) if last else [])
        if (one.name, one.level) not in known
        and (rank := _rank(one, parts)) is not None
        and rank <= IN_NAME
    ]
    ended.sort(key=lambda pair: (pair[0], LEVELS.index(pair[1].level), pair[1].order))
    chosen = ended[:ENDED_MOST]
    heirs = successors_of([one.id for _, one in chosen]) if chosen else {}
    return [
        (rank, FoundUnit(index.by_id[heir.id], one, heir.likely))
        for rank, one in chosen
        for heir in heirs[one.id]
        if heir.id in index.by_id
    ]


def _split_code(text: str) -> tuple[str | None, str]:
    if last := _CODE_LAST.fullmatch(text):
        return last[2], last[1]
    first = _CODE_FIRST.fullmatch(text)
    return (first[1], first[2]) if first else (None, text)


def _by_code(
    index: UnitIndex, code: str, name: str, day: date, level: str | None, within: int | None
) -> Choice:
    """Return the unit of a code, unless the text gives it another unit's name."""
    spellings = dict.fromkeys((code, code.zfill(2), code.zfill(5)))
    units = [one for each in spellings for one in index.with_code(each, day, level)]
    named = [one for one in units if not name or one.called(name)]
    if named:
        return _limited([FoundUnit(one) for one in named[:1]], within)
    others = _by_name(index, name, day, level, within) if name else Choice()
    meant = [*(FoundUnit(one) for one in units), *map(FoundUnit, others.units), *others.candidates]
    return Choice(
        error="unit_code_and_name" if units else "unit_unknown", candidates=tuple(_distinct(meant))
    )


def _by_name(
    index: UnitIndex, name: str, day: date, level: str | None, within: int | None
) -> Choice:
    hits = search_units(name, day, level=level, limit=NAME_MOST)
    parts = [query_words(part) for part in name.split(",")]
    exact = [one for one in hits if parts and parts[0] in (one.was or one.unit).words]
    direct = [one for one in exact if one.was is None]
    toned = [one for one in direct if _spelt(one.unit, name)]
    fitting = toned or direct or exact
    inside = [one for one in fitting if _inside(one.unit, within)]
    if fitting and not inside:
        return Choice(error="unit_outside")
    if len(inside) == 1 and (inside[0].was is None or inside[0].likely):
        return Choice((inside[0].unit,))
    if inside:
        return Choice(
            error="unit_which" if inside[0].was is None else "unit_was", candidates=tuple(inside)
        )
    near = [one for one in hits if _inside(one.unit, within)][:FOUND_MOST]
    return Choice(error="unit_which" if near else "unit_unknown", candidates=tuple(near))


def _spelt(unit: NamedUnit, text: str) -> bool:
    """Return whether a name is written with the unit's own accents."""
    first = spelling(text.partition(",")[0].strip())
    full = spelling(unit.name)
    return first in (full, full.removeprefix(f"{spelling(unit.type)} "))


def _limited(found: Sequence[FoundUnit], within: int | None) -> Choice:
    inside = tuple(one.unit for one in found if _inside(one.unit, within))
    return Choice(inside) if inside else Choice(error="unit_outside")


def _distinct(found: Iterable[FoundUnit]) -> list[FoundUnit]:
    return list({one.unit.id: one for one in found}.values())[:FOUND_MOST]
