"""The overview board of the country or a unit, for a screen in a meeting: from public counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from backend.accounts.access import PUBLIC
from backend.coverage.alerts.overview import AreaOverview, area_overview
from backend.coverage.figures.coverage_answer import UnitItem
from backend.coverage.figures.forecast import STEP_NAMES
from backend.coverage.figures.unit_access import unit_month
from backend.drawing import draw
from backend.web.maps.drawing import MapDrawing
from backend.web.public.service import CoveragePage, draw_map, show_country, show_unit
from backend.web.public.speed_maps import drawing_of, make_ground
from backend.web.site.pages import Translator
from backend.web.site.schemas import UnitPageQuery

# Lines of the list of units that lack most.
MAX_LACKING = 10
# The colours of the steps of a map in a picture, and what is on it.
ROLES = ("hatched", "class1", "class2", "class3", "class4", "class6")
# Width and height of a picture for slides (16:9) and for paper (A4), and the places of its parts.
FORMS: dict[str, dict[str, Any]] = {
    "slide": {
        "size": (960, 540), "map_at": (330, 92), "worst_at": (700, 130), "movers_at": (40, 380),
        "legend_at": (700, 388), "inset_at": (838, 388),
    },
    "a4": {
        "size": (595, 842), "map_at": (16, 272), "worst_at": (385, 300), "movers_at": (385, 580),
        "legend_at": (40, 724), "inset_at": (268, 716),
    },
}  # fmt: skip


class Wall(TypedDict):
    """The overview board of a unit, or of the country."""

    page: CoveragePage
    overview: AreaOverview
    drawn: MapDrawing | None  # null: a unit without a polygon
    # The units that lack most by the count that steers, first those without a sample.
    worst: Sequence[UnitItem]
    running: bool  # the month is not over


def show_wall(code: str | None, query: UnitPageQuery, now: datetime) -> Wall:
    """Return the board of a unit, or of the country."""
    month, network = query["month"], query["network"]
    if code is None:
        page = show_country(month, network, None, now, PUBLIC)
    else:
        page = show_unit(code, month, network, query["level"], now, PUBLIC)
    overview = area_overview(page.query, now)
    worst = _by_table(overview) if overview.followed else page.groups.get("lacking", [])
    return {
        "page": page,
        "overview": overview,
        "drawn": draw_map(page, now),
        "worst": worst[:MAX_LACKING],
        "running": page.next_month is None,
    }


def _by_table(overview: AreaOverview) -> Sequence[UnitItem]:
    """Return the units that lack samples by VNNIC's table, with what they lack by it."""
    items = sorted(overview.items, key=lambda one: one["need"].order)
    lacking = [one for one in items if one["need"].missing]
    for one in lacking:
        one["shortfall"] = one["need"].missing
    return lacking


def draw_briefing(wall: Wall, form: str, translator: Translator, now: datetime) -> str:
    """Draw a board as a picture for a slide or for paper."""
    page, drawn = wall["page"], wall["drawn"]
    unit, query = page.unit, page.query
    code, level = (unit.code, unit.level) if unit else (None, None)
    month = unit_month(code, level, query.month, query.network, now, PUBLIC)
    steps = {one.code: one.step for one in drawn.shapes} if drawn else {}
    roles = dict(zip(STEP_NAMES, ROLES, strict=True))
    outlines = drawing_of(month)
    ground = outlines and make_ground(
        outlines, lambda code: roles[steps.get(code, STEP_NAMES[0])], lambda _: ""
    )
    course = wall["overview"].course
    worst = [(one["name"], _lack_text(one, translator)) for one in wall["worst"]]
    movers = [(name, f"+{translator.number(n)}") for name, n in (course.movers if course else ())]
    classes = [(roles[name], str(label)) for name, label in translator.steps()]
    return draw(
        "web/pictures/briefing.svg",
        **translator.template_values(),
        wall=wall,
        page=page,
        ground=ground,
        classes=classes,
        worst=worst,
        movers=movers,
        **FORMS[form],
    )


def _lack_text(item: UnitItem, translator: Translator) -> str:
    """Return what a unit lacks: communes reached of all, or samples missing."""
    communes, number = item["communes"], translator.number
    if communes:
        return f"{number(communes['reached'])} / {number(communes['units'])}"
    return f"−{number(item['shortfall'] or 0)}"
