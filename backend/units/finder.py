"""Find the unit of a cell: by its code, or by names as people write them."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from backend.tables.sheet_import import SheetRow
from backend.units.index import NamedUnit
from backend.units.search import Choice, is_called, spelling
from geo.gazetteer import plain

# Dozens of communes are called Xã Tân Lập; a person picks from ten, or gives more names.
MAX_CANDIDATES = 10
# To find what an unknown name means takes 5 ms where a unit had it once, 20 where none had: not for
# a whole wrong column. Who misspelt 50 names corrects these first.
MAX_GUESSES, MAX_UNKNOWN = 500, 50
CODE_DIGITS = 5

_SHORT = {"x.": "xã ", "p.": "phường ", "tt.": "thị trấn ", "h.": "huyện ", "q.": "quận ",
          "tx.": "thị xã ", "tp.": "thành phố ", "tp ": "thành phố ", "t.": "tỉnh "}  # fmt: skip
_CODE = re.compile(r"(?:(.*)\()?([0-9]{1,5})\)?")


@dataclass(frozen=True, slots=True)
class Match:
    """The unit, with a note where the text was repaired; or the reason why there is none."""

    unit: NamedUnit | None = None
    note: str | None = None
    error: str | None = None
    candidates: tuple[str, ...] = ()


def set_unit(
    row: SheetRow, field: str, found: Match, codes: Mapping[str, str] | None = None
) -> None:
    """Set the unit of a row, noted where its text was repaired; refuse a row without one.

    `codes` has the codes that an import uses in place of those of the finder.
    """
    codes = codes or {}
    if found.unit is None:
        error = found.error or "place_unknown"
        row.refuse(field, codes.get(error, error), *found.candidates)
        return
    row.unit_id, row.unit = found.unit.id, found.unit.label
    if found.note:
        row.note(field, codes.get(found.note, found.note), found.unit.label)


Key = Callable[[str], str]


class UnitFinder:
    """Finds units of a day; those below `home` are preferred where a name is ambiguous."""

    def __init__(
        self,
        units: Sequence[NamedUnit],
        choose: Callable[[str], Choice],
        home: int | None = None,
        digits: int = CODE_DIGITS,
    ) -> None:
        """Index units; `choose` finds those on the ground of an ended one, or of nearly a name."""
        self._units, self._home, self._digits, self._choose_today = units, home, digits, choose
        self._by_code = {unit.code: unit for unit in units}
        self._named: dict[Key, dict[str, list[NamedUnit]]] = {}
        self._choices: dict[str, Choice] = {}
        self._unknown = 0

    def find(self, text: str) -> Match:
        """Find the unit of a text: a code, or a name with names of the units above it."""
        text = " ".join(unicodedata.normalize("NFC", text).split())
        if code := _CODE.fullmatch(text):
            return self._find_code(code[2], (code[1] or "").strip())
        first, *above = (_long(part) for part in text.split(","))
        for key in (spelling, plain):
            named = self._by_name(key).get(key(first), [])
            fitting = [unit for unit in named if _lies_under(unit, above, key)]
            if fitting:
                return self._choose(fitting, None if key is spelling else "place_loosely")
        return self._guess(text, self._by_name(plain).get(plain(first), []))

    def knows(self, name: str) -> bool:
        """Return whether units have a name, before the first comma; nothing is guessed.

        A number alone is none, although wards are called Phường 1.
        """
        first = plain(_long(" ".join(name.split(",")[0].split())))
        return not first.isdigit() and first in self._by_name(plain)

    def find_named(self, code: str, name: str, mismatch: str = "unit_code_and_name") -> Match:
        """Find the unit of a code, whose name must agree; without a code that of the name."""
        found = self.find(code or name)
        if code and name and found.unit and not is_called(found.unit, name):
            return Match(error=mismatch, candidates=(found.unit.label, name))
        return found

    def _find_code(self, code: str, name: str) -> Match:
        """Find a code; spreadsheets drop leading zeros, and codes of islands have 3 digits."""
        padded = code.zfill(self._digits)
        known = [
            self._by_code[one] for one in dict.fromkeys((code, padded)) if one in self._by_code
        ]
        if known and name and not any(is_called(one, name) for one in known):
            return Match(error="unit_code_and_name", candidates=_labels(known))
        if len(known) == 1:
            return Match(known[0], None if known[0].code == code else "code_padded")
        error = "place_ambiguous" if known else "place_code_unknown"
        return Match(error=error, candidates=_labels(known))

    def _choose(self, fitting: list[NamedUnit], note: str | None) -> Match:
        if len(fitting) > 1:
            at_home = [unit for unit in fitting if self._home in unit.lies_in]
            if len(at_home) != 1:
                return Match(error="place_ambiguous", candidates=_labels(at_home or fitting))
            return Match(at_home[0], "place_at_home")
        return Match(fitting[0], note)

    def _guess(self, text: str, known: Sequence[NamedUnit]) -> Match:
        """Find an ended unit's successor, noted; or ask which of several, or of nearly its name."""
        choice = self._look_up(text)
        if choice.units:
            return Match(choice.units[0], "place_was")
        heirs = [one.unit for one in choice.candidates if one.was]
        if heirs:
            return Match(error="place_was_which", candidates=_labels(heirs))
        near = [one.unit for one in choice.candidates]
        return Match(error="place_unknown", candidates=_labels(known or near))

    def _look_up(self, text: str) -> Choice:
        """Return what a text may mean; nothing after many texts, or many that no unit ever had."""
        if text not in self._choices:
            if len(self._choices) >= MAX_GUESSES or self._unknown >= MAX_UNKNOWN:
                return Choice()
            choice = self._choices[text] = self._choose_today(text)
            self._unknown += not choice.units and not any(one.was for one in choice.candidates)
        return self._choices[text]

    def _by_name(self, key: Key) -> dict[str, list[NamedUnit]]:
        """Return units by full name and by name without the type, indexed at the first use."""
        if key not in self._named:
            named: dict[str, list[NamedUnit]] = defaultdict(list)
            for unit in self._units:
                for name in dict.fromkeys(_keys(unit.name, unit.type, key)):
                    named[name].append(unit)
            self._named[key] = dict(named)
        return self._named[key]


def _keys(name: str, kind: str, key: Key) -> tuple[str, str]:
    """Return the keys of a name with and without its type."""
    full = key(name)
    return full, full.removeprefix(f"{key(kind)} ")


def _lies_under(unit: NamedUnit, above: Sequence[str], key: Key) -> bool:
    known = {one for name, kind in unit.above for one in _keys(name, kind, key)}
    return all(key(part) in known for part in above if part)


def _long(part: str) -> str:
    """Write out the type in a part of an address: `H. Đồng Hỷ`."""
    part = part.strip()
    for short, full in _SHORT.items():
        if part.casefold().startswith(short):
            return full + part[len(short) :].strip()
    return part


def _labels(units: Sequence[NamedUnit]) -> tuple[str, ...]:
    return tuple(unit.label for unit in units[:MAX_CANDIDATES])
