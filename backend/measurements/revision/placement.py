"""Locate the rows of a chunk in the active sets.

A chunk is an Arrow table: rows of one device, or a row group of a month's archive. Web workers do
not load Arrow, so this module is imported inside the functions that make chunks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from backend.measurements.recording import rules
from backend.units.locator import NO_UNIT, LoadedSet
from geo.index import HOW_NAMES, SNAPPED

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
LoadedSetOf = Callable[[date], LoadedSet]

TEXTS = pa.list_(pa.string())
# Input and output columns.
INPUT = pa.schema([
    ("day", pa.date32()), ("latitude", pa.float64()), ("longitude", pa.float64()),
    ("accuracy_m", pa.float64()),
])  # fmt: skip
OUTPUT = pa.schema([
    ("unit_id", pa.int32()), ("set_id", pa.int32()), ("how", pa.string()), ("candidates", TEXTS),
    ("own_reasons", TEXTS), ("marks", TEXTS),
])  # fmt: skip
# Reasons of positions that cannot identify a commune in any set (geo.fix).
UNUSABLE = ("position_missing", "position_default", "position_coarse")


class Places(NamedTuple):
    """Unit, set, way and candidates of each row of a chunk."""

    unit: Ints  # NO_UNIT: in no commune, or not looked up
    set: Ints
    how: NDArray[np.uint8]
    candidates: pa.ListArray  # null: none

    def columns(self) -> dict[str, pa.Array]:
        """Return the columns as they are stored."""
        return {
            "unit_id": pa.array(self.unit, pa.int32(), mask=self.unit == NO_UNIT),
            "set_id": pa.array(self.set, pa.int32(), mask=self.set == NO_UNIT),
            "how": pa.array(HOW_NAMES, pa.string()).take(pa.array(self.how)),
            "candidates": self.candidates,
        }


def chunk_of(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows as a chunk of id, input and output columns."""
    return pa.Table.from_pylist(rows, pa.schema([("id", pa.string()), *INPUT, *OUTPUT]))


def locate_again(chunk: pa.Table, loaded_set_of: LoadedSetOf) -> pa.Table:
    """Return the rows whose place differs in the active sets, with the new output columns.

    `loaded_set_of` returns the set that is active for a day. The order of rows is kept.
    """
    chunk = chunk.combine_chunks()
    placeable = _placeable(chunk)
    found = _locate(chunk, placeable, loaded_set_of)
    outside = {"outside_communes": placeable & (found.unit == NO_UNIT)}
    marked = {
        "border_ambiguous": _bools(found.candidates.is_valid()),
        "snapped": found.how == SNAPPED,
    }
    new = found.columns() | {
        "own_reasons": _with(_column(chunk, "own_reasons"), outside),
        "marks": _with(_column(chunk, "marks"), marked),
    }
    differs = np.zeros(len(chunk), dtype=bool)
    for name, values in new.items():
        differs |= differ(_column(chunk, name), values)
        chunk = chunk.set_column(chunk.schema.get_field_index(name), OUTPUT.field(name), values)
    return chunk.filter(pa.array(differs))


def _placeable(chunk: pa.Table) -> Bools:
    """Return a mask of the rows whose position can identify a commune."""
    known = [_bools(_column(chunk, name).is_valid()) for name in INPUT.names]
    reasons = _column(chunk, "own_reasons")
    usable: Bools = np.logical_and.reduce([*known, *(~_has(reasons, code) for code in UNUSABLE)])
    return usable


def _locate(chunk: pa.Table, placeable: Bools, loaded_set_of: LoadedSetOf) -> Places:
    """Look up every placeable row in the set of its day."""
    count = len(chunk)
    unit, of_set = np.full(count, NO_UNIT), np.full(count, NO_UNIT)
    how = np.zeros(count, dtype=np.uint8)
    longitude, latitude, accuracy = (
        _column(chunk, name).to_numpy(zero_copy_only=False)
        for name in ("longitude", "latitude", "accuracy_m")
    )
    owners, codes = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=object)]
    for loaded, rows in _by_set(chunk, placeable, loaded_set_of):
        place = (longitude[rows], latitude[rows], accuracy[rows])
        located = loaded.index.locate_many(*place, search_m=0.0)
        unit[rows], of_set[rows] = loaded.unit_ids[located.commune], loaded.set_id
        how[rows] = located.how
        owner = np.repeat(rows, np.diff(located.candidate_offsets))
        near = unit[owner] != NO_UNIT  # a position in no commune has no other ones either
        owners.append(owner[near])
        names = np.array(located.codes, dtype=object)
        codes.append(names[located.candidate_values[near]])
    candidates = _lists(np.concatenate(owners), np.concatenate(codes), count)
    return Places(unit, of_set, how, candidates)


def _by_set(
    chunk: pa.Table, placeable: Bools, loaded_set_of: LoadedSetOf
) -> Iterator[tuple[LoadedSet, Ints]]:
    """Yield each set that is active on a day of the chunk, with the indexes of its rows."""
    column = _column(chunk, "day").to_numpy(zero_copy_only=False)
    days, of_row = np.unique(column, return_inverse=True)
    by_set: dict[int, tuple[LoadedSet, list[int]]] = {}
    for number, day in enumerate(days.tolist()):
        loaded = loaded_set_of(day)
        by_set.setdefault(loaded.set_id, (loaded, []))[1].append(number)
    for loaded, numbers in by_set.values():
        yield loaded, np.flatnonzero(placeable & np.isin(of_row, numbers))


def _lists(owners: Ints, values: NDArray[np.object_], count: int) -> pa.ListArray:
    """Return one list of values per row, in order of the values; null for an empty list."""
    lengths = np.bincount(owners, minlength=count)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    ordered = pa.array(values[np.argsort(owners, kind="stable")], pa.string())
    return pa.ListArray.from_arrays(pa.array(offsets), ordered, mask=pa.array(lengths == 0))


def _with(lists: pa.ListArray, wanted: Mapping[str, Bools]) -> pa.ListArray:
    """Return lists of codes that contain each wanted code exactly in the masked rows."""
    changes = [_has(lists, code) != rows for code, rows in wanted.items()]
    wrong = np.flatnonzero(np.logical_or.reduce(changes))
    if not len(wrong):
        return lists
    corrected = [
        rules.by_weight(
            {*old} - wanted.keys() | {code for code, rows in wanted.items() if rows[row]}
        )
        for row, old in zip(wrong.tolist(), lists.take(pa.array(wrong)).to_pylist(), strict=True)
    ]
    chosen = np.arange(len(lists))
    chosen[wrong] = len(lists) + np.arange(len(wrong))
    return pa.concat_arrays([lists, pa.array(corrected, TEXTS)]).take(pa.array(chosen))


def _has(lists: pa.ListArray, code: str) -> Bools:
    """Return a mask of the lists that contain a code."""
    found = np.zeros(len(lists), dtype=bool)
    matches = _bools(pc.equal(pc.list_flatten(lists), code))
    found[pc.list_parent_indices(lists).to_numpy()[matches]] = True
    return found


def differ(old: Any, new: Any) -> Bools:
    """Return a mask of the rows in which two columns differ; null equals null."""
    if pa.types.is_list(new.type):
        old, new = pc.binary_join(old, ","), pc.binary_join(new, ",")
    same = pc.equal(old, new).fill_null(False)
    neither = pc.and_(old.is_null(), new.is_null())
    return ~_bools(pc.or_(same, neither))


def _column(chunk: pa.Table, name: str) -> Any:
    """Return a column as one array."""
    column = chunk[name]
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _bools(array: Any) -> Bools:
    values: Bools = array.to_numpy(zero_copy_only=False)
    return values
