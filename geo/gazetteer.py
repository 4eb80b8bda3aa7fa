"""Administrative units of Vietnam in both systems, and the conversion between their communes."""

import csv
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

DATA = Path(__file__).parent / "data"
SYSTEMS = ("2024", "2025")
LEVELS = ("province", "district", "commune")
NUMBERS = ("latitude", "longitude", "area_km2")
# Hoàng Sa and Trường Sa: part of every set and map.
FAR_ISLANDS = {"2024": ("22736", "22737", "22739", "498"), "2025": ("20333", "22736")}

_LETTERS = {
    letter: f"{rank:02d}" for rank, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")
}
# Combining marks of the five written tones, ranked as Vietnamese dictionaries do:
# ngang (no mark, 0), huyền, hỏi, ngã, sắc, nặng.
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}


@dataclass(frozen=True, slots=True)
class GazetteerUnit:
    """One administrative unit of one system.

    Attributes
    ----------
    system : str
        ``"2024"`` (until 30 June 2025) or ``"2025"`` (since 1 July 2025).
    level : str
        ``"province"``, ``"district"`` (2024 only) or ``"commune"``. Five island districts of 2024
        have no communes: they are listed once, as communes with their 3-digit code.
    code : str
        Code of the General Statistics Office with its leading zeros, unique within a system.
    name, type : str
        Full name with its type ("Phường Ba Đình") and the type alone ("Phường").
    province_code, district_code : str
        Parents; empty where there is none. A province carries its own ``province_code``,
        a district its own ``district_code``.
    latitude, longitude : float or None
        A known centre, degrees, EPSG:4326.
    area_km2 : float or None
        Published area, square kilometres; only communes of 2025.
    """

    system: str
    level: str
    code: str
    name: str
    type: str
    province_code: str
    district_code: str
    latitude: float | None
    longitude: float | None
    area_km2: float | None


def load_units(system: str) -> list[GazetteerUnit]:
    """Return every unit of one system, provinces first, each level by code.

    Parameters
    ----------
    system : str
        ``"2024"`` or ``"2025"``.

    Returns
    -------
    list of GazetteerUnit
        2024: 63 provinces, 691 districts, 10,040 communes (10,035 and five island districts
        without communes). 2025: 34 provinces, 3,321 communes.

    Raises
    ------
    ValueError
        If the system is not known.

    Notes
    -----
    Source: the registry package ``vietnamadminunits`` (MIT); see ``geo/data/SOURCES.md``.
    """
    if system not in SYSTEMS:
        raise ValueError(f"unknown system {system!r}; known: {', '.join(SYSTEMS)}")
    with (DATA / f"units-{system}.csv").open(encoding="utf-8", newline="") as file:
        return [_unit(row) for row in csv.DictReader(file)]


def plain(text: str) -> str:
    """Return a text in lower case without diacritics, for search.

    Parameters
    ----------
    text : str
        Any text, composed or decomposed.

    Returns
    -------
    str
        ``plain("Xã Đồng Hỷ") == "xa dong hy"``; runs of white space become one space.
    """
    decomposed = unicodedata.normalize("NFD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(bare.replace("đ", "d").split())


def sort_key(name: str) -> str:
    """Return a key whose byte order is the Vietnamese alphabetical order.

    Parameters
    ----------
    name : str
        Any text.

    Returns
    -------
    str
        ASCII. Words are compared letter by letter (a ă â b c d đ e ê … o ô ơ … u ư …), numbers by
        value and before letters; only then tones (ngang huyền hỏi ngã sắc nặng) decide.

    Notes
    -----
    Made in Python because collations differ between builds of database servers.
    """
    letters: list[str] = []
    tones: list[str] = []
    words = unicodedata.normalize("NFC", name.casefold()).split()
    for word in words:
        keys, marks = _word_key(word)
        letters.append(keys)
        tones.append(marks)
    # The end of the letters sorts before a further word, which sorts before a further letter.
    return "!".join(letters) + " " + "!".join(tones)


def _word_key(word: str) -> tuple[str, str]:
    if word.isdecimal():
        return f"#{int(word):08d}", "0"
    keys = ""
    marks = ""
    for character in word:
        tone = "0"
        base = ""
        for part in unicodedata.normalize("NFD", character):
            if part in _TONES:
                tone = _TONES[part]
            else:
                base += part
        letter = unicodedata.normalize("NFC", base)
        keys += "A" + _LETTERS[letter] if letter in _LETTERS else f"${ord(letter[:1] or ' '):06x}"
        marks += tone
    return keys, marks


def _unit(row: dict[str, Any]) -> GazetteerUnit:
    numbers = {name: float(row[name]) if row[name] else None for name in NUMBERS}
    return GazetteerUnit(**row | numbers)


class Crosswalk:
    """Successors and predecessors of communes.

    Parameters
    ----------
    pairs : iterable of (str, str, bool)
        Old code, new code, and whether the new one is the main successor.
    """

    def __init__(self, pairs: Iterable[tuple[str, str, bool]]) -> None:
        successors: dict[str, list[str]] = {}
        predecessors: dict[str, list[str]] = {}
        # The main one first, then by code.
        for old, new, _main in sorted(pairs, key=lambda pair: (pair[0], not pair[2], pair[1])):
            successors.setdefault(old, []).append(new)
            predecessors.setdefault(new, []).append(old)
        self._successors = {code: tuple(codes) for code, codes in successors.items()}
        self._predecessors = {code: tuple(codes) for code, codes in predecessors.items()}

    @classmethod
    def load(cls) -> Self:
        """Read the built-in conversion.

        Returns
        -------
        Crosswalk
            10,602 pairs: all 10,040 communes of early 2025 and all 3,321 of today.

        Notes
        -----
        Source: ``vietnamadminunits`` (MIT), documentary, see ``geo/data/SOURCES.md``. It lists the
        communes of the first half of 2025, not those that ended before, and the parts of a divided
        commune that the resolutions name, not every strip of ground that moved.
        """
        with (DATA / "conversion.csv").open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            return cls((row["old_code"], row["new_code"], row["main"] == "1") for row in rows)

    def successors(self, old_code: str) -> tuple[str, ...]:
        """Return the communes of 2025 on the ground of an older one.

        Parameters
        ----------
        old_code : str
            Code in the system 2024: 5 digits, 3 for an island district without communes.

        Returns
        -------
        tuple of str
            The main successor first, then by code; empty if the code is not known. More than one
            where the commune was divided.
        """
        return self._successors.get(old_code, ())

    def predecessors(self, new_code: str) -> tuple[str, ...]:
        """Return the communes of 2024 that went into one of 2025, wholly or in part.

        Parameters
        ----------
        new_code : str
            Code in the system 2025, 5 digits.

        Returns
        -------
        tuple of str
            By code; empty if the code is not known.
        """
        return self._predecessors.get(new_code, ())
