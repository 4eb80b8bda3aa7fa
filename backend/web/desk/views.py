"""Pages of officials: areas, samples, exclusions, VNNIC comparisons, letterhead."""

from collections.abc import Callable
from typing import Any, TypedDict

from flask import Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from backend.accounts.authentication import actor, form_token
from backend.clock import local_day, month_end, this_month
from backend.contacts.service import area_contacts
from backend.coverage.alerts.service import SILENT_DAYS
from backend.coverage.exclusions.service import (
    exclude_in_unit,
    lift_exclusion,
    list_exclusions,
    may_exclude,
    unit_to_decide,
)
from backend.coverage.figures.unit_access import authorized_unit
from backend.coverage.no_connection.service import decide_on_notes, list_notes
from backend.coverage.samples.schemas import WHY
from backend.coverage.samples.service import list_samples, show_sample
from backend.coverage.signals.evidence import unit_evidence
from backend.coverage.signals.service import search_unit, unit_signals
from backend.coverage.vnnic.importer import (
    HEADS,
    TableChange,
    TableEffect,
    import_vnnic,
    set_table_state,
)
from backend.coverage.vnnic.ispeed import distance
from backend.coverage.vnnic.schemas import SteeringChangeSchema
from backend.coverage.vnnic.service import comparison
from backend.coverage.vnnic.steering import SteeringChange, set_steering, show_steering
from backend.errors import Problem, invalid
from backend.http import etags
from backend.http.requests import clock_now
from backend.reports.monthly.letterheads import set_letterhead, show_letterhead
from backend.units.service import units_on
from backend.web.board import queue
from backend.web.board.schemas import QueueQuery
from backend.web.desk import (  # noqa: F401 # binds pages
    office,
    place_letters,
    places,
    provinces,
    report_pages,
    schemas,
)
from backend.web.desk.area import (
    ACT,
    AreaPage,
    area_figures,
    draw_area,
    list_months,
    own_areas,
    own_clusters,
    show_area,
)
from backend.web.desk.commune import show_commune
from backend.web.desk.frame import bp, only_area
from backend.web.desk.office import units_to_remind
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import (
    Form,
    Preview,
    confirm,
    new_form,
    redirect_to,
    required_content,
)
from backend.web.site.pages import render_part, render_private, translator_for
from backend.web.site.schemas import FiguresPageQuery, FiguresPageQuerySchema, LangQuery

blueprints = (bp, office.bp, places.bp)


@bp.page("")
def index(query: LangQuery) -> ResponseReturnValue:
    """Redirect to the only area of a person, else list the areas."""
    areas = own_areas(actor(), clock_now())
    if len(areas) == 1:
        return redirect(translator_for(query["lang"]).to("desk.area", code=areas[0]["code"]), 303)
    figures = area_figures(areas, clock_now())
    clusters = own_clusters(actor(), clock_now())
    values: dict[str, Any] = {"areas": areas, "figures": figures, "clusters": clusters}
    values["this_month"] = this_month(clock_now())
    return render_private("web/desk/areas.html", query["lang"], **values)


@bp.page("/area/<code>", schemas.AreaQuerySchema)
def area(query: schemas.AreaQuery, code: str) -> Response:
    """Show an area today: how many units reached the target, and what to do for the others."""
    area_page = show_area(actor(), code, query, clock_now())
    parts = {name: _live_part(query, area_page, name) for name in schemas.PARTS}
    ground = draw_area(area_page, clock_now())
    values: dict[str, Any] = {**_area_values(query, area_page), "parts": parts, "ground": ground}
    values["months"] = list_months(actor(), area_page.unit, clock_now())
    if area_page.unit.level == "commune":
        language = translator_for(query["lang"]).language
        values["commune"] = show_commune(actor(), area_page, ground, clock_now(), language)
    return render_private("web/desk/area.html", query["lang"], **values)


@bp.page("/area/<code>/figures", schemas.FiguresQuerySchema)
def figures(query: schemas.FiguresQuery, code: str) -> Response:
    """Send a part of the area's page for updates of an open page; 304 if unchanged."""
    area_page = show_area(actor(), code, query, clock_now())
    part = _live_part(query, area_page, query["part"])["html"]
    return etags.with_content_tag(Response(part, mimetype="text/html"))


@bp.page("/area/<code>/remind", schemas.RemindQuerySchema)
def remind(query: schemas.RemindQuery, code: str) -> Response:
    """Show a message to each unit of a group that lacks samples."""
    now = clock_now()
    area_page = show_area(actor(), code, {**query, "sort": "-shortfall", "page": 1}, now)
    items = units_to_remind(area_page, query["show"])
    people = area_contacts(actor(), area_page.unit, {item["code"] for item in items}, now)
    mails = [one["email"] for unit in items for one in people.get(unit["code"], [])]
    values: dict[str, Any] = {**_area_values(query, area_page), "group": query["show"]}
    values |= {"items": items, "people": people, "addresses": [one for one in mails if one]}
    return render_private("web/desk/remind.html", query["lang"], **values)


@bp.page("/area/<code>/samples", schemas.SamplesPageQuerySchema)
def samples(query: schemas.SamplesPageQuery, code: str) -> Response:
    """List the samples of a unit's month with their verdicts."""
    lang = query["lang"]
    language = translator_for(lang).language
    samples = list_samples(actor(), code, query, clock_now(), language)
    values = {
        "query": {name: value for name, value in query.items() if name != "lang"},
        "why": WHY,
        "may_exclude": may_exclude(actor(), code, samples["month"]),
    }
    return render_private("web/desk/samples.html", lang, samples=samples, **values)


@bp.page("/area/<code>/no-connection", schemas.NotesPageQuerySchema, methods=READ_WRITE)
def no_connection(query: schemas.NotesPageQuery, code: str) -> Response:
    """List the no-connection notes of a unit's month; exclude some, or include them again."""
    form, now, user = new_form(query), clock_now(), actor()
    month = query["month"] or this_month(now)
    if form.submit(
        schemas.NotesFormSchema(),
        lambda fields: decide_on_notes(user, code, fields | {"month": month}, now),
        ["notes"],
    ):
        return redirect_to("desk.no_connection", query, code=code, month=month)
    notes = list_notes(user, code, query, now)
    values = {"notes": notes, "code": code, "may_exclude": may_exclude(user, code, month)}
    return render_private("web/desk/no_connection.html", query["lang"], form=form, **values)


@bp.page("/area/<code>/samples/<identity>", schemas.SamplePageQuerySchema)
def sample(query: schemas.SamplePageQuery, code: str, identity: str) -> Response:
    """Show a sample and the facts of its verdict."""
    lang = query["lang"]
    language = translator_for(lang).language
    sample = show_sample(actor(), code, identity, query["level"], language)
    month = f"{local_day(sample['measured_at']):%Y-%m}"  # in which it counts
    values = {"code": code, "month_of": month, "may_exclude": may_exclude(actor(), code, month)}
    return render_private("web/desk/sample.html", lang, one=sample, **values)


@bp.page("/wall")
def wall(query: LangQuery) -> ResponseReturnValue:
    """Redirect to the overview board of the only own area, else to the areas."""
    code = only_area()
    page = url_for("web.wall", code=code) if code else url_for("desk.index")
    return redirect(page, 303)


def _live_part(query: schemas.AreaQuery, area_page: AreaPage, name: str) -> dict[str, str]:
    """Render a part of a page that an open page updates: its HTML, its address and its tag."""
    values, selected = _area_values(query, area_page), _selected(query, area_page)
    html = render_part(f"web/desk/area_{name}.html", query["lang"], csrf=form_token(), **values)
    address = translator_for(query["lang"]).to("desk.figures", part=name, **selected)
    tag = f'W/"{etags.content_tag(html.encode())}"'
    return {"html": html, "address": address, "tag": tag}


AnyAreaQuery = schemas.AreaQuery | schemas.RemindQuery


def _selected(query: AnyAreaQuery, area_page: AreaPage) -> dict[str, str | int | None]:
    """Return the query of an area's page."""
    return {
        "network": query["network"],
        "level": query["level"],
        "show": query["show"],
        "sort": query["sort"],
        "code": area_page.unit.code,
        "month": area_page.query.month,
        "page": area_page.page if area_page.page > 1 else None,
    }


class AreaValues(TypedDict):
    """What the templates of an area's pages show."""

    area: AreaPage
    again: Callable[..., str]  # the URL of the area's page with another query
    silent_days: int  # after which a unit without samples is silent
    mail_ready: bool  # the installation sends mails


def _area_values(query: AnyAreaQuery, area_page: AreaPage) -> AreaValues:
    """Return what the templates of an area's pages show."""
    present = _selected(query, area_page)
    to = translator_for(query["lang"]).to

    def page_url(**changes: Any) -> str:
        return to("desk.area", **(present | {"page": None} | changes))

    return {
        "area": area_page,
        "again": page_url,
        "silent_days": SILENT_DAYS,
        "mail_ready": bool(current_app.config["SMTP_HOST"]),
    }


EXCLUSIONS_SHOWN = 50  # on one page


@bp.page("/area/<code>/signals", schemas.SignalsPageQuerySchema, methods=READ_WRITE)
def signals(query: QueueQuery, code: str) -> Response:
    """Show the queue of signals in an area with their evidence, and decide on the selected ones."""
    form, user = new_form(query), actor()
    query["month"] = month = query["month"] or this_month(clock_now())
    unit = authorized_unit(user, "unit.signals", code, None, month)
    context = queue.signal_context(form)
    place = queue.QueuePlace(
        page="desk.signals",
        path={"code": code},
        filter="unit",
        scope={"campaign_id": None, "unit_id": unit.id},
        areas=(),
        list=lambda wanted: unit_signals(user, code, wanted, context),
        find=lambda signal_id: unit_evidence(user, code, month, signal_id, context),
    )
    values: dict[str, Any] = {"code": code, "may_exclude": may_exclude(user, code, month)}
    if not query["part"]:
        below = units_on(month_end(month), "commune", code) if unit.level != "commune" else []
        values["communes"] = [(one.code, one.name) for one in below]
    return queue.show_queue(query, form, place, {}, **values)


@bp.page("/area/<code>/signals/search", schemas.SignalsPageQuerySchema, methods=("POST",))
def signals_search(query: QueueQuery, code: str) -> Response:
    """Search an area's month for signals again."""
    context = queue.signal_context(new_form(query))
    search_unit(actor(), code, query["month"], context)
    kept = {name: query.get(name) for name in ("month", "state", "kind", "unit")}
    return redirect_to("desk.signals", query, code=code, **kept)


@bp.page("/area/<code>/exclusions", schemas.AreaMonthQuerySchema)
def exclusions(query: schemas.AreaMonthQuery, code: str) -> Response:
    """List the exclusions of an area's month."""
    user, now = actor(), clock_now()
    paging = {"cursor": query["cursor"], "limit": EXCLUSIONS_SHOWN}
    filters = {"month": query["month"], "level": None, **paging}
    exclusions = list_exclusions(user, code, filters, now)
    may = may_exclude(user, code, exclusions["month"])
    return render_private(
        "web/desk/exclusions.html", query["lang"], exclusions=exclusions, may_exclude=may
    )


@bp.page("/area/<code>/exclude", schemas.ExclusionQuerySchema, methods=READ_WRITE)
def exclude(query: schemas.ExclusionQuery, code: str) -> Response:
    """Exclude samples from the counts, after a preview."""
    form, user, chosen = new_form(query), actor(), None
    month = query["month"] or this_month(clock_now())
    unit_to_decide(user, code, None, month)
    if request.method != "POST":
        one = query["measurement"]
        chosen = {"month": month, "device": query["device"], "measurements": [one] if one else []}
    fields = form.load(schemas.ExclusionFormSchema(), ["measurements"], chosen) or {}
    about = fields and (fields["month"], fields["ids"], fields["device"])

    def run(preview: bool) -> dict[str, Any]:
        data = fields | {"preview": preview}
        return exclude_in_unit(user, code, data, clock_now())

    return _decide(query, form, code, month, about, run)


@bp.page("/area/<code>/exclusions/<int:act_id>", schemas.AreaMonthQuerySchema, methods=READ_WRITE)
def lift(query: schemas.AreaMonthQuery, code: str, act_id: int) -> Response:
    """Count excluded samples again, after a preview."""
    form, user, month = new_form(query), actor(), query["month"] or this_month(clock_now())
    unit_to_decide(user, code, None, month)
    act = _find_exclusion(code, month, act_id)
    fields = form.load(schemas.LiftFormSchema(), values=None if request.method == "POST" else {})

    def run(preview: bool) -> dict[str, Any]:
        data = (fields or {}) | {"preview": preview}
        return lift_exclusion(user, code, act_id, data, clock_now())

    return _decide(query, form, code, month, fields and act_id, run, act)


def _decide(
    query: LangQuery,
    form: Form,
    code: str,
    month: str,
    about: Any,
    run: Callable[[bool], dict[str, Any]],
    act: dict[str, Any] | None = None,
) -> Response:
    """Show the effect of an exclusion, or of lifting one; carry it out once it is confirmed."""
    result = None
    if about:
        result = confirm(form, lambda preview: queue.with_reports(run(preview)), about, "reason")
    if result and not isinstance(result, Preview):
        return redirect_to("desk.exclusions", query, code=code, month=month)
    unit = authorized_unit(actor(), "unit.signals", code, None, month)
    values = {"unit": unit, "chosen_month": month, "preview": result, "act": act}
    return render_private("web/desk/exclude.html", query["lang"], form=form, **values)


def _find_exclusion(code: str, month: str, act_id: int) -> dict[str, Any]:
    """Return an exclusion of the area's month that is in force, else 404."""
    filters = {"month": month, "level": None, "cursor": act_id + 1, "limit": 1}
    exclusions = list_exclusions(actor(), code, filters, clock_now())["items"]
    if not exclusions or exclusions[0]["id"] != act_id or exclusions[0]["lifts"] is not None:
        raise Problem(404, "not_found")
    return dict(exclusions[0])


@bp.page("/area/<code>/vnnic", FiguresPageQuerySchema, methods=READ_WRITE)
def vnnic(query: FiguresPageQuery, code: str) -> Response:
    """Compare with VNNIC's count; import its table as a draft, publish it, or take it back."""
    form, now, user = new_form(query), clock_now(), actor()
    month, network = query["month"] or this_month(now), query["network"]
    unit = authorized_unit(user, ACT, code, None, month)
    fields = form.load(schemas.TableFormSchema()) if request.method == "POST" else {}
    state, imported = (fields or {}).get("state") or "published", None
    if fields and not fields["state"]:
        key = {"month": month, "network": network}
        given: dict[str, Any] = {"dry_run": False, "now": now, "language": form.language}
        given["day"] = fields["day"]
        imported = form.attempt(
            lambda: import_vnnic(user, required_content, key, home=unit.id, **given)
        )

    def change(preview: bool) -> TableEffect:
        wanted: TableChange = {
            "month": month,
            "network": network,
            "level": unit.level,
            "state": state,
            "preview": preview,
        }
        return set_table_state(user, code, wanted)

    result = confirm(form, change, state)
    if not isinstance(result, Preview) or (imported and not imported["totals"]["error"]):
        return redirect_to("desk.vnnic", query, code=code, month=month, network=network)
    parent = unit.code if unit.level != "commune" else unit.parent_code
    found = comparison(month, network, parent, now, language=form.language)
    values = {"unit": unit, "chosen_month": month, "network": network, "found": found}
    values |= {"preview": result, "imported": imported, "heads": HEADS}
    values |= {"today": local_day(now), "month_end": month_end(month)}
    values["distance"] = distance(network, local_day(now))
    if unit.level == "province" and month == this_month(now):
        values["steering"] = show_steering(user, code, network, now)
    return render_private("web/desk/vnnic.html", query["lang"], form=form, **values)


@bp.page("/area/<code>/steering", methods=("POST",))
def steering(query: LangQuery, code: str) -> Response:
    """Let VNNIC's count steer a province, or ours again."""
    wanted: SteeringChange | None = new_form(query).load(SteeringChangeSchema())
    if wanted is None:  # the button has no other value
        raise invalid("steered_by", "not_one_of")
    set_steering(actor(), code, wanted, clock_now())
    return redirect_to("desk.vnnic", query, code=code, network=wanted["network"])


@bp.page("/area/<code>/letterhead", methods=READ_WRITE)
def letterhead(query: LangQuery, code: str) -> Response:
    """Show and change the letterhead of a unit."""
    form, now = new_form(query), clock_now()
    letterhead = show_letterhead(actor(), code, {"as_of": None, "level": None}, now)
    form.stored = letterhead | {name: "\n".join(letterhead[name]) for name in schemas.LINES}
    if request.method != "POST":
        form.values = form.stored

    def change(fields: dict[str, Any]) -> Any:
        expected = frozenset({fields.pop("version")})
        return set_letterhead(actor(), code, None, expected, fields, now)

    if form.submit(schemas.LetterheadFormSchema(), change):
        return redirect_to("desk.letterhead", query, code=code)
    return render_private(
        "web/desk/letterhead.html", query["lang"], form=form, letterhead=letterhead, code=code
    )
