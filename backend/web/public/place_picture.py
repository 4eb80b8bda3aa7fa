"""Picture of the released places without a connection of a unit."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.accounts.access import Actor
from backend.clock import local_day, month_end
from backend.coverage.figures.month import listing_on
from backend.coverage.figures.unit_access import unit_month
from backend.coverage.no_connection.service import NETWORK, show_places
from backend.errors import Problem
from backend.web.maps.labels import short_name
from backend.web.maps.no_connection import place_paths
from backend.web.public.speed_maps import Class, draw_ground, draw_legend, ground_of
from backend.web.public.speed_pictures import LICENCE, head
from backend.web.site.pages import Translator
from backend.web.site.pictures import Area, Picture

LAND, ZONE, SPOT = "paper", "lack", "class3"  # apart by lightness, too


def draw_places(
    code: str,
    query: dict[str, Any],
    reader: Actor | None,
    translator: Translator,
    now: datetime,
    folder: Path,
) -> Picture:
    """Draw the places of a unit's month; 404 where none is released or the unit has no outline."""
    month = unit_month(code, query["level"], query["month"], NETWORK, now, reader)
    answer = show_places(code, query, translator.language, now, reader)
    items, ground = answer["items"], ground_of(folder, month)
    if not items or ground is None or month.unit is None:
        raise Problem(404, "not_found")
    zones = sum(one["zone"] for one in items)
    texts = _legend_texts(zones, len(items) - zones, translator)
    network = str(translator.label("network", NETWORK))
    about = (month.unit.name, translator.month(month.month), network)
    picture = head(answer["title"], "; ".join(texts), about, translator, demo=answer["demo"])
    names = {one.code: one.name for one in listing_on(month_end(month.month)).levels["commune"]}
    land = Class(LAND, "")
    draw_ground(
        picture,
        ground,
        lambda _: land,
        lambda code: short_name(names.get(code, "")),
        [Area(path, ZONE if zone else SPOT) for path, zone in place_paths(ground.drawing, items)],
    )
    draw_legend(picture, ground, [Class(ZONE, texts[0]), Class(SPOT, texts[1])])
    picture.space(4)
    made_at = local_day(datetime.fromisoformat(answer["release"]["made_at"]))
    status = translator.gettext(
        "Source: Đo Sóng; notes of volunteers; published on {day}, {licence}.",
        day=translator.day(made_at),
        licence=LICENCE,
    )
    picture.write(str(status))
    return picture


def _legend_texts(zones: int, places: int, translator: Translator) -> Sequence[str]:
    number = translator.number
    return (
        f"{translator.gettext('Zone without signal')}: {number(zones)}",
        f"{translator.gettext('Place without a connection')}: {number(places)}",
    )
