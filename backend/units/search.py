"""Search of units by name as people write it: without accents, abbreviated, or of former units."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.units.catalogue import LEVELS, system_on, system_span
from backend.units.index import NamedUnit, UnitIndex, unit_index
from backend.units.names import (
    compact,
    query_words,
    spelling,
    split_words,
    within_one_edit,
    without_type,
    words_of,
)

# Results of a search, of which a person reads a screen.
FOUND_MOST = 30
# Ended units whose successors one search shows: names such as "Tân Lập" are dozens.
ENDED_MOST = 8
NAME_MOST = 200
ABOVE_LETTERS = 3  # of a name above one, without a comma: fewer are the begin of too many
# Ways to split words without commas into a name and one above it.
SPLITS_MOST = 12

# Ranks of results: the whole name, the name without its type, the begin of either, a name that
# differs by one letter (NEAR), another type or both (NEARLY).
FULL, BARE, BEGIN = range(3)
# Ranks of names that contain the words, in the name itself or with the names above it, less the
# number of whole words: a query has at most a hundred.
IN_NAME, ELSEWHERE = 105, 208

_CODE_FIRST = re.compile(r"([0-9]{1,5})(?![0-9])[\s.,:;–-]*(.*)")
_CODE_LAST = re.compile(r"(.*\S)\s*\(([0-9]{1,5})\)")


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


def search_units(
    text: str,
    day: date,
    *,
    level: str | None = None,
    within: int | None = None,
    limit: int = FOUND_MOST,
    exact: bool = False,
) -> list[FoundUnit]:
    """Return the units of a day that a text may mean, the best first.

    A name of an ended unit finds the units on its ground; a code finds its unit. If no unit has
    the name, those whose name differs by one letter are found, unless `exact`.
    """
    index, text = unit_index(), text.strip()[:NAME_MOST]
    if coded := index.with_code(text, day, level) if text.isdecimal() else []:
        return [FoundUnit(one) for one in coded if _inside(one, within)][:limit]
    parts = [query_words(part) for part in text.split(",")]
    if not any(parts):
        return []
    ranked = _ranked(index.on(day), parts)
    ended = _ranked(index.on(last), parts, IN_NAME) if (last := _last_day_before(day)) else []
    if not exact and not any(rank <= BARE for rank, _ in [*ranked, *ended]):
        ranked = _best([*ranked, *_near(index, parts, day)])
        ended = _best([*ended, *_near(index, parts, last)]) if last else []
    found = [(rank, FoundUnit(one)) for rank, one in sorted(ranked, key=_order)]
    found += _heirs(index, sorted(ended, key=_order), {one.id: rank for rank, one in ranked})
    fitting = [
        (rank, one)
        for rank, one in found
        if level in (None, one.unit.level) and _inside(one.unit, within)
    ]
    fitting.sort(key=lambda pair: (pair[0], *_preference(pair[1], text)))
    return _cut([one for _, one in fitting], limit)


def _last_day_before(day: date) -> date | None:
    """Return the last day of the former units; None for a day on which they are not former."""
    return system_span("2024")[1] if system_on(day) == "2025" else None


def _preference(found: FoundUnit, text: str) -> tuple[bool, bool, bool]:
    """Return the order of equally well fitting units: those with the text's own accents first."""
    accents = not text.isascii() and not _spelt(found.was or found.unit, text)
    return accents, found.was is not None, not found.likely


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
        heirs = index.heirs(unit) if unit.system == "2024" else ()
        unit = heirs[0].unit if heirs else None
    provinces = [index.by_id[one] for one in unit.lies_in if one in index.by_id] if unit else []
    return next((one.id for one in provinces if one.level == "province"), None)


def _inside(unit: NamedUnit, within: int | None) -> bool:
    return within is None or within in unit.lies_in


def _with_words(units: Sequence[NamedUnit], parts: Sequence[str]) -> Sequence[NamedUnit]:
    """Return the units with every word in their names, as a whole or as the begin of one."""
    begins = {f" {word}" for part in parts for word in part.split()}
    for begin in sorted(begins, key=len, reverse=True):
        units = [unit for unit in units if begin in unit.all_words]
    return units


def _ranked(
    units: Sequence[NamedUnit], parts: Sequence[str], most: int = ELSEWHERE
) -> list[tuple[int, NamedUnit]]:
    """Return the units whose names have the words, and how well they fit."""
    ranked = ((_rank(one, parts), one) for one in _with_words(units, parts))
    return [(rank, one) for rank, one in ranked if rank is not None and rank <= most]


def _order(pair: tuple[int, NamedUnit]) -> tuple[int, int, tuple[str, int]]:
    rank, unit = pair
    return rank, LEVELS.index(unit.level), unit.order


def _best(ranked: Iterable[tuple[int, NamedUnit]]) -> list[tuple[int, NamedUnit]]:
    """Return each unit once, with its best rank."""
    best: dict[int, tuple[int, NamedUnit]] = {}
    for rank, one in ranked:
        if one.id not in best or rank < best[one.id][0]:
            best[one.id] = (rank, one)
    return list(best.values())


def _near(index: UnitIndex, parts: Sequence[str], day: date) -> list[tuple[int, NamedUnit]]:
    """Return the units whose name, or a name above it, is one letter off."""
    first, *above = parts
    ways = [(first, above)]
    if not above:
        ways += [(name, [higher]) for name, higher in split_words(first)][:SPLITS_MOST]
    for name, higher in ways:
        found = [
            (rank, unit)
            for rank, unit in index.called_nearly(name, day)
            if _lies_under(unit, higher)
            or (name in unit.words and _lies_nearly_under(unit, higher))
        ]
        if found:
            return found
    return []


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
        return FULL
    if first == bare:
        return BARE
    if (rank := _rank_before_others(unit, first)) is not None:
        return rank
    if full.startswith(first) or bare.startswith(first):
        return BEGIN
    words = first.split()
    in_name = all(f" {word}" in f" {full}" for word in words)
    return (IN_NAME if in_name else ELSEWHERE) - sum(f" {word} " in known for word in words)


def _rank_before_others(unit: NamedUnit, words: str) -> int | None:
    """Return how well a name fits that is followed by one above it, without a comma."""
    for rank, name in ((FULL, unit.words[0]), (BARE, unit.words[1])):
        above = words.removeprefix(f"{name} ")
        if above != words and len(above) >= ABOVE_LETTERS and _lies_under(unit, [above]):
            return rank
    return None


def _lies_under(unit: NamedUnit, above: Iterable[str]) -> bool:
    names = [words_of(name) for name, _ in unit.above]
    return all(any(f" {part}" in f" {name}" for name in names) for part in above if part)


def _lies_nearly_under(unit: NamedUnit, above: Iterable[str]) -> bool:
    names = [words_of(name) for name, _ in unit.above]
    known = [compact(one) for name in names for one in (name, without_type(name))]
    return all(any(within_one_edit(compact(part), one) for one in known) for part in above if part)


def _heirs(
    index: UnitIndex, ended: Sequence[tuple[int, NamedUnit]], known: Mapping[int, int]
) -> Iterator[tuple[int, FoundUnit]]:
    """Yield the units on the ground of ended ones, unless one of them fits the text as well.

    `known` are the ranks of the found units of today.
    """
    chosen = 0
    for rank, one in ended:
        heirs = index.heirs(one)
        if chosen == ENDED_MOST:
            return
        if any(heir.likely and known.get(heir.unit.id, rank + 1) <= rank for heir in heirs):
            continue
        chosen += bool(heirs)
        yield from ((rank, FoundUnit(heir.unit, one, heir.likely)) for heir in heirs)


def _cut(found: list[FoundUnit], limit: int) -> list[FoundUnit]:
    """Return the first results, and the other likely successors of the ended units in them."""
    ended = {one.was.id for one in found[:limit] if one.was}
    more = (one for one in found[limit:] if one.was and one.likely and one.was.id in ended)
    return [*found[:limit], *more]


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
    hits = search_units(name, day, level=level, limit=NAME_MOST, exact=True) or search_units(
        name, day, level=level
    )
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
