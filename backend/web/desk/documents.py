"""Pages of the documents that letters answer: of a unit, and of the installation."""

from typing import Any

from flask import request

from backend.accounts.access import can
from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.coverage.figures.unit_access import authorized_unit_on
from backend.http.requests import clock_now
from backend.organisations.scopes import unit_scope
from backend.reports.content.labels import LETTER_KINDS
from backend.reports.references import service
from backend.units.service import find
from backend.web.desk import schemas
from backend.web.desk.frame import add_frame
from backend.web.site.blueprint import READ_WRITE, PageBlueprint
from backend.web.site.forms import Form, new_form, redirect_to
from backend.web.site.pages import render_private

bp = PageBlueprint("documents", __name__, login_required=True, url_prefix="/desk")
bp.context_processor(add_frame)


@bp.page({"/references": {"code": None}, "/area/<code>/references": {}}, methods=READ_WRITE)
def references(query: dict[str, Any], code: str | None) -> Any:
    """List the documents that letters of a unit or of the installation cite, and add one."""
    form, now, user = new_form(query), clock_now(), actor()
    name, may_edit = None, True
    if code is not None:
        unit = authorized_unit_on(user, "report.read", code, None, local_day(now))
        name, may_edit = unit.name, can(user, "report.edit", unit_scope(unit.id))
    if form.submit(
        schemas.ReferenceFormSchema(),
        lambda fields: service.add_reference(user, code, None, fields, now),
    ):
        return redirect_to("documents.references", query, code=code)
    return _render(query, form, code, name, may_edit)


@bp.page("/references/<int:reference_id>", methods=("POST",))
def change(query: dict[str, Any], reference_id: int) -> Any:
    """Change, confirm or remove a document."""
    form, now, user = new_form(query), clock_now(), actor()
    code = request.form.get("code") or None
    fields = form.load(schemas.ReferenceFormSchema())

    def act() -> bool:
        assert fields is not None
        expected = frozenset({fields.pop("version")})
        if request.form.get("remove"):
            service.remove_reference(user, reference_id, expected)
        else:
            service.change_reference(user, reference_id, expected, fields, now)
        return True

    if fields is not None and form.attempt(act):
        return redirect_to("documents.references", query, code=code)
    name = find(local_day(now), code).name if code else None
    return _render(query, form, code, name, True, changed=reference_id)


def _render(
    query: dict[str, Any],
    form: Form,
    code: str | None,
    name: str | None,
    may_edit: bool,
    changed: int | None = None,
) -> Any:
    """Render the documents of a unit or of the installation; its own ones can be changed."""
    documents = [
        {**one, "own": may_edit and (one["unit"] == name or one["id"] == changed)}
        for one in service.list_references(actor(), code, None, clock_now())["items"]
    ]
    return render_private(
        "web/desk/references.html",
        query["lang"],
        form=form,
        documents=documents,
        code=code,
        unit_name=name,
        may_edit=may_edit,
        letter_type=LETTER_KINDS["official_letter"],
        changed=changed,
    )
