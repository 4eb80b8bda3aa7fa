"""Public pages: country, units, search, API documentation, sign-in, linked pages, and seals."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from backend.accounts import sessions
from backend.accounts.access import PUBLIC
from backend.accounts.authentication import COOKIE, actor
from backend.campaign_setup.leaders import invitation_of
from backend.campaigns.service import led_team, organised_campaign
from backend.clock import local_day
from backend.coverage.figures.files import as_csv
from backend.coverage.figures.service import CoverageQuery, compute_coverage
from backend.coverage.figures.unit_access import figures_reader, unit_month
from backend.drawing import png
from backend.errors import Problem
from backend.http.etags import with_content_tag
from backend.http.requests import MAX_BODY_BYTES, Parser, as_attachment, clock_now
from backend.monitoring.first_run import first_admin_command
from backend.organisations.clusters import clusters_in, search_clusters
from backend.places.publication import published_in
from backend.reports.content.figures import digest
from backend.reports.monthly.seals import trusted_keys
from backend.reports.monthly.service import check_digest
from backend.units.search import MAX_FOUND
from backend.units.service import find
from backend.web.maps.drawing import MapDrawing
from backend.web.public import data, service, sharing, speed_pictures
from backend.web.public.place_picture import draw_places
from backend.web.public.reform import reform_line, show_reform
from backend.web.public.service import show_unit
from backend.web.public.speed_page import (
    OperatorSpeeds,
    draw_hours,
    draw_speed_map,
    show_speeds,
    title_of,
)
from backend.web.public.unit_page import show_parts
from backend.web.public.wall import draw_briefing, show_wall
from backend.web.site import schemas
from backend.web.site.blueprint import (
    API_PAGE,
    EMBEDDED,
    MAP,
    PICTURE,
    SCRIPTED_REQUESTS,
    WITH_PREVIEW,
    PageBlueprint,
    with_policy,
)
from backend.web.site.forms import redirect_to, uploaded_content
from backend.web.site.pages import Translator, render, render_public, translator_for, workspaces
from backend.web.site.schemas import PICTURE_METRICS, LangQuery
from backend.web.site.sign_in import local_path, problem_of_sign_in, provider_name

bp, seal_pages = PageBlueprint("web", __name__), PageBlueprint("seal", __name__)
data_pages = PageBlueprint("data", __name__)
sharing_pages = Blueprint("sharing", __name__)
blueprints = (bp, seal_pages, data_pages, sharing_pages)
arguments = Parser().use_args

# Seconds that previews may be cached.
PICTURE_S = 3600
# Pixels of a picture to share, as of other pictures on phones.
PNG_WIDTH = 1080
# Full HD, and A4 at 150 dots an inch.
BRIEFING_WIDTHS = {"slide": 1920, "a4": 1240}
# Ten times the size of a report of the largest province with its map.
MAX_FILE = 15_000_000
MAX_DIGEST = 64


@bp.page("/", schemas.FirstPageQuerySchema, policy=MAP)
def index(query: schemas.FirstPageQuery) -> ResponseReturnValue:
    """Show a month's counts of the country against the target."""
    if parent := query["parent"]:
        given: dict[str, Any] = {name: value for name, value in query.items() if name != "parent"}
        return redirect(url_for("web.unit", code=parent, **given))
    lang, now, chosen = query["lang"], clock_now(), (query["month"], query["network"])
    page = service.show_country(*chosen, query["level"], now, figures_reader())
    drawn, vnnic = _draw_map(page), service.compare_with_vnnic(page, now)
    values: dict[str, Any] = {"drawn": drawn, "vnnic": vnnic}
    values["first_admin"] = first_admin_command(now) if page.empty else None
    return render_public("web/public/country.html", lang, page=page, **values)


@bp.page("/unit/<code>", schemas.UnitPageQuerySchema, policy=MAP)
def unit(query: schemas.UnitPageQuery, code: str) -> Response:
    """Show a month's counts of a unit and the units in it against the target."""
    lang, now, chosen = query["lang"], clock_now(), (query["month"], query["network"])
    translator = translator_for(lang)
    page = service.show_unit(code, *chosen, query["level"], now, figures_reader())
    drawn, vnnic = _draw_map(page), service.compare_with_vnnic(page, now)
    values: dict[str, Any] = {"drawn": drawn, "vnnic": vnnic}
    values["parts"] = show_parts(page, drawn, translator, now, figures_reader())
    values["sentence"] = sharing.sentence(page, translator)
    values["reform"] = reform_line(page.unit) if page.unit else None
    values["clusters"] = clusters_in(page.unit.id, local_day(now)) if page.unit else ()
    values["gap_places"] = published_in(page.unit.id) if page.unit else []
    return render_public("web/public/unit.html", lang, page=page, **values)


@bp.page("/unit/<code>/places")
def gap_places(query: LangQuery, code: str) -> Response:
    """List the published places without coverage of a province or a commune."""
    own = find(local_day(clock_now()), code)
    listed = published_in(own.id)
    template = "web/public/gap_places.html"
    return render_public(template, query["lang"], unit=own, gap_places=listed)


@bp.page("/cluster/<int:cluster_id>", schemas.FiguresPageQuerySchema)
def cluster(query: schemas.FiguresPageQuery, cluster_id: int) -> Response:
    """Show a month's counts of the communes of a cluster against their targets."""
    chosen = query["month"], query["network"]
    page = service.show_cluster(cluster_id, *chosen, clock_now(), figures_reader())
    return render_public("web/public/cluster.html", query["lang"], page=page)


@bp.page("/network-speed", schemas.SpeedPageQuerySchema)
def speeds(query: schemas.SpeedPageQuery) -> ResponseReturnValue:
    """Show the speeds of a place by operator, beside another place or month, and of its units.

    Redirect to the search for a place that no unit is called.
    """
    translator = translator_for(query["lang"])
    try:
        page = show_speeds(query, figures_reader(), translator, clock_now())
    except Problem as problem:
        if problem.code != "unit_unknown":
            raise
        return redirect(translator.to("web.search", **problem.members))
    if _is_of_form(query):
        return redirect(_short_address(page["query"], page["sides"], translator))
    title = title_of(page["query"], translator)
    return render_public("web/public/speeds.html", query["lang"], page=page, title=title)


def _is_of_form(query: schemas.SpeedPageQuery) -> bool:
    """Return whether the address is one that the form made: with empty fields, or names."""
    named = [query["unit"], query["beside"]]
    return "" in request.args.values() or any(one and not one.isdecimal() for one in named)


def _short_address(
    query: schemas.SpeedPageQuery, sides: Sequence[OperatorSpeeds], translator: Translator
) -> str:
    """Return the address of a page of speeds to share: codes of places, and no empty fields."""
    place, *beside = [side.month.unit for side in sides]
    wanted = {
        "unit": place.code if place else None,
        "beside": beside[0].code if query["beside"] and beside[0] else None,
        "month": query["month"],
        "before": query["before"],
        "network": query["network"],
        **{name: query[name] for name in ("operator", "technology")},
        "metric": None if query["metric"] == PICTURE_METRICS[0] else query["metric"],
    }
    return translator.to("web.speeds", **{name: one for name, one in wanted.items() if one})


@bp.page({"/wall": {"code": None}, "/unit/<code>/wall": {}}, schemas.UnitPageQuerySchema)
def wall(query: schemas.UnitPageQuery, code: str | None) -> Response:
    """Show the overview board of the country or a unit in large type for a meeting."""
    board = show_wall(code, query, clock_now())
    return with_content_tag(render_public("web/public/wall.html", query["lang"], wall=board))


@bp.page("/reform/<system>/<code>", schemas.UnitPageQuerySchema)
def reform(query: schemas.UnitPageQuery, system: str, code: str) -> ResponseReturnValue:
    """Show which units a unit became in July 2025, or was made of; redirect to a single one."""
    lang, month, network = query["lang"], query["month"], query["network"]
    page = show_reform(system, code, month, network, clock_now(), figures_reader())
    if month and len(page["related"]) == 1:
        one = page["related"][0]["unit"]
        url = translator_for(lang).to("web.unit", code=one.code, month=month, network=network)
        return redirect(url)
    return render_public("web/public/reform.html", lang, page=page)


@bp.page("/table.csv", schemas.TableQuerySchema)
def table(query: schemas.TableQuery) -> Response:
    """Download the table of a page, with heads in the language of the page."""
    lang = query["lang"]
    asked = {name: value for name, value in query.items() if name not in ("lang", "format")}
    wanted: Any = {**asked, "reader": figures_reader()}
    answer = compute_coverage(CoverageQuery(**wanted), clock_now())
    body = answer.body
    name = f"coverage-{body['month']}-{body['level']}-{body['network']}.csv"
    content = as_csv(answer, translator_for(lang).language)
    return with_content_tag(as_attachment(content, "text/csv; charset=utf-8", name))


@bp.page("/search", schemas.SearchQuerySchema)
def search(query: schemas.SearchQuery) -> ResponseReturnValue:
    """List the units and clusters of a name; redirect to a single result."""
    lang, text = query["lang"], query["q"].strip()
    found = service.find_units(text, query["month"], clock_now()) if text else []
    results = service.group_found(found)
    clusters = search_clusters(text, local_day(clock_now()), MAX_FOUND)
    if len(results) + len(clusters) == 1:
        if clusters:
            return redirect(translator_for(lang).to("web.cluster", cluster_id=clusters[0]["id"]))
        endpoint, values = results[0]["page"]
        return redirect(translator_for(lang).to(endpoint, **values))
    more = len(found) >= MAX_FOUND
    page: dict[str, Any] = {"results": results, "clusters": clusters, "q": text, "more": more}
    return render_public("web/public/search.html", lang, **page)


@bp.page("/docs", policy=API_PAGE)
def docs(query: LangQuery) -> Response:
    """Show the API documentation with a console."""
    return render_public("web/public/docs.html", query["lang"])


@bp.page("/invitation", policy=SCRIPTED_REQUESTS)
def invitation(query: LangQuery) -> Response:
    """Render the page for choosing a password by the secret in the URL fragment."""
    return render("web/public/invitation.html", query["lang"])


@bp.page("/invitation/about", None, methods=("POST",))
def about_invitation() -> Response:
    """Send what a link invites to, for the script of the page, which knows the link's secret."""
    request.max_content_length = MAX_BODY_BYTES
    return jsonify(invitation_of(request.form.get("secret", ""), clock_now()))


@bp.page("/sign-in", policy=SCRIPTED_REQUESTS)
def sign_in(query: LangQuery) -> ResponseReturnValue:
    """Render the page for signing in; redirect people who have signed in, at first to `next`."""
    wanted = local_path(request.args.get("next"))
    if not actor().signed_in:
        translator = translator_for(query["lang"])
        refusal, provider = problem_of_sign_in(translator), provider_name(translator)
        values: dict[str, Any] = {"refusal": refusal, "provider": provider, "wanted": wanted}
        values["first_admin"] = first_admin_command(clock_now())
        return render("web/public/sign_in.html", query["lang"], **values)
    return redirect(wanted, 303) if wanted else redirect_to("web.work", query)


@bp.page("/work")
def work(query: LangQuery) -> Response:
    """Redirect to the first workspace of a signed-in person, else to the account or the sign-in.

    The workspace of a person who leads one team in one open campaign is the page of that team, and
    that of an organiser of one open campaign is its day.
    """
    person = actor()
    if not person.signed_in:
        return redirect_to("web.sign_in", query)
    if (own := led_team(person)) is not None:
        return redirect_to("board.team", query, campaign_id=own[0], team_id=own[1])
    if (running := organised_campaign(person)) is not None:
        return redirect_to("board.campaign", query, campaign_id=running)
    return redirect_to(next(iter(workspaces(person)), "account_pages.show_account"), query)


@bp.page("/sign-out", None, methods=("POST",))
def sign_out() -> ResponseReturnValue:
    """End the session of the signed-in person."""
    user = actor()
    response = redirect(url_for("web.index"), 303)
    if user.session is not None:
        sessions.sign_out(user)
        response.delete_cookie(COOKIE, path="/")
    return response


def _draw_map(page: service.CoveragePage) -> MapDrawing | None:
    return service.draw_map(page, clock_now())


@sharing_pages.get("/unit/<code>/picture.png")
@arguments(schemas.UnitPageQuerySchema, location="query")
def picture(query: schemas.UnitPageQuery, code: str) -> Response:
    """Send the preview picture of a shared link."""
    reader, chosen = translator_for(query["lang"]), (query["month"], query["network"])
    page = show_unit(code, *chosen, query["level"], clock_now(), PUBLIC)
    response = Response(sharing.draw_picture(page, reader), content_type="image/png")
    response.headers["Cache-Control"] = f"public, max-age={PICTURE_S}"
    response.add_etag()
    response.make_conditional(request)
    return response


@sharing_pages.get(
    "/network-speed/<any(speeds,months,week,hours,map,gaps):kind>.<any(svg,png):form>"
)
@arguments(schemas.SpeedPictureQuerySchema, location="query")
@with_policy(PICTURE)
def speed_picture(query: schemas.SpeedPictureQuery, kind: str, form: str) -> Response:
    """Draw the speeds of a unit or the country: released ones, or live ones for its officials."""
    person, translator, code = figures_reader(), translator_for(query["lang"]), query["unit"]
    month = unit_month(code, query["level"], query["month"], query["network"], clock_now(), person)
    if kind == "map":
        drawn = draw_speed_map(month, query, person, translator)
    elif kind == "hours":
        drawn = draw_hours(month, translator)
    elif kind == "gaps":
        drawn = draw_places(month, person, translator, clock_now())
    else:
        drawn = speed_pictures.draw(kind, month, query["metric"], person, translator)
    if drawn is None:
        raise Problem(404, "not_found")
    return _send_picture(drawn, form)


@sharing_pages.get("/wall.<any(slide,a4):form>.png")
@sharing_pages.get("/unit/<code>/wall.<any(slide,a4):form>.png")
@arguments(schemas.UnitPageQuerySchema, location="query")
def briefing(query: schemas.UnitPageQuery, form: str, code: str | None = None) -> Response:
    """Draw an overview board for a slide (16:9) or for paper (A4)."""
    board, reader = show_wall(code, query, clock_now()), translator_for(query["lang"])
    svg = draw_briefing(board, form, reader, clock_now())
    return with_content_tag(Response(png(svg, BRIEFING_WIDTHS[form]), content_type="image/png"))


def _send_picture(svg: str, form: str) -> Response:
    if form == "png":
        return with_content_tag(Response(png(svg, PNG_WIDTH), content_type="image/png"))
    return with_content_tag(Response(svg, content_type="image/svg+xml"))


@sharing_pages.get("/unit/<code>/widget")
@arguments(schemas.UnitPageQuerySchema, location="query")
@with_policy(EMBEDDED)
def widget(query: schemas.UnitPageQuery, code: str) -> Response:
    """Render a unit's figure for embedding in another site."""
    lang, chosen = query["lang"], (query["month"], query["network"])
    page = show_unit(code, *chosen, query["level"], clock_now(), PUBLIC)
    return render("web/public/widget.html", lang, page=page)


@data_pages.page("/data", schemas.MonthQuerySchema)
def show_data(query: schemas.MonthQuery) -> Response:
    """Show the published months: tables with a preview, columns, files, citation."""
    translator = translator_for(query["lang"])
    page = data.show_data(query["month"], translator.language, clock_now())
    return render_public(
        "web/public/data.html", query["lang"], page=page, format_names=data.FORMAT_NAMES
    )


@data_pages.page("/embed", schemas.EmbedQuerySchema, policy=WITH_PREVIEW)
def build_embed(query: schemas.EmbedQuery) -> Response:
    """Show the widget of a unit with the code that embeds it."""
    translator = translator_for(query["lang"])
    words, size = query["words"] or translator.language, sharing.SIZES[query["size"]]
    choice = sharing.choose_unit(query["unit"], query["month"], clock_now())
    unit = choice.units[0] if choice.units else None
    address: dict[str, Any] = {"network": query["network"], "lang": words}
    if query["month"]:
        address["month"] = query["month"]
    values: dict[str, Any] = {"candidates": choice.candidates, "fault": choice.error}
    if unit:
        values["frame_path"] = url_for("sharing.widget", code=unit.code, **address)
        frame = url_for("sharing.widget", code=unit.code, _external=True, **address)
        code = Markup(
            '<iframe src="{}" title="Đo Sóng: {}" width="{}" height="{}" loading="lazy"></iframe>'
        ).format(frame, unit.name, size.width, size.height)
        values["code"] = str(code)  # a text to show
    names = [(key, translator.gettext(one.name)) for key, one in sharing.SIZES.items()]
    values |= {"unit": unit, "size": size, "size_names": names, "words": words}
    values["sizes"] = {key: [one.width, one.height] for key, one in sharing.SIZES.items()}
    return render_public("web/public/embed.html", query["lang"], query=query, **values)


@seal_pages.page("/seal")
def ask(query: LangQuery) -> Response:
    """Render the form for a report's file or its digest."""
    return render_public("web/public/seal.html", query["lang"])


@seal_pages.page("/seal", methods=("POST",))
def send(query: LangQuery) -> ResponseReturnValue:
    """Redirect to the page of the uploaded file's digest; the file is not stored."""
    request.max_content_length = MAX_FILE
    content = uploaded_content()
    if content is None:
        wanted = "".join(request.form.get("digest", "").split())[:MAX_DIGEST].lower()
    else:
        wanted = digest(content)
    if not wanted:
        return redirect(url_for("seal.ask", lang=query["lang"]), 303)
    return redirect(url_for("seal.show", digest=wanted, lang=query["lang"]), 303)


@seal_pages.page("/seal/<digest>")
def show(query: LangQuery, digest: str) -> Response:
    """Show the approved report of a digest, and whether its seal is valid."""
    try:
        found = check_digest(digest, trusted_keys(current_app.config))
    except Problem as problem:
        response = render_public("web/public/seal.html", query["lang"], digest=digest[:MAX_DIGEST])
        response.status_code = problem.status
        return response
    return render_public("web/public/seal.html", query["lang"], found=found)
