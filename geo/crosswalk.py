"""The conversion between communes of 2024 and of 2025."""

import csv
from collections.abc import Iterable
from typing import Self

from .gazetteer import DATA


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
