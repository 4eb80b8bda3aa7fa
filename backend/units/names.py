"""Names of units for comparison: without accents, abbreviations written out, one edit apart."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from geo.gazetteer import plain

# Different names of units of both systems: some ten thousand.
NAMES_MOST = 20_000
# Shorter names are one edit from too many others.
NEAR_LETTERS = 5

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_TYPES = {
    "x": "xa", "p": "phuong", "tt": "thi tran", "h": "huyen", "q": "quan", "tx": "thi xa",
    "tp": "thanh pho", "t": "tinh", "dk": "dac khu",
}  # fmt: skip
# Longer ones first: "thi tran" before "thi".
_TYPE_WORDS = sorted(_TYPES.values(), key=len, reverse=True)
# Names in everyday use that are not part of the official one.
_USUAL = {
    "hcm": "ho chi minh", "tphcm": "thanh pho ho chi minh", "hcmc": "ho chi minh",
    "sai gon": "ho chi minh", "saigon": "ho chi minh", "sg": "ho chi minh", "hn": "ha noi",
    "brvt": "ba ria vung tau", "tth": "thua thien hue", "daklak": "dak lak",
    "bac can": "bac kan", "dac lac": "dak lak", "dac nong": "dak nong",
}  # fmt: skip
_USUAL_NAMES = re.compile(rf"\b(?:{'|'.join(_USUAL)})\b")
_WORD = re.compile(r"[0-9a-z]+")
_NUMBERED = re.compile(r"([a-z]{1,2})([0-9]+)")


@lru_cache(NAMES_MOST)
def words_of(name: str) -> str:
    """Return the words of an official name for comparison: lower case, without accents."""
    return " ".join(_WORD.findall(plain(name)))


def query_words(text: str) -> str:
    """Return the words of a name as people write it, with abbreviations written out."""
    return _with_usual_names(_written_out(_WORD.findall(plain(text))))


def without_type(words: str) -> str:
    """Return the words of a name without the type before it."""
    begin = next((one for one in _TYPE_WORDS if words.startswith(f"{one} ")), "")
    return words[len(begin) :].lstrip()


def split_words(words: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to split words without commas into a name and a name above it."""
    each = words.split()
    for at in range(len(each) - 1, 0, -1):
        yield " ".join(each[:at]), _with_usual_names(_written_out(each[at:]))


def spelling(text: str) -> str:
    """Return small letters with the tone after its word, so that Hoá and Hóa are equal."""
    return " ".join(_toned(word) for word in unicodedata.normalize("NFD", text.casefold()).split())


def within_one_edit(one: str, other: str) -> bool:
    """Return whether texts differ by at most one letter added, left out, changed or swapped."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    pairs = zip(short, long, strict=False)
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return swapped or short[at + 1 :] == long[at + 1 :]


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


def _with_usual_names(words: Sequence[str]) -> str:
    return _USUAL_NAMES.sub(lambda found: _USUAL[found[0]], " ".join(words))


def _written_out(words: Sequence[str]) -> list[str]:
    """Write out an abbreviated type before a name: `tt du`, `q1`, `tphcm`."""
    if not words:
        return []
    first, *rest = words
    if rest and first in _TYPES:
        return [*_TYPES[first].split(), *rest]
    if numbered := _NUMBERED.fullmatch(first):
        return [*_TYPES.get(numbered[1], numbered[1]).split(), numbered[2], *rest]
    return list(words)


def _toned(word: str) -> str:
    tones = "".join(letter for letter in word if letter in _TONES)
    return "".join(letter for letter in word if letter not in _TONES) + tones
