"""The boundary set and the system of units of a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from backend.database.extensions import fetch_autocommit

# Law 72/2025/QH15 ended the districts and began today's communes on this day.
REFORM = date(2025, 7, 1)
LEVELS = ("province", "district", "commune")
LEVELS_OF = {"2024": LEVELS, "2025": ("province", "commune")}  # by system of units
SYSTEMS = tuple(LEVELS_OF)
APPROXIMATE = "approximate"


@dataclass(frozen=True, slots=True)
class ActiveSet:
    """An active boundary set."""

    id: int
    name: str
    system: str
    quality: str
    valid_from: date | None
    valid_to: date | None
    activation: int
    digest: str

    def covers(self, day: date) -> bool:
        """Return whether a day lies in the set's span."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)

    def serialize(self) -> dict[str, str]:
        """Return the set as answers name it."""
        return {"set": self.name, "quality": self.quality}


ACTIVE = f"""
    select {", ".join(ActiveSet.__dataclass_fields__)} from boundary_sets
    where activation is not null
"""  # noqa: S608 # names of columns


def system_on(day: date) -> str:
    """Return the system of units in force on a day."""
    return "2024" if day < REFORM else "2025"


def system_span(system: str) -> tuple[date | None, date | None]:
    """Return the first and the last day of a system; None where it has no end."""
    return (None, REFORM - timedelta(days=1)) if system == "2024" else (REFORM, None)


def read_active() -> tuple[ActiveSet, ...]:
    """Return every active set, read on a connection of its own."""
    return tuple(ActiveSet(**row) for row in fetch_autocommit(ACTIVE, {}))


def serving_set(day: date, sets: Sequence[ActiveSet]) -> ActiveSet | None:
    """Choose the set of a day: an installed one before the approximate, the latest activated."""
    candidates = [one for one in sets if one.system == system_on(day) and one.covers(day)]
    return max(
        candidates, key=lambda one: (one.quality != APPROXIMATE, one.activation), default=None
    )
