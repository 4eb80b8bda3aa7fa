"""Public pages: country, units, search, API documentation, sign-in and linked pages."""

from typing import Any

from flask import Response, current_app, redirect, url_for

from backend.accounts import sessions
from backend.accounts.authentication import COOKIE, actor
from backend.clock import local_day
from backend.coverage.figures.files import as_csv
from backend.coverage.figures.query import figures_reader
from backend.coverage.figures.service import CoverageQuery, compute_coverage
from backend.http.etags import with_content_tag
from backend.http.requests import as_attachment, clock_now
from backend.web.public import service
from backend.web.public.quality import quality
from backend.web.public.seal_views import bp as seal_pages
from backend.web.public.sharing_views import bp as sharing_pages
from backend.web.public.sharing_views import sentence
from backend.web.public.styleguide import samples
from backend.web.site.blueprint import PageBlueprint
from backend.web.site.content_security_policy import API_PAGE, MAP, SCRIPTED, SCRIPTED_REQUESTS
from backend.web.site.pages import render, translator_for, workspaces
from backend.web.site.schemas import (
    FirstPageQuerySchema,
    SearchQuerySchema,
    TableQuerySchema,
    UnitPageQuerySchema,
)

bp = PageBlueprint("web", __name__)
blueprints = (bp, seal_pages, sharing_pages)


@bp.page("/", FirstPageQuerySchema, policy=MAP)
def index(query: dict[str, Any]) -> Any:
    """Show a month's counts of the country against the target."""
    if parent := query.pop("parent"):
        given = {name: value for name, value in query.items() if value is not None}
        return redirect(url_for("web.unit", code=parent, **given))
    lang, now = query.pop("lang"), clock_now()
    page = service.show_country(**query, now=now, reader=figures_reader())
    values = {"drawn": _draw_map(page), "vnnic": service.compare_with_vnnic(page, now)}
    return render("web/public/country.html", lang, page=page, **values)


@bp.page("/unit/<code>", UnitPageQuerySchema, policy=MAP)
def unit(query: dict[str, Any], code: str) -> Response:
    """Show a month's counts of a unit and the units in it against the target."""
    lang = query.pop("lang")
    translator, now = translator_for(lang), clock_now()
    page = service.show_unit(code, **query, now=now, reader=figures_reader())
    values = {"drawn": _draw_map(page), "vnnic": service.compare_with_vnnic(page, now)}
    values |= {"sentence": sentence(page, translator), "quality": quality(page, translator, now)}
    return render("web/public/unit.html", lang, page=page, **values)


@bp.page("/table.csv", TableQuerySchema)
def table(query: dict[str, Any]) -> Response:
    """Download the table of a page, with heads in the language of the page."""
    lang, _ = query.pop("lang"), query.pop("format")
    answer = compute_coverage(CoverageQuery(**query, reader=figures_reader()), clock_now())
    body = answer.body
    name = f"coverage-{body['month']}-{body['level']}-{body['network']}.csv"
    content = as_csv(answer, translator_for(lang).language)
    return with_content_tag(as_attachment(content, "text/csv; charset=utf-8", name))


@bp.page("/search", SearchQuerySchema, policy=MAP)
def search(query: dict[str, Any]) -> Any:
    """List the units of a name; redirect to a single result."""
    lang, text = query["lang"], query["q"].strip()
    units = service.search_units(text, query["month"], clock_now()) if text else []
    if len(units) == 1:
        return redirect(translator_for(lang).to("web.unit", code=units[0].code))
    more = len(units) == service.FOUND_MOST
    return render("web/public/search.html", lang, units=units, q=text, more=more)


@bp.page("/styleguide")
def styleguide(query: dict[str, Any]) -> Response:
    """Show all components of pages."""
    today = local_day(clock_now())
    return render("web/public/styleguide.html", query["lang"], today=today, **samples())


@bp.page("/docs", policy=API_PAGE)
def docs(query: dict[str, Any]) -> Response:
    """Show the API documentation with a console."""
    return render("web/public/docs.html", query["lang"])


@bp.page("/invitation", policy=SCRIPTED_REQUESTS)
def invitation(query: dict[str, Any]) -> Response:
    """Render the page for choosing a password by the secret in the URL fragment."""
    return render("web/public/invitation.html", query["lang"])


@bp.page("/sign-in", policy=SCRIPTED_REQUESTS)
def sign_in(query: dict[str, Any]) -> Response:
    """Render the page for signing in, the own account and the second factor."""
    return render("web/public/sign_in.html", query["lang"])


@bp.page("/work", None)
def work() -> Any:
    """Redirect to the first workspace of a signed-in person, else to the sign-in page."""
    endpoints = workspaces(actor())
    return redirect(url_for(endpoints[0] if endpoints else "web.sign_in"), 303)


@bp.page("/sign-out", None, methods=("POST",))
def sign_out() -> Any:
    """End the session of the signed-in person."""
    user = actor()
    response = redirect(url_for("web.index"), 303)
    if user.session is not None:
        sessions.sign_out(user)
        response.delete_cookie(COOKIE, path="/")
    return response


@bp.page("/join", policy=SCRIPTED)
def join(query: dict[str, Any]) -> Response:
    """Show the join code in the URL fragment, and how to use it."""
    return render("web/public/join.html", query["lang"])


def _draw_map(page: service.CoveragePage) -> Any:
    return service.draw_map(page, current_app.config["VAR_DIR"] / "tiles", clock_now())
