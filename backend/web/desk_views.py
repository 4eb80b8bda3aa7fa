"""The official's desk: one's own area today, down to why a single sample counts or not."""

from typing import Any

from flask import Blueprint, Response, current_app, redirect, url_for

from backend import etags
from backend.accounts.signing import actor
from backend.arguments import Parser
from backend.clock import local_day
from backend.coverage.alerts import SILENT_DAYS
from backend.coverage.excluding import may_exclude
from backend.coverage.sample_schemas import WHY
from backend.coverage.samples import Showing, list_samples, show_sample
from backend.http import clock_now
from backend.web.desk_area import Area, own_areas, show_area
from backend.web.desk_schemas import (
    SHOWN,
    AreaQuerySchema,
    SamplePageQuerySchema,
    SamplesPageQuerySchema,
    WallQuerySchema,
)
from backend.web.members import answer_in_words, member, member_page
from backend.web.pages import reader_of
from backend.web.schemas import PageQuerySchema

bp = answer_in_words(Blueprint("desk", __name__, url_prefix="/desk"))
arguments = Parser().use_args


@bp.get("")
@arguments(PageQuerySchema, location="query")
@member_page
def index(asked: dict[str, Any]) -> Any:
    """Lead to the only area of a person, else let them choose."""
    areas = own_areas(actor(), clock_now())
    if len(areas) == 1:
        return redirect(reader_of(asked["lang"]).to("desk.area", code=areas[0]["code"]), 303)
    return member("web/desk/areas.html", asked["lang"], areas=areas)


@bp.get("/area/<code>")
@arguments(AreaQuerySchema, location="query")
@member_page
def area(asked: dict[str, Any], code: str) -> Response:
    """Show who lacks samples in an area, who is silent and who will miss the target."""
    return _shown("web/desk/area.html", asked, show_area(actor(), code, asked, clock_now()))


@bp.get("/area/<code>/samples")
@arguments(SamplesPageQuerySchema, location="query")
@member_page
def samples(asked: dict[str, Any], code: str) -> Response:
    """List the samples of a unit's month, with what became of them."""
    lang = asked.pop("lang")
    told = list_samples(actor(), code, asked, _showing(lang))
    shown = {"asked": asked, "why": WHY, "may_exclude": may_exclude(actor(), code, told["month"])}
    return member("web/desk/samples.html", lang, told=told, **shown)


@bp.get("/area/<code>/samples/<identity>")
@arguments(SamplePageQuerySchema, location="query")
@member_page
def sample(asked: dict[str, Any], code: str, identity: str) -> Response:
    """Show one sample, and all that its verdict rests on."""
    lang = asked["lang"]
    told = show_sample(actor(), code, identity, asked["level"], _showing(lang))
    month = _month(told)
    shown = {"code": code, "month_of": month, "may_exclude": may_exclude(actor(), code, month)}
    return member("web/desk/sample.html", lang, one=told, **shown)


@bp.get("/wall")
@arguments(WallQuerySchema, location="query")
@member_page
def wall(asked: dict[str, Any]) -> Any:
    """Show an area's figures so large that a meeting room can read them."""
    code = asked.pop("unit") or _only_area()
    if code is None:
        return redirect(url_for("desk.index", lang=asked["lang"]), 303)
    found = show_area(actor(), code, asked, clock_now())
    return etags.unless_known(_shown("web/desk/wall.html", asked, found))


def _shown(template: str, asked: dict[str, Any], found: Area) -> Response:
    """A page about an area; `again` is the address of the same one with something else asked."""
    present = {name: asked[name] for name in ("network", "level", "show", "sort")}
    present |= {"code": found.unit.code, "month": found.asked.month}
    to = reader_of(asked["lang"]).to

    def again(**changes: Any) -> str:
        return to("desk.area", **(present | changes))

    told = {"area": found, "again": again, "shown": SHOWN, "silent_days": SILENT_DAYS}
    return member(template, asked["lang"], **told)


def _only_area() -> str | None:
    areas = own_areas(actor(), clock_now())
    return areas[0]["code"] if len(areas) == 1 else None


def _month(one: dict[str, Any]) -> str:
    """The month in which a sample counts."""
    return f"{local_day(one['measured_at']):%Y-%m}"


def _showing(lang: str | None) -> Showing:
    config = current_app.config
    decimals = config["SAMPLE_DECIMALS"]
    return Showing(clock_now(), config["SECRET_KEY"], decimals, reader_of(lang).language)
