"""Which cells with radio samples are shown, with which figures. Pure functions.

Each phone counts once in a cell, however many samples it sent: one that lies on a table all night
weighs as much as one that passes. Each sample is shown in one cell of its operator and technology
at most, the finest in which enough volunteers recorded, and no total is shown. So no cell is the
sum of others.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

from backend.coverage.statistics.no_connection_rules import RESOLUTIONS, cell_at
from backend.coverage.statistics.release_rules import CELL_VOLUNTEERS, is_shown

# Stands for the technology of samples without service.
NO_SERVICE = "none"

Key = tuple[str, str, str]  # cell, operator, technology


@dataclass(frozen=True, slots=True)
class Track:
    """The samples of a phone in a finest cell, of an operator and technology."""

    device: Hashable
    person: int  # as in release_rules
    cell: str
    operator: str  # "": unknown
    technology: str  # NO_SERVICE too
    n: int
    median_dbm: int | None  # RSRP; None without service
    best_dbm: int | None


@dataclass(frozen=True, slots=True)
class RadioCell:
    """Figures of a cell, operator and technology."""

    cell: str
    resolution: int
    operator: str
    technology: str
    n: int
    devices: int
    median_dbm: int | None  # of the phones' medians
    best_dbm: int | None  # the strongest sample


def live_cells(tracks: Iterable[Track]) -> list[RadioCell]:
    """Return the figures of all finest cells, for officials."""
    groups = _grouped(tracks, RESOLUTIONS[0])
    return [_figures(key, RESOLUTIONS[0], groups[key]) for key in sorted(groups)]


def shown_cells(tracks: Iterable[Track], inside: Collection[str]) -> list[RadioCell]:
    """Return the figures that the public sees; `inside` are cells whose centre is in a commune."""
    left, shown = list(tracks), list[RadioCell]()
    for resolution in RESOLUTIONS:
        groups = _grouped(left, resolution)
        good = {key for key, group in groups.items() if key[0] in inside and _is_shown(group)}
        shown += [_figures(key, resolution, groups[key]) for key in sorted(good)]
        left = [track for key, group in groups.items() if key not in good for track in group]
    return shown


def _grouped(tracks: Iterable[Track], resolution: int) -> dict[Key, list[Track]]:
    groups: dict[Key, list[Track]] = defaultdict(list)
    for track in tracks:
        groups[cell_at(track.cell, resolution), track.operator, track.technology].append(track)
    return groups


def _is_shown(tracks: Sequence[Track]) -> bool:
    """Return whether enough volunteers recorded, with nobody behind over half of the phones."""
    phones = {track.device: track.person for track in tracks}
    return is_shown(len(phones), Counter(phones.values()), CELL_VOLUNTEERS)


def _figures(key: Key, resolution: int, tracks: Sequence[Track]) -> RadioCell:
    by_device: dict[Hashable, list[Track]] = defaultdict(list)
    for track in tracks:
        by_device[track.device].append(track)
    # In a larger cell, that of a phone is the middle one of its cells.
    medians = [_middle(one.median_dbm for one in of_device) for of_device in by_device.values()]
    best = [track.best_dbm for track in tracks if track.best_dbm is not None]
    return RadioCell(
        *(key[0], resolution, *key[1:]),
        n=sum(track.n for track in tracks),
        devices=len(by_device),
        median_dbm=_middle(medians),
        best_dbm=max(best, default=None),
    )


def _middle(values: Iterable[int | None]) -> int | None:
    """Return the median, of an even number the lower one: whole dBm that a phone reported."""
    known = sorted(value for value in values if value is not None)
    return known[math.ceil(len(known) / 2) - 1] if known else None
