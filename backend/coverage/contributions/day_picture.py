"""Picture of the summary of a campaign's day: its lines, and a map of where samples counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from backend.accounts.access import Actor
from backend.campaigns.models import CampaignArea
from backend.coverage.contributions.day_summary import DEMO_TEXT, summarise_day
from backend.coverage.contributions.figures import sums
from backend.coverage.contributions.query import as_read_by, build_query, campaign_access
from backend.database.extensions import db
from backend.drawing import draw, png
from backend.units.index import unit_index
from backend.units.outlines import AT_SEA, Drawing, inside_units
from backend.units.service import set_on

# Communes of a few provinces; more are specks.
MAX_COMMUNES = 600
# Counted samples of a commune on the day from which a colour begins, and the colours.
STEPS = ((1, "#9fc5d9"), (10, "#4a90b8"), (30, "#123f6d"))
NONE = "#e1e6ea"


@dataclass(frozen=True, slots=True)
class DayMap:
    """Communes of the area as paths and their colours, and the meaning of the colours."""

    drawing: Drawing
    communes: Sequence[tuple[str, str]]
    legend: Sequence[tuple[str, str]]


def day_picture(
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], now: datetime
) -> tuple[date, bytes]:
    """Return the day and the picture of its summary, with a map of the area."""
    day, lines = summarise_day(actor, campaign_id, parameters, now)
    access = campaign_access(actor, campaign_id)
    on_day = {"from_": day, "to": day, "month": f"{day:%Y-%m}"}
    query = as_read_by(actor, build_query(access, "unit", on_day), now)
    by_id = unit_index().by_id
    counted = {by_id[unit].code: one.counted for (_, unit), one in sums(query).items() if unit}
    return day, draw_day(lines, day_map(campaign_id, counted, day))


def day_map(campaign_id: int, counted: Mapping[str, int], day: date) -> DayMap | None:
    """Return the map of a day; `counted` is by the code of communes.

    None without a boundary set and for an area of too many communes.
    """
    area = select(CampaignArea.unit_id).where(CampaignArea.campaign_id == campaign_id)
    units, active = list(db.session.scalars(area)), set_on(day)
    if active is None:
        return None
    drawing = inside_units(active, units, MAX_COMMUNES)
    if drawing is None:
        return None
    communes = [
        (path, _colour(counted.get(code, 0)))
        for code, path in drawing.paths.items()
        if code not in AT_SEA
    ]
    return DayMap(drawing, communes, _legend())


def draw_day(lines: Sequence[str], drawn: DayMap | None = None) -> bytes:
    """Return a PNG: the first line on a band, the others and the map below it, then the source."""
    title, *rest = lines
    source = rest.pop() if len(rest) > 1 else ""
    demo = DEMO_TEXT in source
    return png(
        draw("campaigns/day.svg", title=title, lines=rest, source=source, demo=demo, map=drawn)
    )


def _colour(samples: int) -> str:
    return next((colour for least, colour in reversed(STEPS) if samples >= least), NONE)


def _legend() -> list[tuple[str, str]]:
    least = [n for n, _ in STEPS]
    texts = [f"{n} – {after - 1} mẫu" for n, after in pairwise(least)]
    labels = ["chưa có mẫu", *texts, f"từ {least[-1]} mẫu"]
    return list(zip((NONE, *(colour for _, colour in STEPS)), labels, strict=True))
