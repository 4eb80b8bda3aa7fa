"""Where rows lie in the sets that are active now: a function of a chunk, whoever holds its rows.

A chunk is an Arrow table: rows of one device, or a row group of a month's archive. Web workers do
without Arrow, so this module is imported where a chunk is made.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from backend.measurements.recording import rules
from backend.units.locator import NOWHERE, Ground
from geo.place import HOW_WORDS, SNAPPED

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
GroundOf = Callable[[date], Ground]

TEXTS = pa.list_(pa.string())
# What placing asks of a row, and what it computes again.
ASKED = pa.schema([
    ("day", pa.date32()), ("latitude", pa.float64()), ("longitude", pa.float64()),
    ("accuracy_m", pa.float64()),
])  # fmt: skip
FOUND = pa.schema([
    ("unit_id", pa.int32()), ("set_id", pa.int32()), ("how", pa.string()), ("candidates", TEXTS),
    ("own_reasons", TEXTS), ("marks", TEXTS),
])  # fmt: skip
# Reasons by which a position names no commune in whatever set (geo.fix).
UNUSABLE = ("position_missing", "position_default", "position_coarse")


class Found(NamedTuple):
    """Where each row of a chunk lies."""

    unit: Ints  # NOWHERE: in no commune, or not looked up
    set: Ints
    how: NDArray[np.uint8]
    candidates: pa.ListArray  # null: none

    def columns(self) -> dict[str, pa.Array]:
        """The columns of a place, as they are stored."""
        return {
            "unit_id": pa.array(self.unit, pa.int32(), mask=self.unit == NOWHERE),
            "set_id": pa.array(self.set, pa.int32(), mask=self.set == NOWHERE),
            "how": pa.array(HOW_WORDS, pa.string()).take(pa.array(self.how)),
            "candidates": self.candidates,
        }


def chunk_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows with what placing asks and finds, under their ids, as a chunk."""
    return pa.Table.from_pylist(rows, pa.schema([("id", pa.string()), *ASKED, *FOUND]))


def placed_again(chunk: pa.Table, ground_of: GroundOf) -> pa.Table:
    """The rows whose place differs now, with all that follows from it alone; in their order."""
    chunk = chunk.combine_chunks()
    placeable = _placeable(chunk)
    found = _found(chunk, placeable, ground_of)
    outside = {"outside_communes": placeable & (found.unit == NOWHERE)}
    noticed = {
        "border_ambiguous": _bools(found.candidates.is_valid()),
        "snapped": found.how == SNAPPED,
    }
    new = found.columns() | {
        "own_reasons": _with(_column(chunk, "own_reasons"), outside),
        "marks": _with(_column(chunk, "marks"), noticed),
    }
    differs = np.zeros(len(chunk), dtype=bool)
    for name, values in new.items():
        differs |= differ(_column(chunk, name), values)
        chunk = chunk.set_column(chunk.schema.get_field_index(name), FOUND.field(name), values)
    return chunk.filter(pa.array(differs))


def _placeable(chunk: pa.Table) -> Bools:
    """Which rows have a position that can name a commune."""
    known = [_bools(_column(chunk, name).is_valid()) for name in ASKED.names]
    reasons = _column(chunk, "own_reasons")
    usable: Bools = np.logical_and.reduce([*known, *(~_has(reasons, code) for code in UNUSABLE)])
    return usable


def _found(chunk: pa.Table, placeable: Bools, ground_of: GroundOf) -> Found:
    """Look every placeable row up in the set that serves its day."""
    count = len(chunk)
    unit, of_set = np.full(count, NOWHERE), np.full(count, NOWHERE)
    how = np.zeros(count, dtype=np.uint8)
    longitude, latitude, accuracy = (
        _column(chunk, name).to_numpy(zero_copy_only=False)
        for name in ("longitude", "latitude", "accuracy_m")
    )
    owners, codes = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=object)]
    for ground, rows in _by_ground(chunk, placeable, ground_of):
        place = (longitude[rows], latitude[rows], accuracy[rows])
        located = ground.index.locate_many(*place, search_m=0.0)
        unit[rows], of_set[rows] = ground.unit_ids[located.commune], ground.set_id
        how[rows] = located.how
        owner = np.repeat(rows, np.diff(located.candidate_offsets))
        near = unit[owner] != NOWHERE  # a position in no commune has no other ones either
        owners.append(owner[near])
        names = np.array(located.codes, dtype=object)
        codes.append(names[located.candidate_values[near]])
    candidates = _lists(np.concatenate(owners), np.concatenate(codes), count)
    return Found(unit, of_set, how, candidates)


def _by_ground(
    chunk: pa.Table, placeable: Bools, ground_of: GroundOf
) -> Iterator[tuple[Ground, Ints]]:
    """Each set that serves some day of the chunk, and the numbers of its rows."""
    column = _column(chunk, "day").to_numpy(zero_copy_only=False)
    days, of_row = np.unique(column, return_inverse=True)
    grounds: dict[int, tuple[Ground, list[int]]] = {}
    for number, day in enumerate(days.tolist()):
        ground = ground_of(day)
        grounds.setdefault(ground.set_id, (ground, []))[1].append(number)
    for ground, numbers in grounds.values():
        yield ground, np.flatnonzero(placeable & np.isin(of_row, numbers))


def _lists(owners: Ints, values: NDArray[np.object_], count: int) -> pa.ListArray:
    """Values in lists by the row that owns them, each list in its order; null for none."""
    lengths = np.bincount(owners, minlength=count)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    ordered = pa.array(values[np.argsort(owners, kind="stable")], pa.string())
    return pa.ListArray.from_arrays(pa.array(offsets), ordered, mask=pa.array(lengths == 0))


def _with(lists: pa.ListArray, wanted: Mapping[str, Bools]) -> pa.ListArray:
    """Lists of reasons or marks that hold each code where it is wanted, by weight."""
    held = {code: _has(lists, code) for code in wanted}
    wrong = np.flatnonzero(np.logical_or.reduce([held[code] != wanted[code] for code in wanted]))
    if not len(wrong):
        return lists
    mended = [
        rules.by_weight(
            {*old} - wanted.keys() | {code for code, rows in wanted.items() if rows[row]}
        )
        for row, old in zip(wrong.tolist(), lists.take(pa.array(wrong)).to_pylist(), strict=True)
    ]
    chosen = np.arange(len(lists))
    chosen[wrong] = len(lists) + np.arange(len(wrong))
    return pa.concat_arrays([lists, pa.array(mended, TEXTS)]).take(pa.array(chosen))


def _has(lists: pa.ListArray, code: str) -> Bools:
    """Which lists hold a code."""
    found = np.zeros(len(lists), dtype=bool)
    holds = _bools(pc.equal(pc.list_flatten(lists), code))
    found[pc.list_parent_indices(lists).to_numpy()[holds]] = True
    return found


def differ(old: Any, new: Any) -> Bools:
    """Where two columns differ; null is a value."""
    if pa.types.is_list(new.type):
        old, new = pc.binary_join(old, ","), pc.binary_join(new, ",")
    same = pc.equal(old, new).fill_null(False)
    neither = pc.and_(old.is_null(), new.is_null())
    return ~_bools(pc.or_(same, neither))


def _column(chunk: pa.Table, name: str) -> Any:
    """A column as one array."""
    column = chunk[name]
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _bools(array: Any) -> Bools:
    values: Bools = array.to_numpy(zero_copy_only=False)
    return values
