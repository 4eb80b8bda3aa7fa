"""The samples of the country's month in files, with sums that follow changes.

The files are derived from measurements: where they are missing, damaged or of another version,
they are made again. `base-*` has samples by device and value, `state.npz` the changes since, the
sums and the version of each unit whose samples are contained. Each host has its own files.
"""

import hashlib
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

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
STATE, BASE = "state.npz", "base-"
# Another number: files of other versions are not read.
FORMAT = 1
ADDED = ("keys", "units", "cells", "values")  # fields of Rows
# From this share of changes on, the base is made again.
CHANGES_MOST = 1 / 8
# Files of months without changes for so long are removed: they contain ids of devices.
KEPT_S = 86_400


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
        arrays = {name: getattr(samples.added, name) for name in ADDED}
        for number, table in enumerate(groups.tables):
            arrays |= {f"keys{number}": table.keys, f"sums{number}": table.sums}
        new = self.folder / f"{STATE}.new"
        with new.open("wb") as file:
            np.savez(file, facts=np.array(json.dumps(facts)), dead=samples.dead,
                     marks=groups.marks, **arrays)  # fmt: skip
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.folder / STATE)
        for other in self.folder.glob(f"{BASE}*"):
            if other.name != self.base:
                shutil.rmtree(other, ignore_errors=True)


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
        new = _rows(read(units), network, groups)
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


def _rows(found: Sequence[Mapping[str, Any]], network: str, groups: CountryGroups) -> Rows:
    """Return packed samples; cells that are new get numbers."""
    numbers, parts = {cell: at for at, cell in enumerate(groups.cells)}, []
    for row in found:
        cell = cell_of(network, row["operator"], row["technology"])
        if cell not in numbers:
            numbers[cell] = len(numbers)
            groups.add_cells([cell])
        devices = np.frombuffer(row["devices"] or b"", dtype=DEVICE)
        values = [np.frombuffer(row[metric] or b"", dtype=">f8") for metric in METRICS]
        parts.append(
            Rows(
                keys=np.stack([devices["high"], devices["low"]]),
                units=np.frombuffer(row["units"] or b"", dtype=">i4").astype(np.int32),
                cells=np.full(len(devices), numbers[cell], dtype=np.int32),
                values=np.stack(values).astype(np.float64),
            )
        )
    return joined(parts)


def _format() -> str:
    """Return what samples in files depend on, beside the measurements."""
    names = f"{FORMAT} {METRICS} {GENERATIONS} {FILE.read_text(encoding='utf-8')}"
    return hashlib.sha256(names.encode()).hexdigest()


def _load(folder: Path) -> Country | None:
    """Read the files; None where they cannot be used."""
    try:
        with (folder / STATE).open("rb") as file, np.load(file, allow_pickle=False) as state:
            facts = json.loads(str(state["facts"]))
            if facts["format"] != _format():
                return None
            base = load(folder / facts["base"])
            added = Rows(*(state[name] for name in ADDED))
            cells: list[Group] = [(operator, technology) for operator, technology in facts["cells"]]
            groups = CountryGroups(Samples(base, state["dead"], added), cells)
            groups.marks = state["marks"]
            groups.totals = [list(map(Fraction, totals)) for totals in facts["totals"]]
            groups.tables = [
                Table(state[f"keys{number}"], state[f"sums{number}"])
                for number in range(len(groups.tables))
            ]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
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
