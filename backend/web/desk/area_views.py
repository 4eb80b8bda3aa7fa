"""The official's desk: one's own area today, down to why a single sample counts or not."""

from typing import Any

from flask import Response, current_app, redirect, render_template, url_for
from markupsafe import Markup

from backend.accounts.authentication import actor
from backend.clock import local_day, this_month
from backend.coverage.alerts.service import SILENT_DAYS
from backend.coverage.exclusions.service import may_exclude
from backend.coverage.samples.schemas import WHY
from backend.coverage.samples.service import Showing, list_samples, show_sample
from backend.http import etags
from backend.http.requests import clock_now
from backend.web.desk.area import Area, own_areas, show_area
from backend.web.desk.blueprint import bp
from backend.web.desk.months import show_months
from backend.web.desk.schemas import (
    SHOWN,
    AreaQuerySchema,
    MonthQuerySchema,
    SamplePageQuerySchema,
    SamplesPageQuerySchema,
    WallQuerySchema,
)
from backend.web.site.members import member
from backend.web.site.pages import reader_of


@bp.page("")
def index(asked: dict[str, Any]) -> Any:
    """Lead to the only area of a person, else let them choose."""
    areas = own_areas(actor(), clock_now())
    if len(areas) == 1:
        return redirect(reader_of(asked["lang"]).to("desk.area", code=areas[0]["code"]), 303)
    return member("web/desk/areas.html", asked["lang"], areas=areas)


@bp.page("/area/<code>", AreaQuerySchema)
def area(asked: dict[str, Any], code: str) -> Response:
    """Show who lacks samples in an area, who is silent and who will miss the target."""
    found = show_area(actor(), code, asked, clock_now())
    part = _figures(asked, found)
    shown = {"part": Markup(part), "known_as": f'W/"{etags.tag_of(part.encode())}"'}  # noqa: S704 # a template's
    return member("web/desk/area.html", asked["lang"], **_told(asked, found), **shown)


@bp.page("/area/<code>/figures", AreaQuerySchema)
def figures(asked: dict[str, Any], code: str) -> Response:
    """Give the figures of the area alone, for a page that is open; 304 where they are the same."""
    part = _figures(asked, show_area(actor(), code, asked, clock_now()))
    return etags.unless_known(Response(part, content_type="text/html; charset=utf-8"))


@bp.page("/area/<code>/months", MonthQuerySchema)
def months(asked: dict[str, Any], code: str) -> Response:
    """Lead to every month of an area, before the reform by its old units."""
    now = clock_now()
    month = asked["month"] or this_month(now)
    unit, found = show_months(actor(), code, month, now)
    about = {"unit": unit, "month_asked": month, "network": asked["network"], "months": found}
    return member("web/desk/months.html", asked["lang"], **about)


@bp.page("/area/<code>/samples", SamplesPageQuerySchema)
def samples(asked: dict[str, Any], code: str) -> Response:
    """List the samples of a unit's month, with what became of them."""
    lang = asked.pop("lang")
    told = list_samples(actor(), code, asked, _showing(lang))
    shown = {"asked": asked, "why": WHY, "may_exclude": may_exclude(actor(), code, told["month"])}
    return member("web/desk/samples.html", lang, told=told, **shown)


@bp.page("/area/<code>/samples/<identity>", SamplePageQuerySchema)
def sample(asked: dict[str, Any], code: str, identity: str) -> Response:
    """Show one sample, and all that its verdict rests on."""
    lang = asked["lang"]
    told = show_sample(actor(), code, identity, asked["level"], _showing(lang))
    month = _month(told)
    shown = {"code": code, "month_of": month, "may_exclude": may_exclude(actor(), code, month)}
    return member("web/desk/sample.html", lang, one=told, **shown)


@bp.page("/wall", WallQuerySchema)
def wall(asked: dict[str, Any]) -> Any:
    """Show an area's figures so large that a meeting room can read them."""
    code = asked.pop("unit") or _only_area()
    if code is None:
        return redirect(url_for("desk.index", lang=asked["lang"]), 303)
    found = show_area(actor(), code, asked, clock_now())
    return etags.unless_known(member("web/desk/wall.html", asked["lang"], **_told(asked, found)))


def _figures(asked: dict[str, Any], found: Area) -> str:
    """The part of an area's page that changes by itself."""
    tools = reader_of(asked["lang"]).tools()
    return render_template("web/desk/area_figures.html", **tools, **_told(asked, found))


def _told(asked: dict[str, Any], found: Area) -> dict[str, Any]:
    """What is told of an area; `again` is the address of its page with something else asked."""
    present = {name: asked[name] for name in ("network", "level", "show", "sort")}
    present |= {"code": found.unit.code, "month": found.asked.month}
    to = reader_of(asked["lang"]).to

    def again(**changes: Any) -> str:
        return to("desk.area", **(present | changes))

    live = to("desk.figures", **present)
    told = {"area": found, "again": again, "shown": SHOWN, "silent_days": SILENT_DAYS}
    return told | {"live": live}


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
