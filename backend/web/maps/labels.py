"""Names on drawn maps: those that fit, without overlap; a pure function."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import inf

from backend.units.outlines import LabelPosition

# Font sizes in units of the drawing, as in style.css: on a phone, and on other screens.
LARGE, SMALL = 54, 34
# Width of a letter, as a part of the font size; height of a line likewise.
LETTER, LINE = 0.56, 1.15
# A name may be this much wider than its unit: text over a border is still read as its name.
OVERHANG = 1.3
# Types of units, left out on maps.
TYPES = re.compile(r"^(Tỉnh|Thành phố|Quận|Huyện|Thị xã|Thị trấn|Xã|Phường|Đặc khu|TP\.?)\s+(?=\D)")


@dataclass(frozen=True, slots=True)
class MapLabel:
    """A name in lines; fine ones are only for wide screens and print."""

    code: str
    at: tuple[int, int]
    lines: tuple[str, ...]
    fine: bool
    note: str = ""  # a second, smaller text
    beyond: bool = False  # of a neighbour

    @property
    def first_dy(self) -> float:
        """The distance of the first baseline from the middle, in ems."""
        lines = len(self.lines) + 0.8 * bool(self.note)
        return round(0.35 - (lines - 1) * 0.55, 2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A name to place: its position, how far it may overhang, and a note."""

    code: str
    name: str
    position: LabelPosition
    overhang: float = OVERHANG
    note: str = ""
    beyond: bool = False
    first: bool = False  # placed before all others, whatever its room


def short_name(name: str) -> str:
    """Return the name of a unit without its type; numbered wards keep theirs."""
    return TYPES.sub("", name)


def place_labels(wanted: Sequence[Wanted], width: int, height: int) -> tuple[MapLabel, ...]:
    """Place names: first ones, then units with the most room; large ones before fine ones."""
    order = sorted(wanted, key=lambda one: (not one.first, -one.position.width, one.code))
    taken: list[tuple[float, float, float, float]] = []
    placed: dict[str, MapLabel] = {}
    for size, fine in ((LARGE, False), (SMALL, True)):
        if fine:  # the same names, smaller
            taken = [name_box(one.at, one.lines, bool(one.note), SMALL) for one in placed.values()]
        for one in order:
            if one.code not in placed and (label := _fit(one, size, fine, taken, (width, height))):
                placed[one.code] = label
    return tuple(placed.values())


def _fit(
    one: Wanted,
    size: int,
    fine: bool,
    taken: list[tuple[float, float, float, float]],
    sides: tuple[int, int],
) -> MapLabel | None:
    """Return the first form of a name that fits beside the boxes taken, and take its box."""
    x, y, width = one.position
    most = inf if one.first else width * one.overhang
    name = short_name(one.name)
    # In one or two lines, with the note or without.
    for note, lines in product((one.note, "") if one.note else ("",), ((name,), _halves(name))):
        box = name_box((x, y), lines, bool(note), size)
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= sides[0] and box[3] <= sides[1]
        narrow = box[2] - box[0] <= most
        if inside and narrow and not any(overlap(box, other) for other in taken):
            taken.append(box)
            return MapLabel(one.code, (x, y), lines, fine, note, one.beyond)
    return None


def _halves(name: str) -> tuple[str, ...]:
    """Split a name at the space nearest to its middle."""
    spaces = [at for at, letter in enumerate(name) if letter == " "]
    if not spaces:
        return (name,)
    at = min(spaces, key=lambda one: abs(one - len(name) / 2))
    return name[:at], name[at + 1 :]


def name_box(
    at: tuple[int, int], lines: Sequence[str], note: bool, size: int
) -> tuple[float, float, float, float]:
    """Return the box of a label: left, top, right, bottom."""
    half = max(map(len, lines)) * LETTER * size / 2
    high = (len(lines) + 0.8 * note) * LINE * size / 2
    return at[0] - half, at[1] - high, at[0] + half, at[1] + high


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
