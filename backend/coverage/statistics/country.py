"""The samples of the country's month in files, with sums that follow changes.

The files are derived from measurements: where they are missing, damaged or of another version,
they are made again. `base-*` has samples by device and value, `state.npz` the changes since, the
sums and the version of each unit whose samples are contained. `of-*` has the samples of a
province's changed units until they are followed. Each host has its own files.
"""

import hashlib
import json
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics.country_groups import CountryGroups, Table
from backend.coverage.statistics.quantiles import (
    DEVICE,
    GENERATIONS,
    METRICS,
    UNKNOWN,
    Group,
    technology_of,
)
from backend.coverage.statistics.stored_samples import (
    Rows,
    Samples,
    build,
    differences,
    joined,
    load,
)
from backend.measurements.recording.operators import FILE, known_operator

# Reads packed samples by operator and technology: of some units, or all.
Read = Callable[[Sequence[int] | None], Sequence[Mapping[str, Any]]]

FOLDER = "statistics"  # in VAR_DIR
STATE, BASE, OF_PROVINCE = "state.npz", "base-", "of-"
# Another number: files of other versions are not read.
FORMAT = 2
ADDED = ("keys", "units", "cells", "values")  # fields of Rows
# From this share of changes on, the base is made again.
CHANGES_MOST = 1 / 8
# Files of months without changes for so long are removed: they contain ids of devices.
KEPT_S = 86_400
# Errors of files that are missing or damaged.
UNUSABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(slots=True)
class Country:
    """The groups of a month in a folder, and the version of each unit that was read again."""

    folder: Path
    groups: CountryGroups
    versions: dict[int, str]
    base: str = ""  # its folder; "": not written yet

    def save(self) -> None:
        """Write the files; those of before stay valid until the end."""
        if not self.base:
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.base = f"{BASE}{uuid4().hex}"
            self.groups.samples.base.save(self.folder / self.base)
        groups, samples = self.groups, self.groups.samples
        facts = {
            "format": _format(),
            "base": self.base,
            "cells": groups.cells,
            "totals": [[str(one) for one in totals] for totals in groups.totals],
            "versions": list(self.versions.items()),
        }
        arrays = _arrays(samples.added)
        for number, table in enumerate(groups.tables):
            arrays |= {f"keys{number}": table.keys, f"sums{number}": table.sums}
        arrays |= {"dead": samples.dead, "in_base": samples.in_base, "marks": groups.marks}
        _write(self.folder / STATE, facts, arrays)
        for other in self.folder.glob(f"{BASE}*"):
            if other.name != self.base:
                shutil.rmtree(other, ignore_errors=True)
        for file in self.folder.glob(f"{OF_PROVINCE}*"):
            file.unlink(missing_ok=True)


def follow(folder: Path, network: str, versions: Mapping[int, str], read: Read) -> Country:
    """Return the groups of the present samples: those of the files, with the units that changed.

    `versions` has the present version of each unit that ever changed, found before its samples.
    """
    country = _load(folder)
    if country is None:
        return rebuild(folder, network, versions, read)
    groups = country.groups
    # Units without a version now were in another database, from which a backup was restored.
    units = sorted({unit for unit, _ in versions.items() ^ country.versions.items()})
    if units:
        new = _present(folder, units, network, versions, read, groups)
        old = groups.samples.rows_in(np.array(units))
        removed, added = differences(groups.samples.take(old), new)
        gone = groups.samples.take(old[removed])
        groups.change(old[removed], new.take(added))
        samples = groups.samples
        # The id of a withdrawn device stays in no file.
        if samples.lost_device(gone) or samples.changes > CHANGES_MOST * len(samples):
            groups.samples = Samples(build(samples.every(), len(groups.cells)))
            country.base = ""
    country.versions = dict(versions)
    return country


def rebuild(folder: Path, network: str, versions: Mapping[int, str], read: Read) -> Country:
    """Return the groups of all samples, read anew."""
    shutil.rmtree(folder, ignore_errors=True)
    groups = CountryGroups(Samples(build(joined([]), 0)), [])
    rows = _rows(read(None), network, groups)
    groups.samples = Samples(build(rows, len(groups.cells)))
    groups.begin()
    return Country(folder, groups, dict(versions))


def cell_of(network: str, operator: str | None, technology: str | None) -> Group:
    """Return brand and generation of stored names; operators that are not known are one."""
    return known_operator(network, operator) or UNKNOWN, technology_of(technology)


def hand_over(
    folder: Path,
    network: str,
    province: int,
    versions: Mapping[int, str],
    found: Sequence[Mapping[str, Any]],
) -> None:
    """Leave samples for the next `follow`: those of the province's units with new `versions`.

    They are valid as long as no unit gets another version. Nothing is left where the country's
    samples have to be read anyway.
    """
    if not (folder / STATE).exists():
        return
    own = [row for row in found if row["unit_id"] in versions]
    cells, rows = _unpacked(own, network)
    facts = {"format": _format(), "versions": list(versions.items()), "cells": cells}
    _write(folder / f"{OF_PROVINCE}{province}.npz", facts, _arrays(rows))


def _present(
    folder: Path,
    units: Sequence[int],
    network: str,
    versions: Mapping[int, str],
    read: Read,
    groups: CountryGroups,
) -> Rows:
    """Return the samples of units: those that provinces have left, the others by `read`."""
    left, parts = set(units), []
    for path in folder.glob(f"{OF_PROVINCE}*.npz"):
        with suppress(*UNUSABLE), path.open("rb") as file, np.load(file) as stored:
            facts = json.loads(str(stored["facts"]))
            if facts["format"] != _format():
                continue
            current = left & {unit for unit, one in facts["versions"] if versions.get(unit) == one}
            rows = Rows(*(stored[name] for name in ADDED))
            chosen = np.isin(rows.units, np.array(sorted(current)))
            cells: list[Group] = [(operator, technology) for operator, technology in facts["cells"]]
            parts.append(_numbered(cells, rows.take(chosen), groups))
            left -= current
    if left:
        parts.append(_rows(read(sorted(left)), network, groups))
    return joined(parts)


def _rows(found: Sequence[Mapping[str, Any]], network: str, groups: CountryGroups) -> Rows:
    """Return packed samples, with the numbers of the groups' cells."""
    return _numbered(*_unpacked(found, network), groups)


def _numbered(cells: Sequence[Group], rows: Rows, groups: CountryGroups) -> Rows:
    """Return samples with the numbers of the groups' cells; cells that are new get one."""
    groups.add_cells([cell for cell in cells if cell not in groups.cells])
    numbers = np.array([groups.cells.index(cell) for cell in cells], dtype=np.int32)
    return replace(rows, cells=numbers[rows.cells])


def _unpacked(found: Sequence[Mapping[str, Any]], network: str) -> tuple[list[Group], Rows]:
    """Return the cells of packed samples, and these with the numbers of cells.

    A row of `found` has samples of one unit in `unit_id`, or packed `units`.
    """
    numbers: dict[Group, int] = {}
    parts = []
    for row in found:
        cell = cell_of(network, row["operator"], row["technology"])
        devices = np.frombuffer(row["devices"] or b"", dtype=DEVICE)
        values = [np.frombuffer(row[metric] or b"", dtype=">f8") for metric in METRICS]
        n = len(devices)
        units = (
            np.full(n, row["unit_id"])
            if "unit_id" in row
            else np.frombuffer(row["units"] or b"", dtype=">i4")
        )
        parts.append(
            Rows(
                keys=np.stack([devices["high"], devices["low"]]),
                units=units.astype(np.int32),
                cells=np.full(n, numbers.setdefault(cell, len(numbers)), dtype=np.int32),
                values=np.stack(values).astype(np.float64),
            )
        )
    return list(numbers), joined(parts)


def _arrays(rows: Rows) -> dict[str, NDArray[Any]]:
    return {name: getattr(rows, name) for name in ADDED}


def _write(file: Path, facts: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Replace a file of arrays; another process sees the old or the new one.

    It may be lost with the machine's power: its checksums show that it is incomplete.
    """
    new = file.with_suffix(".new")
    with new.open("wb") as stream:
        np.savez(stream, facts=np.array(json.dumps(facts)), **arrays)
    new.replace(file)


def _format() -> str:
    """Return what samples in files depend on, beside the measurements."""
    names = f"{FORMAT} {METRICS} {GENERATIONS} {FILE.read_text(encoding='utf-8')}"
    return hashlib.sha256(names.encode()).hexdigest()


def _load(folder: Path) -> Country | None:
    """Read the files; None where they cannot be used."""
    try:
        with (folder / STATE).open("rb") as file, np.load(file) as state:
            facts = json.loads(str(state["facts"]))
            if facts["format"] != _format():
                return None
            base = load(folder / facts["base"])
            added = Rows(*(state[name] for name in ADDED))
            cells: list[Group] = [(operator, technology) for operator, technology in facts["cells"]]
            groups = CountryGroups(Samples(base, state["dead"], added, state["in_base"]), cells)
            groups.marks = state["marks"]
            groups.totals = [list(map(Fraction, totals)) for totals in facts["totals"]]
            groups.tables = [
                Table(state[f"keys{number}"], state[f"sums{number}"])
                for number in range(len(groups.tables))
            ]
    except UNUSABLE:
        return None
    return Country(folder, groups, dict(facts["versions"]), facts["base"])


def forget(var_dir: Path, months: str = "*") -> None:
    """Remove the files of a month, so that it is computed from measurements; default: of all."""
    for folder in (var_dir / FOLDER).glob(f"{months}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def forget_old(var_dir: Path) -> None:
    """Remove the files of months whose samples did not change for a day."""
    for folder in (var_dir / FOLDER).glob("*"):
        with suppress(OSError):
            if (folder / STATE).stat().st_mtime < time.time() - KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)
