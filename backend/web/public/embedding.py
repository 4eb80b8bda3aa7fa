"""The builder of widgets: the frame of a unit's figure for another site, and its code."""

from dataclasses import dataclass
from datetime import datetime

from backend.clock import local_day, month_end
from backend.i18n.catalogues import N_
from backend.units.index import NamedUnit, unit_index
from backend.units.search import Choice, choose_units


@dataclass(frozen=True, slots=True)
class FrameSize:
    """The size of a frame: width as an attribute, height in pixels, and its name."""

    width: str
    height: int
    name: str


SIZES = {
    "small": FrameSize("280", 380, N_("Small: 280 × 380")),
    "medium": FrameSize("360", 340, N_("Medium: 360 × 340")),
    "large": FrameSize("560", 290, N_("Large: 560 × 290")),
    "wide": FrameSize("100%", 340, N_("As wide as the column")),
}


def choose_unit(text: str | None, month: str | None, now: datetime) -> Choice:
    """Return the unit that a text names; without a text the first province of the list."""
    day = month_end(month) if month else local_day(now)
    if text:
        return choose_units(text, day)
    return Choice(tuple(unit_index().on(day, "province")[:1]))


def chosen(choice: Choice) -> NamedUnit | None:
    """Return the unit of a choice, if it is one."""
    return choice.units[0] if choice.units else None
