"""Compare the places of archived months with those in the active sets, without a change.

Each row group becomes one file of the rows that differ, so the result does not depend on the
machine that processes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.batch.workforce import ALONE, Workforce
from backend.database.extensions import extension
from backend.errors import Problem
from backend.measurements.archive.service import path_of
from backend.measurements.revision.service import Progress

# Columns that are copied into the result, and that of the present unit.
COPIED, BEFORE = ("id", "device_id"), "unit_id_before"


@dataclass(frozen=True, slots=True)
class Group:
    """One row group of an archive and the file for its differing rows."""

    archive: Path
    group: int
    result: Path


@dataclass(slots=True)
class Comparison:
    """Number of rows compared, of differing rows and of rows in another unit."""

    rows: int = 0
    differ: int = 0
    moved: int = 0


def compare_places(
    months: Sequence[str], out: Path, progress: Progress, force: Workforce = ALONE
) -> Comparison:
    """Look up the communes of archived months again and write the differing rows to a folder."""
    from backend.measurements.archive import files

    groups = []
    for month in months:
        path = path_of(month)
        if not path.exists():
            raise Problem(404, "archive_missing")
        groups += [
            Group(path, number, out / f"{month}-{number:04}.parquet")
            for number in range(files.groups(path))
        ]
    done = Comparison()
    for place, one in enumerate(force.each(compare_group, groups)):
        done.rows += one.rows
        done.differ += one.differ
        done.moved += one.moved
        progress(place + 1, len(groups))
    return done


def compare_group(group: Group) -> Comparison:
    """Look up the exact positions of a row group again; write the rows that differ."""
    import pyarrow.parquet as pq

    from backend.measurements.archive import files
    from backend.measurements.revision import placement

    names = [*COPIED, *placement.INPUT.names, *placement.OUTPUT.names]
    chunk = files.read_group(group.archive, group.group, [*names, "exact"])
    exact = chunk.filter(chunk["exact"]).select(names)
    before = exact.append_column(BEFORE, exact["unit_id"])
    changed = placement.locate_again(before, extension("locator").loaded_set)
    with files.replacing(group.result) as fresh:
        pq.write_table(changed, fresh, compression="zstd")
    moved = placement.differ(changed[BEFORE], changed["unit_id"])
    return Comparison(len(chunk), len(changed), int(moved.sum()))
