"""The administrative units of Vietnam: codes, names, types, centres and areas of both systems."""

import csv
import unicodedata
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
SYSTEMS = ("2024", "2025")
LEVELS = ("province", "district", "commune")

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
        return [_unit(system, row) for row in csv.DictReader(file)]


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


def _unit(system: str, row: dict[str, str]) -> GazetteerUnit:
    return GazetteerUnit(
        system=system,
        level=row["level"],
        code=row["code"],
        name=row["name"],
        type=row["type"],
        province_code=row["province_code"],
        district_code=row["district_code"],
        latitude=_number(row["latitude"]),
        longitude=_number(row["longitude"]),
        area_km2=_number(row["area_km2"]),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None
