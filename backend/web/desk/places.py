"""Pages of a province's officials about its hamlets and its places without coverage."""

from typing import Any

from flask import Response, request

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.errors import Problem, invalid, or_404
from backend.http.requests import clock_now
from backend.places import hamlets as service
from backend.places import service as places_service
from backend.places.hamlets import HamletAnswer
from backend.places.importer import COLUMNS, HamletImport, import_hamlets
from backend.places.proposals import list_proposals
from backend.places.publication import set_publication
from backend.places.schemas import OPERATORS
from backend.places.service import NewPlace, PlaceDetails, add_place, add_step, show_place
from backend.places.states import INTERNAL, STATES, following
from backend.units.service import units_on
from backend.web.desk import schemas
from backend.web.desk.frame import add_frame
from backend.web.desk.office import sent_table
from backend.web.desk.place_forms import (
    HamletForm,
    HamletFormSchema,
    HamletListQuery,
    HamletListQuerySchema,
    PlaceFormSchema,
    PlaceListQuery,
    PlaceListQuerySchema,
    PlacePageQuery,
    PlacePageQuerySchema,
    ProposalForm,
    ProposalFormSchema,
    StepForm,
    StepFormSchema,
    fields_of_hamlet,
)
from backend.web.maps.drawing import point_map
from backend.web.site.blueprint import MAP, READ_WRITE, PageBlueprint
from backend.web.site.forms import new_form, redirect_to, render_form
from backend.web.site.pages import render_private
from backend.web.site.schemas import LangQuery
from backend.web.site.tables import list_page

# A table of 5,000 hamlets; its form sends it a second time as text.
MAX_TABLE = 360_000

bp = PageBlueprint("places", __name__, login_required=True, url_prefix="/desk")
bp.context_processor(add_frame)


@bp.page("/area/<code>/hamlets", HamletListQuerySchema, methods=READ_WRITE, policy=MAP)
def hamlets(query: HamletListQuery, code: str) -> Response:
    """List the hamlets of a province; add one, or change one."""
    form, user, now = new_form(query), actor(), clock_now()
    province = service.authorized_province(user, service.SEE, code, now)
    edited = request.form.get("id", query["id"], type=int)
    own = service.read_hamlets(province.id, hamlet_id=edited) if edited else []
    form.stored = next(map(fields_of_hamlet, service.serialize_hamlets(own, now)), None)

    def save(data: HamletForm) -> HamletAnswer:
        if data["id"] is None:
            return service.add_hamlet(user, code, data, now)
        seen = frozenset({str(data["version"])})
        return service.change_hamlet(user, data["id"], seen, data, now)

    if saved := form.submit(HamletFormSchema(), save):
        return redirect_to("places.hamlets", query, code=code, q=saved["name"])
    if not form.failed:
        form.values = dict(form.stored or {})
    rows = service.read_hamlets(province.id, query["q"], unplaced=query["unplaced"])
    listed = list_page(rows, query["page"])
    total, unplaced = service.count_hamlets(province.id)
    values = {"unit": province, "code": code, "total": total, "unplaced": unplaced}
    values |= {"listed": listed, "shown": service.serialize_hamlets(listed.rows, now)}
    communes = units_on(local_day(now), "commune", code)
    point = point_map(province, communes, local_day(now))
    values |= {"communes": communes, "point": point, "wanted": query}
    return render_form("web/desk/hamlets.html", query, form, **values)


@bp.page("/area/<code>/hamlets/<int:hamlet_id>/remove", methods=("POST",))
def remove_hamlet(query: LangQuery, code: str, hamlet_id: int) -> Response:
    """Remove a hamlet from the list."""
    service.remove_hamlet(actor(), hamlet_id, frozenset({request.form.get("version", "")}))
    return redirect_to("places.hamlets", query, code=code)


@bp.page("/area/<code>/hamlets/import", methods=READ_WRITE, upload_most=MAX_TABLE)
def hamlet_import(query: LangQuery, code: str) -> Response:
    """Import the hamlets of a province from a table, after a preview."""
    form, user, now = new_form(query), actor(), clock_now()
    unit = service.authorized_province(user, service.SEE, code, now)

    def run(fields: schemas.PreviewForm) -> HamletImport:
        raw, language = sent_table(form), form.language
        return import_hamlets(
            user, code, raw, dry_run=fields["preview"], now=now, language=language
        )

    result = form.submit(schemas.PreviewFormSchema(), run)
    if result and not result["dry_run"] and not result["totals"]["error"]:
        return redirect_to("places.hamlets", query, code=code)
    values: dict[str, Any] = {"form": form, "result": result, "unit": unit, "code": code}
    template = "web/desk/hamlet_import.html"
    return render_private(template, query["lang"], columns=COLUMNS, **values)


@bp.page("/area/<code>/places", PlaceListQuerySchema, methods=READ_WRITE, policy=MAP)
def places(query: PlaceListQuery, code: str) -> Response:
    """List the places without coverage of a province; add one."""
    form, user, now = new_form(query), actor(), clock_now()
    province = service.authorized_province(user, service.SEE, code, now)

    def save(data: NewPlace) -> PlaceDetails:
        try:
            return add_place(user, code, data, now)
        except Problem as problem:
            if [one.code for one in problem.errors] == ["place_outside"]:
                raise invalid("position", "place_outside") from None  # one text in the form
            raise

    if saved := form.submit(PlaceFormSchema(), save):
        return redirect_to("places.place", query, code=code, place_id=saved["id"])
    chosen = request.form.get("hamlet_id", query["hamlet"], type=int)
    own = service.read_hamlets(province.id, hamlet_id=chosen) if chosen else []
    due = local_day(now) if query["to_measure"] else None
    rows = places_service.read_places(
        province.id, query["state"], query["operator"], to_measure=due
    )
    listed = list_page(rows, query["page"])
    shown = places_service.serialize_places(listed.rows, now)
    values = {"unit": province, "code": code, "listed": listed, "shown": shown, "wanted": query}
    values |= {"hamlet": own[0] if own else None, "states": STATES, "operators": OPERATORS}
    values["point"] = None if own else point_map(province, (), local_day(now))
    return render_form("web/desk/places.html", query, form, today=local_day(now), **values)


@bp.page("/area/<code>/places/<int:place_id>", PlacePageQuerySchema, methods=READ_WRITE)
def place(query: PlacePageQuery, code: str, place_id: int) -> Response:
    """Show a place without coverage, with its history and its evidence; add a step."""
    form, user, now = new_form(query), actor(), clock_now()
    province = service.authorized_province(user, service.SEE, code, now)
    or_404(next(iter(places_service.read_places(province.id, place_id=place_id)), None))
    shown = show_place(user, place_id, now)
    form.stored = {"version": shown["version"]}

    def save(data: StepForm) -> PlaceDetails:
        return add_step(user, place_id, frozenset({str(data["version"])}), data, now)

    if form.submit(StepFormSchema(), save):
        return redirect_to("places.place", query, code=code, place_id=place_id)
    correcting = query["correct"] or bool(form.values.get("correction"))
    choices = following(shown["state"], correction=correcting)
    values = {"unit": province, "code": code, "place": shown, "today": local_day(now)}
    values |= {"correcting": correcting, "choices": choices}
    values["for_operator"] = shown["state"] not in INTERNAL
    return render_form("web/desk/place.html", query, form, **values)


@bp.page("/area/<code>/places/<int:place_id>/publication", methods=("POST",))
def publish(query: LangQuery, code: str, place_id: int) -> Response:
    """Publish a place that an operator has been told of, or take it back."""
    user, now, fields = actor(), clock_now(), request.form
    province = service.authorized_province(user, service.SEE, code, now)
    or_404(next(iter(places_service.read_places(province.id, place_id=place_id)), None))
    seen = frozenset({fields.get("version", "")})
    set_publication(user, place_id, seen, {"published": fields.get("published") == "yes"}, now)
    return redirect_to("places.place", query, code=code, place_id=place_id)


@bp.page("/area/<code>/places/proposals", methods=READ_WRITE)
def proposals(query: LangQuery, code: str) -> Response:
    """List hamlets and cells with evidence and without a place; add a hamlet, or say why not."""
    form, user, now = new_form(query), actor(), clock_now()
    province = service.authorized_province(user, service.SEE, code, now)

    def decide(data: ProposalForm) -> PlaceDetails:
        hamlet_id, reason = data["hamlet_id"], data["reason"]
        if data["act"] == "reject" and reason is not None:
            return places_service.reject_hamlet(user, code, hamlet_id, reason, now)
        return places_service.add_hamlet(user, code, hamlet_id, data["operator"], now)

    if form.submit(ProposalFormSchema(), decide):
        return redirect_to("places.proposals", query, code=code)
    proposed = list_proposals(user, code, now)["items"]
    values = {"unit": province, "code": code, "proposed": proposed, "operators": OPERATORS}
    return render_form("web/desk/proposals.html", query, form, **values)
