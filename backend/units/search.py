"""Search of units by name as people write it: without accents, abbreviated, or of former units."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from backend.units.catalogue import LEVELS, SYSTEMS, system_on, system_span
from backend.units.index import WORD, FoundUnit, NamedUnit, UnitIndex, unit_index, words_of
from geo.gazetteer import plain

# Results of a search, of which a person reads a screen.
MAX_FOUND = 30
MAX_CHOICES = 4_096  # kept by a process
# Ended units whose successors one search shows: names such as "Tân Lập" are dozens.
MAX_ENDED = 8
MAX_NAME = 200
NEAR_LETTERS = 5  # shorter names are one edit from too many others
ABOVE_LETTERS = 3  # of a name above one, without a comma: fewer are the begin of too many
# Ways to split words without commas into a name and one above it.
MAX_SPLITS = 12

# Ranks of results: the whole name, the name without its type, the begin of either, a name that
# differs by one letter (NEAR), another type or both (NEARLY).
FULL, BARE, BEGIN, NEAR, NEARLY = range(5)
# Ranks of names that contain the words, in the name itself or with the names above it, less the
# number of whole words: a query has at most a hundred.
IN_NAME, ELSEWHERE = 105, 208

_TYPES = {
    "x": "xa", "p": "phuong", "tt": "thi tran", "h": "huyen", "q": "quan", "tx": "thi xa",
    "tp": "thanh pho", "t": "tinh", "dk": "dac khu",
}  # fmt: skip
_TYPE_BEFORE = re.compile(rf"^(?:{'|'.join(_TYPES.values())}) ")
# Names in everyday use that are not part of the official one.
_USUAL = {
    "hcm": "ho chi minh", "tphcm": "thanh pho ho chi minh", "hcmc": "ho chi minh",
    "sai gon": "ho chi minh", "saigon": "ho chi minh", "sg": "ho chi minh", "hn": "ha noi",
    "brvt": "ba ria vung tau", "tth": "thua thien hue", "daklak": "dak lak",
    "bac can": "bac kan", "dac lac": "dak lak", "dac nong": "dak nong",
}  # fmt: skip
_USUAL_NAMES = re.compile(rf"\b(?:{'|'.join(_USUAL)})\b")
_NUMBERED = re.compile(r"([a-z]{1,2})([0-9]+)")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_CODE_FIRST = re.compile(r"(?P<code>[0-9]{1,5})(?![0-9])[\s.,:;–-]*(?P<name>.*)")
_CODE_LAST = re.compile(r"(?P<name>.*\S)\s*\((?P<code>[0-9]{1,5})\)")


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
    limit: int = MAX_FOUND,
    exact: bool = False,
) -> list[FoundUnit]:
    """Return the units of a day that a text may mean, the best first.

    A name of an ended unit finds the units on its ground; a code finds its unit. If no unit has
    the name, those whose name differs by one letter are found, unless `exact`.
    """
    index, text = unit_index(), text.strip()[:MAX_NAME]
    if coded := index.with_code(text, day, level) if text.isdecimal() else []:
        return [FoundUnit(one) for one in coded if _inside(one, within)][:limit]
    parts = [query_words(part) for part in text.split(",")]
    if not any(parts):
        return []
    ranks = _rank_units(index.on(day), parts)
    ended: dict[int, int] = {}
    if former := system_span("2024")[1] if system_on(day) == "2025" else None:
        ended = _rank_units(index.on(former), parts, IN_NAME)
    if not exact and min([*ranks.values(), *ended.values()], default=BEGIN) > BARE:
        _add_near(ranks, index, parts, day)
        if former:
            _add_near(ended, index, parts, former)
    found = [(ranks[unit.id], FoundUnit(unit)) for unit in _best_first(index, ranks)]
    found += _find_heirs(index, ended, ranks)
    fitting = [
        (rank, one)
        for rank, one in found
        if level in (None, one.unit.level) and _inside(one.unit, within)
    ]
    fitting.sort(key=lambda pair: (pair[0], *_preference(pair[1], text)))
    best, rest = [one for _, one in fitting[:limit]], [one for _, one in fitting[limit:]]
    # The likely successors of an ended unit are complete: forms offer all of them at once.
    shown = {one.was.id for one in best if one.was}
    return best + [one for one in rest if one.was and one.likely and one.was.id in shown]


def choose_units(
    text: str, day: date, *, level: str | None = None, within: int | None = None
) -> Choice:
    """Return the one unit that a text names on a day, else the reason and candidates.

    The text is a name with or without those above it, a code, or a code with the unit's own name.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())[:MAX_NAME]
    return _choose(unit_index(), text, day, level, within)


# The rows of a list often have one text; a misspelt one is compared with thousands of names.
@lru_cache(MAX_CHOICES)
def _choose(
    index: UnitIndex, text: str, day: date, level: str | None, within: int | None
) -> Choice:
    parts = _CODE_LAST.fullmatch(text) or _CODE_FIRST.fullmatch(text)
    if parts is None:
        return _choose_by_name(text, day, level, within)
    code, name = parts["code"], parts["name"]
    spellings = dict.fromkeys((code, code.zfill(2), code.zfill(5)))
    units = [one for each in spellings for one in index.with_code(each, day, level)]
    named = [one for one in units if not name or is_called(one, name)]
    if named:
        chosen = named[0]
        return Choice((chosen,)) if _inside(chosen, within) else Choice(error="unit_outside")
    others = _choose_by_name(name, day, level, within) if name else Choice()
    meant = [*map(FoundUnit, units), *map(FoundUnit, others.units), *others.candidates]
    candidates = list({one.unit.id: one for one in meant}.values())[:MAX_FOUND]
    error = "unit_code_and_name" if units else "unit_unknown"
    return Choice(error=error, candidates=tuple(candidates))


def home_area(unit_id: int | None, day: date) -> int | None:
    """Return the province of a unit on a day, also of one that ended; None where there is none."""
    index = unit_index()
    unit = index.by_id.get(unit_id or 0)
    if unit is not None and unit.system != system_on(day):
        heirs = index.heirs(unit)
        unit = heirs[0].unit if heirs else None
    province = index.province_of(unit) if unit else None
    return province.id if province and province.level == "province" else None


def is_called(unit: NamedUnit, text: str) -> bool:
    """Return whether a name is a unit's, with or without its type and accents."""
    return query_words(text.partition(",")[0]) in unit.words


def query_words(text: str) -> str:
    """Return the words of a name as people write it, with abbreviations written out."""
    return _write_out(WORD.findall(plain(text)))


def spelling(text: str) -> str:
    """Return small letters with the tone after its word, so that Hoá and Hóa are equal."""
    words = unicodedata.normalize("NFD", text.casefold()).split()
    return " ".join("".join(sorted(word, key=_TONES.__contains__)) for word in words)


def within_one_edit(one: str, other: str) -> bool:
    """Return whether texts differ by at most one letter added, left out, changed or swapped."""
    if abs(len(one) - len(other)) > 1:
        return False
    pairs = enumerate(zip(one, other, strict=False))
    at = next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
    one, other = one[at:], other[at:]
    swapped = one[:2] == other[1::-1] and one[2:] == other[2:]
    return swapped or other in (one, one[1:]) or one[1:] == other[1:] or one == other[1:]


class NearNames:
    """Names without blanks, to find those at most one edit from a text."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_length: dict[int, list[str]] = {}
        for name in dict.fromkeys(map(compact, names)):
            self._by_length.setdefault(len(name), []).append(name)

    def find(self, text: str) -> set[str]:
        """Return the names near a text; a single edit leaves its begin or its end as it is."""
        text = compact(text)
        if len(text) < NEAR_LETTERS:
            return {text} & set(self._by_length.get(len(text), ()))
        half = (len(text) - 2) // 2
        begin, end = text[:half], text[-half:]
        lengths = (len(text) - 1, len(text), len(text) + 1)
        names = (name for length in lengths for name in self._by_length.get(length, ()))
        likely = [name for name in names if name.startswith(begin) or name.endswith(end)]
        return {name for name in likely if within_one_edit(name, text)}


def compact(words: str) -> str:
    """Return words without blanks, so that `daklak` and `dak lak` are equal."""
    return words.replace(" ", "")


def _write_out(words: Sequence[str]) -> str:
    """Write out an abbreviated type before a name and names in everyday use: `q1`, `tphcm`."""
    first, *rest = words or [""]
    if rest and first in _TYPES:
        words = [_TYPES[first], *rest]
    elif numbered := _NUMBERED.fullmatch(first):
        words = [_TYPES.get(numbered[1], numbered[1]), numbered[2], *rest]
    return _USUAL_NAMES.sub(lambda usual: _USUAL[usual[0]], " ".join(words))


def _rank_units(
    units: Sequence[NamedUnit], parts: Sequence[str], most: int = ELSEWHERE
) -> dict[int, int]:
    """Return how well units fit that have every word of a text in their names, by id."""
    begins = {f" {word}" for part in parts for word in part.split()}
    for begin in sorted(begins, key=len, reverse=True):
        units = [unit for unit in units if begin in unit.all_words]
    ranked = ((unit.id, _rank(unit, parts)) for unit in units)
    return {id: rank for id, rank in ranked if rank is not None and rank <= most}


def _rank(unit: NamedUnit, parts: Sequence[str]) -> int | None:
    """Return how well a name with all words fits, 0 the best; None in another place.

    Between names that contain the words, those with more of them as whole words come first.
    """
    first, *above = parts
    if not _lies_under(unit, above):
        return None
    full, bare = unit.words
    for rank, name in ((FULL, full), (BARE, bare)):
        # The names above it may follow without a comma.
        rest = first.removeprefix(f"{name} ")
        follows = rest != first and len(rest) >= ABOVE_LETTERS
        if first == name or (follows and _lies_under(unit, [rest])):
            return rank
    if full.startswith(first) or bare.startswith(first):
        return BEGIN
    words = first.split()
    in_name = all(f" {word}" in f" {full}" for word in words)
    whole = sum(f" {word} " in unit.all_words for word in words)
    return (IN_NAME if in_name else ELSEWHERE) - whole


def _lies_under(unit: NamedUnit, above: Iterable[str]) -> bool:
    names = [f" {words_of(name)}" for name, _ in unit.above]
    return all(any(f" {part}" in name for name in names) for part in above if part)


def _lies_nearly_under(unit: NamedUnit, above: Iterable[str]) -> bool:
    names = [words_of(name) for name, _ in unit.above]
    known = [compact(one) for name in names for one in (name, _TYPE_BEFORE.sub("", name))]
    return all(any(within_one_edit(compact(part), one) for one in known) for part in above if part)


def _add_near(ranks: dict[int, int], index: UnitIndex, parts: Sequence[str], day: date) -> None:
    """Add the units whose name, or a name above it, is one letter off."""
    first, *above = parts
    ways = [(first, above)]
    if not above:
        words = first.split()
        ends = range(len(words) - 1, 0, -1)[:MAX_SPLITS]
        ways += [(" ".join(words[:end]), [_write_out(words[end:])]) for end in ends]
    for name, higher in ways:
        found = [
            (rank, unit.id)
            for rank, unit in _called_nearly(index, name, day)
            if _lies_under(unit, higher)
            or (name in unit.words and _lies_nearly_under(unit, higher))
        ]
        for rank, id in found:
            ranks[id] = min(rank, ranks.get(id, rank))
        if found:
            return


def _called_nearly(index: UnitIndex, words: str, day: date) -> Iterator[tuple[int, NamedUnit]]:
    """Yield the units of a day whose name is at most one letter off, or has another type."""
    names, units = _near_names(index, system_on(day))
    for rank, text in ((NEAR, words), (NEARLY, _TYPE_BEFORE.sub("", words))):
        for name in names.find(text):
            yield from ((rank, unit) for unit in units[name] if unit.valid_on(day))


@lru_cache(len(SYSTEMS))
def _near_names(index: UnitIndex, system: str) -> tuple[NearNames, dict[str, list[NamedUnit]]]:
    """Return the names with and without type to compare, and the units of each."""
    named: dict[str, list[NamedUnit]] = {}
    for unit in index.units:
        for name in dict.fromkeys(map(compact, unit.words)) if unit.system == system else ():
            named.setdefault(name, []).append(unit)
    return NearNames(named), named


def _best_first(index: UnitIndex, ranks: Mapping[int, int]) -> list[NamedUnit]:
    units = [index.by_id[id] for id in ranks]
    return sorted(units, key=lambda one: (ranks[one.id], LEVELS.index(one.level), one.order))


def _find_heirs(
    index: UnitIndex, ended: Mapping[int, int], ranks: Mapping[int, int]
) -> Iterator[tuple[int, FoundUnit]]:
    """Yield the units on the ground of ended ones, unless one of them fits the text as well."""
    chosen = 0
    for one in _best_first(index, ended):
        rank, heirs = ended[one.id], index.heirs(one)
        if chosen == MAX_ENDED:
            return
        if any(heir.likely and ranks.get(heir.unit.id, rank + 1) <= rank for heir in heirs):
            continue
        chosen += bool(heirs)
        yield from ((rank, heir) for heir in heirs)


def _preference(found: FoundUnit, text: str) -> tuple[bool, bool, bool]:
    """Return the order of equally well fitting units: those with the text's own accents first."""
    accents = not text.isascii() and not _is_spelt(found.was or found.unit, text)
    return accents, found.was is not None, not found.likely


def _is_spelt(unit: NamedUnit, text: str) -> bool:
    """Return whether a name is written with the unit's own accents."""
    full = spelling(unit.name)
    return spelling(text.partition(",")[0]) in (full, full.removeprefix(f"{spelling(unit.type)} "))


def _inside(unit: NamedUnit, within: int | None) -> bool:
    return within is None or within in unit.lies_in


def _choose_by_name(name: str, day: date, level: str | None, within: int | None) -> Choice:
    hits = search_units(name, day, level=level, limit=MAX_NAME, exact=True) or search_units(
        name, day, level=level
    )
    exact = [one for one in hits if is_called(one.was or one.unit, name)]
    direct = [one for one in exact if one.was is None]
    fitting = [one for one in direct if _is_spelt(one.unit, name)] or direct or exact
    inside = [one for one in fitting if _inside(one.unit, within)]
    if fitting and not inside:
        return Choice(error="unit_outside")
    if len(inside) == 1 and (inside[0].was is None or inside[0].likely):
        return Choice((inside[0].unit,))
    if inside:
        error = "unit_which" if inside[0].was is None else "unit_was"
        return Choice(error=error, candidates=tuple(inside))
    near = [one for one in hits if _inside(one.unit, within)][:MAX_FOUND]
    return Choice(error="unit_which" if near else "unit_unknown", candidates=tuple(near))
