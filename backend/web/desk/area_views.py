"""Pages of an official's area: figures, months, samples and their verdicts."""

from typing import Any

from flask import Response, current_app, redirect, render_template, url_for
from markupsafe import Markup

from backend.accounts.authentication import actor
from backend.clock import local_day, this_month
from backend.coverage.alerts.service import SILENT_DAYS
from backend.coverage.exclusions.service import may_exclude
from backend.coverage.samples.schemas import WHY
from backend.coverage.samples.service import SampleContext, list_samples, show_sample
from backend.http import etags
from backend.http.requests import clock_now
from backend.web.desk.area import AreaPage, own_areas, show_area
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
from backend.web.site.pages import render_private, translator_for


@bp.page("")
def index(query: dict[str, Any]) -> Any:
    """Redirect to the only area of a person, else list the areas."""
    areas = own_areas(actor(), clock_now())
    if len(areas) == 1:
        return redirect(translator_for(query["lang"]).to("desk.area", code=areas[0]["code"]), 303)
    return render_private("web/desk/areas.html", query["lang"], areas=areas)


@bp.page("/area/<code>", AreaQuerySchema)
def area(query: dict[str, Any], code: str) -> Response:
    """Show the units of an area: below target, without new samples, behind schedule."""
    area_page = show_area(actor(), code, query, clock_now())
    html = _render_figures(query, area_page)
    values = {"part": Markup(html), "known_as": f'W/"{etags.content_tag(html.encode())}"'}  # noqa: S704 # own template
    return render_private(
        "web/desk/area.html", query["lang"], **_area_values(query, area_page), **values
    )


@bp.page("/area/<code>/figures", AreaQuerySchema)
def figures(query: dict[str, Any], code: str) -> Response:
    """Send the figures of the area for updates of an open page; 304 if unchanged."""
    part = _render_figures(query, show_area(actor(), code, query, clock_now()))
    return etags.with_content_tag(Response(part, content_type="text/html; charset=utf-8"))


@bp.page("/area/<code>/months", MonthQuerySchema)
def months(query: dict[str, Any], code: str) -> Response:
    """List all months of an area, with its old units before the reform."""
    now = clock_now()
    month = query["month"] or this_month(now)
    unit, area_page = show_months(actor(), code, month, now)
    about = {"unit": unit, "chosen_month": month, "network": query["network"], "months": area_page}
    return render_private("web/desk/months.html", query["lang"], **about)


@bp.page("/area/<code>/samples", SamplesPageQuerySchema)
def samples(query: dict[str, Any], code: str) -> Response:
    """List the samples of a unit's month with their verdicts."""
    lang = query.pop("lang")
    samples = list_samples(actor(), code, query, _sample_context(lang))
    values = {
        "query": query,
        "why": WHY,
        "may_exclude": may_exclude(actor(), code, samples["month"]),
    }
    return render_private("web/desk/samples.html", lang, samples=samples, **values)


@bp.page("/area/<code>/samples/<identity>", SamplePageQuerySchema)
def sample(query: dict[str, Any], code: str, identity: str) -> Response:
    """Show a sample and the facts of its verdict."""
    lang = query["lang"]
    sample = show_sample(actor(), code, identity, query["level"], _sample_context(lang))
    month = _month(sample)
    values = {"code": code, "month_of": month, "may_exclude": may_exclude(actor(), code, month)}
    return render_private("web/desk/sample.html", lang, one=sample, **values)


@bp.page("/wall", WallQuerySchema)
def wall(query: dict[str, Any]) -> Any:
    """Show an area's figures in large type for a meeting room."""
    code = query.pop("unit") or _only_area()
    if code is None:
        return redirect(url_for("desk.index", lang=query["lang"]), 303)
    area_page = show_area(actor(), code, query, clock_now())
    return etags.with_content_tag(
        render_private("web/desk/wall.html", query["lang"], **_area_values(query, area_page))
    )


def _render_figures(query: dict[str, Any], area_page: AreaPage) -> str:
    """Render the part of an area's page that an open page updates."""
    tools = translator_for(query["lang"]).template_values()
    return render_template("web/desk/area_figures.html", **tools, **_area_values(query, area_page))


def _area_values(query: dict[str, Any], area_page: AreaPage) -> dict[str, Any]:
    """Return the template values of an area; `again` returns its URL with another query."""
    present = {name: query[name] for name in ("network", "level", "show", "sort")}
    present |= {"code": area_page.unit.code, "month": area_page.query.month}
    to = translator_for(query["lang"]).to

    def page_url(**changes: Any) -> str:
        return to("desk.area", **(present | changes))

    live = to("desk.figures", **present)
    values = {"area": area_page, "again": page_url, "shown": SHOWN, "silent_days": SILENT_DAYS}
    return values | {"live": live}


def _only_area() -> str | None:
    areas = own_areas(actor(), clock_now())
    return areas[0]["code"] if len(areas) == 1 else None


def _month(one: dict[str, Any]) -> str:
    """Return the month in which a sample counts."""
    return f"{local_day(one['measured_at']):%Y-%m}"


def _sample_context(lang: str | None) -> SampleContext:
    config = current_app.config
    decimals = config["SAMPLE_DECIMALS"]
    return SampleContext(clock_now(), config["SECRET_KEY"], decimals, translator_for(lang).language)
