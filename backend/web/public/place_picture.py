"""Picture of the released places without a connection of a unit."""

from collections import Counter
from datetime import datetime

from backend.accounts.access import Actor
from backend.clock import local_day, month_end
from backend.coverage.figures.month import listing_on
from backend.coverage.figures.unit_access import UnitMonth
from backend.coverage.no_connection.service import NETWORK, show_places
from backend.coverage.statistics.cells import hexagon
from backend.web.maps.labels import short_name
from backend.web.public.speed_maps import drawing_of, make_ground
from backend.web.public.speed_pictures import draw_picture
from backend.web.site.pages import Translator

LAND, ZONE, SPOT = "paper", "lack", "class3"  # apart by lightness, too


def draw_places(
    month: UnitMonth, reader: Actor, translator: Translator, now: datetime
) -> str | None:
    """Draw the places of a unit's month; None where none is released or it has no outline."""
    if month.unit is None or month.network != NETWORK:
        return None
    query = {"month": month.month, "level": month.unit.level}
    answer = show_places(month.unit.code, query, translator.language, now, reader)
    items, drawing = answer["items"], drawing_of(month)
    if not items or drawing is None:
        return None
    names = {one.code: one.name for one in listing_on(month_end(month.month)).levels["commune"]}
    places = [
        (ZONE if one["zone"] else SPOT, drawing.canvas.path(hexagon(one["cell"])))
        for one in sorted(items, key=lambda one: one["resolution"])  # large ones first
    ]
    counts = Counter(role for role, _ in places)
    texts = {
        ZONE: f"{translator.gettext('Zone without signal')}: {translator.number(counts[ZONE])}",
        SPOT: f"{translator.gettext('Place without a connection')}:"
        f" {translator.number(counts[SPOT])}",
    }
    return draw_picture(
        "places",
        answer["title"],
        list(texts.values()),
        translator,
        about={
            "unit": month.unit.name,
            "month": translator.month(month.month),
            "network": translator.label("network", NETWORK),
        },
        demo=answer["demo"],
        released=local_day(datetime.fromisoformat(answer["release"]["made_at"])),
        ground=make_ground(
            drawing, lambda _: LAND, lambda code: short_name(names.get(code, "")), places
        ),
        classes=list(texts.items()),
    )
