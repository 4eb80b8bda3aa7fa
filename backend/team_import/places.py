"""Find the commune that a cell means: a code, or names as people write them."""

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from geo.gazetteer import plain

# Xã Tân Lập is in dozens of places; a person picks from ten, and narrows down otherwise.
CANDIDATES_MOST = 10
# Looking for what a misspelt name may mean takes milliseconds: not for a whole wrong column.
GUESSES_MOST = 500
SHARING_MOST = 1_000  # a word of more names (xã, phường) says nothing
CLOSE = 0.75  # one letter of a short name wrong, two of a long one
CODE_DIGITS = 5

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SHORT = {"x.": "xã ", "p.": "phường ", "tt.": "thị trấn ", "h.": "huyện ", "q.": "quận ",
          "tx.": "thị xã ", "tp.": "thành phố ", "tp ": "thành phố ", "t.": "tỉnh "}  # fmt: skip
_CODE = re.compile(r"(?:.*\()?([0-9]{1,5})\)?")


@dataclass(frozen=True, slots=True)
class Place:
    """A commune of a day with the names of what is above it, the nearest first."""

    id: int
    code: str
    name: str
    type: str
    above: tuple[tuple[str, str], ...]  # (name, type)
    lies_in: frozenset[int]  # itself, district and province

    @property
    def label(self) -> str:
        """How a commune is told, and may be written in a file: names, and the code."""
        return ", ".join([self.name, *(name for name, _ in self.above)]) + f" ({self.code})"

    def called(self, text: str) -> bool:
        """Whether a name is this place's, with its type or without, accents or not."""
        name = text.partition(",")[0]
        return plain(_long(" ".join(name.split()))) in _keys(self.name, self.type, plain)


@dataclass(frozen=True, slots=True)
class Found:
    """The commune, with a note where something was repaired; or why there is none."""

    place: Place | None = None
    note: str | None = None
    error: str | None = None
    candidates: tuple[str, ...] = ()


Key = Callable[[str], str]


class Places:
    """The communes of a day; those below `home` are preferred where a name is ambiguous."""

    def __init__(
        self, places: Sequence[Place], home: int | None = None, digits: int = CODE_DIGITS
    ) -> None:
        self._places, self._home, self._digits = places, home, digits
        self._by_code = {place.code: place for place in places}
        self._named: dict[Key, dict[str, list[Place]]] = {}
        self._sharing: dict[str, set[str]] = {}
        self._guesses = GUESSES_MOST

    def find(self, text: str) -> Found:
        """The commune that a text means, by its code or by its name and what is above it."""
        text = " ".join(unicodedata.normalize("NFC", text).split())
        if code := _CODE.fullmatch(text):
            return self._by_its_code(code[1])
        first, *above = (_long(part) for part in text.split(","))
        for key in (spelling, plain):
            named = self._by_name(key).get(key(first), [])
            fitting = [place for place in named if _lies_under(place, above, key)]
            if fitting:
                return self._one_of(fitting, None if key is spelling else "place_loosely")
        near = self._by_name(plain).get(plain(first)) or self._guess(plain(first))
        return Found(error="place_unknown", candidates=_labels(near))

    def _by_its_code(self, code: str) -> Found:
        """A spreadsheet takes a code for a number and drops its zeros; islands have 3 digits."""
        padded = code.zfill(self._digits)
        known = [
            self._by_code[one] for one in dict.fromkeys((code, padded)) if one in self._by_code
        ]
        if len(known) == 1:
            return Found(known[0], None if known[0].code == code else "code_padded")
        error = "place_ambiguous" if known else "place_code_unknown"
        return Found(error=error, candidates=_labels(known))

    def _one_of(self, fitting: list[Place], note: str | None) -> Found:
        if len(fitting) > 1:
            at_home = [place for place in fitting if self._home in place.lies_in]
            if len(at_home) != 1:
                return Found(error="place_ambiguous", candidates=_labels(at_home or fitting))
            return Found(at_home[0], "place_at_home")
        return Found(fitting[0], note)

    def _guess(self, name: str) -> list[Place]:
        """What a misspelt name may mean, among the names that share its rarest word."""
        words = self._words()
        sharing = [words[word] for word in name.split() if word in words]
        known = min(sharing, key=len, default=set())
        if self._guesses == 0 or len(known) > SHARING_MOST:
            return []
        self._guesses -= 1
        close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=CLOSE)
        return [place for one in close for place in self._by_name(plain)[one]]

    def _by_name(self, key: Key) -> dict[str, list[Place]]:
        """Places by full name and by name without the type; made when a name is looked up."""
        if key not in self._named:
            named: dict[str, list[Place]] = defaultdict(list)
            for place in self._places:
                for name in dict.fromkeys(_keys(place.name, place.type, key)):
                    named[name].append(place)
            self._named[key] = dict(named)
        return self._named[key]

    def _words(self) -> dict[str, set[str]]:
        """The names that hold a word."""
        for name in () if self._sharing else self._by_name(plain):
            for word in name.split():
                self._sharing.setdefault(word, set()).add(name)
        return self._sharing


def spelling(text: str) -> str:
    """Small letters with the tone behind its word, so that Hoá and Hóa are one."""
    return " ".join(_toned(word) for word in unicodedata.normalize("NFD", text.casefold()).split())


def _toned(word: str) -> str:
    tones = "".join(letter for letter in word if letter in _TONES)
    return "".join(letter for letter in word if letter not in _TONES) + tones


def _keys(name: str, kind: str, key: Key) -> tuple[str, str]:
    """The keys of a name with its type and without: both are made word by word."""
    full = key(name)
    return full, full.removeprefix(f"{key(kind)} ")


def _lies_under(place: Place, above: Sequence[str], key: Key) -> bool:
    known = {one for name, kind in place.above for one in _keys(name, kind, key)}
    return all(key(part) in known for part in above if part)


def _long(part: str) -> str:
    """A part of an address with its type written out: `H. Đồng Hỷ`."""
    part = part.strip()
    for short, full in _SHORT.items():
        if part.casefold().startswith(short):
            return full + part[len(short) :].strip()
    return part


def _labels(places: Sequence[Place]) -> tuple[str, ...]:
    return tuple(place.label for place in places[:CANDIDATES_MOST])
