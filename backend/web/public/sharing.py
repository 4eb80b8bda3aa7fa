"""A unit's figure for other sites: as a sentence, as a picture, and as a widget in a frame."""

from dataclasses import dataclass
from datetime import datetime

from backend.clock import local_day, month_end
from backend.drawing import draw, png
from backend.i18n.catalogues import N_
from backend.i18n.formats import clock
from backend.units.index import unit_index
from backend.units.search import Choice, choose_units
from backend.web.public.service import CoveragePage
from backend.web.site.pages import Translator


def sentence(page: CoveragePage, translator: Translator) -> str:
    """Return the progress of a unit in one sentence."""
    own, target = page.own, page.target
    assert own is not None
    month = translator.month(page.query.month)
    if own["communes"] and target:
        text = translator.gettext(
            "{reached} of {communes} reached {samples} in {month}, according to Đo Sóng.",
            reached=translator.number(own["communes"]["reached"]),
            communes=translator.ngettext("{n} commune", "{n} communes", own["communes"]["units"]),
            samples=translator.ngettext("{n} sample", "{n} samples", target["threshold"]),
            month=month,
        )
    elif own["target"] is None:
        text = translator.ngettext(
            "{n} sample in {month}, according to Đo Sóng.",
            "{n} samples in {month}, according to Đo Sóng.",
            own["counted"],
            month=month,
        )
    else:
        text = translator.ngettext(
            "{has} of {n} sample in {month}, according to Đo Sóng.",
            "{has} of {n} samples in {month}, according to Đo Sóng.",
            own["target"],
            has=translator.number(measured(page)),
            month=month,
        )
    if as_of := count_time(page):
        text += " " + translator.gettext("As of {time}.", time=clock(as_of))
    return str(text)


def count_time(page: CoveragePage) -> str | None:
    """Return until when the public count of a commune reaches; None: a past month, or exact."""
    assert page.own is not None
    return page.own["as_of"] if page.own["days_left"] else None


def measured(page: CoveragePage) -> int:
    """Return the count that is compared with the unit's target."""
    target = page.target
    assert page.own is not None
    return page.own[target["basis"] if target else "counted"]


def draw_picture(page: CoveragePage, translator: Translator) -> bytes:
    """Draw a PNG with the unit's name, its count against the target, and the source.

    Figures of the demo are marked: a picture is passed on without the page.
    """
    assert page.unit is not None and page.own is not None
    communes = page.own["communes"] if page.target else None
    svg = draw(
        "web/pictures/share.svg",
        **translator.template_values(),
        unit=page.unit,
        query=page.query,
        demo=page.answer["demo"],
        communes=communes is not None,
        has=communes["reached"] if communes else measured(page),
        whole=communes["units"] if communes else page.own["target"],
        as_of=count_time(page),
    )
    return png(svg)


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
