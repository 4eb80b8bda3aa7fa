"""Pages of admins about people: invitations, roles, sessions, succession, organisations."""

from collections.abc import Sequence
from typing import TypedDict

from flask import Response, current_app, request

from backend.accounts import links, users
from backend.accounts.audit import record_read
from backend.accounts.authentication import actor
from backend.accounts.links import LinkHandedOut, deliver
from backend.accounts.models import Role
from backend.accounts.session_list import all_sessions, end_session
from backend.clock import local_day
from backend.errors import Problem, invalid
from backend.http.links import link_root
from backend.http.requests import as_attachment, clock_now
from backend.official_import.lines import MAX_FILE, as_text, read_file
from backend.official_import.service import ImportedOfficials, OfficialRow, officials_within
from backend.official_import.template import workbook
from backend.organisations.areas import confirm_successors, list_ended
from backend.organisations.grants import end_role
from backend.organisations.service import (
    NewOrganisation,
    OrganisationDetails,
    OrganisationsQuery,
    create_organisation,
    end_organisation,
    list_organisations,
)
from backend.tables.spreadsheets import XLSX
from backend.web.admin import roles, schemas
from backend.web.admin.audit_details import NameOrigin, origins_of
from backend.web.admin.frame import bp, render_section
from backend.web.admin.officials import (
    ProvinceOfficials,
    as_table,
    hand_out,
    province_officials,
    submit_list,
)
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to, uploaded_content
from backend.web.site.schemas import LangQuery
from backend.web.site.unit_fields import read_unit


@bp.page("/people", schemas.PeopleQuerySchema, READ_WRITE)
def people(query: schemas.PeopleQuery) -> Response:
    """List people, and invite one."""
    form, now, invitation = new_form(query), clock_now(), schemas.InvitationFormSchema()
    link = form.submit(invitation, lambda fields: roles.invite(actor(), fields, now))
    if link is not None:
        return _render_link(query, link)
    return _render_people(query, form)


def _render_people(query: schemas.PeopleQuery, form: Form) -> Response:
    """Render the people found, roles whose area ended, and open sessions."""
    text, now = query["q"], clock_now()
    listed = users.list_users(
        actor(),
        query["cursor"],
        schemas.ROWS,
        now,
        text=text,
        role=query["role"],
        scopes=roles.people_responsible(text, now) if text else None,
    )
    scopes = roles.scope_names(role for one in listed["items"] for role in one["roles"])
    values = {"listed": listed, "scopes": scopes, "q": text, "role": query["role"]}
    values |= {"sessions": all_sessions(actor(), now), "ended": list_ended(actor(), now)}
    return render_section("people", query, form, **values, **_scope_choices())


@bp.page("/people/officials", schemas.ProvinceQuerySchema, READ_WRITE, upload_most=MAX_FILE)
def officials(query: schemas.ProvinceQuery) -> Response:
    """Invite the officials of a list: every line is checked before, and all or none are invited."""
    form, handed = new_form(query), []

    def submit(fields: schemas.OfficialsForm) -> ImportedOfficials:
        now, content = clock_now(), uploaded_content()
        if content is not None:  # as text, so that the file is chosen once
            form.values["officials"] = as_text(read_file(content))
        text = form.values.get("officials") or ""
        return submit_list(actor(), fields, text, now, local_day(now), form.language)

    result = form.submit(schemas.OfficialsFormSchema(), submit, lists=["known"])
    if result and result["invited"]:
        mailing = form.values.get("mail") == "yes"
        handed = hand_out(result["invited"], link_root(), current_app.config, mailing=mailing)
    if request.method != "POST" and query["home"]:
        form.values = {"home": query["home"]}
    return render_section(
        "officials",
        query,
        form,
        result=result,
        handed=handed,
        links_table=as_table(handed) if handed else None,
        province=_province(form),
        unconfirmed=_unconfirmed(result["rows"] if result else []),
        mails=bool(current_app.config["SMTP_HOST"]),
    )


class UnconfirmedAccount(TypedDict):
    """An account in a list of officials that nobody has confirmed."""

    roles: list[Role]
    scopes: dict[tuple[str, int], str]  # their names, by kind and id
    origin: NameOrigin | None  # null: not in the log


def _unconfirmed(rows: Sequence[OfficialRow]) -> dict[int, UnconfirmedAccount]:
    """Return roles and origin of the accounts in a list that nobody has confirmed."""
    ids = {row["account"] for row in rows if row["account"]}
    origins, now = origins_of(ids), clock_now()
    held = {user_id: users.roles_of(user_id, now) for user_id in ids}
    scopes = roles.scope_names(role for own in held.values() for role in own)
    return {one: {"roles": held[one], "scopes": scopes, "origin": origins.get(one)} for one in ids}


def _province(form: Form) -> ProvinceOfficials | None:
    """Return the officials of the province in the form, if it is clear which one."""
    now = clock_now()
    try:
        home = read_unit(form.values, "home", local_day(now), level="province")
    except Problem:
        return None
    return province_officials(actor(), home.id, now) if home else None


@bp.page("/people/officials/list.xlsx", schemas.ProvinceQuerySchema)
def official_list(query: schemas.ProvinceQuery) -> Response:
    """Send the list of a province's communes, with their officials, as a workbook to fill in."""
    now = clock_now()
    home = read_unit({"home": query["home"]}, "home", local_day(now), level="province")
    if home is None:
        raise invalid("home", "required")
    content = workbook(officials_within(actor(), home.id, now))
    return as_attachment(content, XLSX, f"can-bo-{home.code}.xlsx")


@bp.page("/people/<int:user_id>", methods=READ_WRITE)
def person(query: LangQuery, user_id: int) -> Response:
    """Show a person, and grant them a further role."""
    form, now = new_form(query), clock_now()
    granted = form.submit(
        schemas.RoleFormSchema(), lambda fields: roles.grant(actor(), user_id, fields, now)
    )
    if granted is not None:
        return redirect_to("admin.person", query, user_id=user_id)
    return _render_person(query, user_id, form)


@bp.page("/people/<int:user_id>/roles/<int:role_id>/end", methods=("POST",))
def stop_role(query: LangQuery, user_id: int, role_id: int) -> Response:
    """End a role now."""
    form = new_form(query)
    form.attempt(lambda: end_role(actor(), user_id, role_id, clock_now()))
    if form.failed:
        return _render_person(query, user_id, form)
    return redirect_to("admin.person", query, user_id=user_id)


@bp.page("/people/<int:user_id>/confirm", methods=("POST",))
def confirm(query: LangQuery, user_id: int) -> Response:
    """Confirm that the account is the named person's."""
    users.confirm(actor(), user_id, clock_now())
    return redirect_to("admin.person", query, user_id=user_id)


@bp.page("/people/<int:user_id>/link", methods=("POST",))
def password_link(query: LangQuery, user_id: int) -> Response:
    """Create a link for choosing a new password."""
    return _render_link(query, links.make_password_link(actor(), user_id, clock_now()))


def _render_person(
    query: LangQuery, user_id: int, form: Form, handed: LinkHandedOut | None = None
) -> Response:
    record_read(actor(), "people", "system")
    held = users.roles_of(user_id, clock_now())
    person = users.describe(users.find(user_id, lock=False), held)
    return render_section(
        "person",
        query,
        form,
        person=person,
        handed=handed,
        scopes=roles.scope_names(held),
        origin=origins_of([user_id]).get(user_id),
        **_scope_choices(),
    )


class ScopeChoices(TypedDict):
    """The choices of the fields of a role's scope: ids with names."""

    organisations: list[tuple[int, str]]
    clusters: list[tuple[int, str]]


def _scope_choices() -> ScopeChoices:
    """Return the choices of the fields of a role's scope."""
    today = local_day(clock_now())
    return {"organisations": roles.organisation_choices(), "clusters": roles.cluster_choices(today)}


def _render_link(query: LangQuery, link: links.Link) -> Response:
    """Render the page of a person with their link, shown once, and whether it was mailed."""
    handed = deliver(link, link_root(), current_app.config)
    response = _render_person(query, link.user_id, new_form(query), handed)
    response.status_code = 201
    return response


@bp.page("/sessions/<int:user_id>/end", schemas.PeopleQuerySchema, ("POST",))
def end_sessions(query: schemas.PeopleQuery, user_id: int) -> Response:
    """End one session of a person, or all except the own one."""
    form = new_form(query)
    form.attempt(lambda: end_session(actor(), user_id, request.form.get("number")))
    if form.failed:
        return _render_people(query, form)
    return redirect_to("admin.people", query, _anchor="sessions")


@bp.page("/succession/<int:role_id>", schemas.PeopleQuerySchema, ("POST",))
def succeed(query: schemas.PeopleQuery, role_id: int) -> Response:
    """Confirm the successors of a role's unit."""
    form, now = new_form(query), clock_now()

    def act(fields: schemas.SuccessorsForm) -> int:
        units = [
            roles.code_reference(code, fields["level"], local_day(now)) for code in fields["units"]
        ]
        return confirm_successors(actor(), role_id, units, fields["name"], now)

    if form.submit(schemas.SuccessorsFormSchema(), act, lists=["units"]):
        return redirect_to("admin.people", query)
    return _render_people(query, form)


LASTING: OrganisationsQuery = {
    "type": None,
    "parent": None,
    "q": None,
    "ended": "false",
    "limit": schemas.ROWS,
    "cursor": None,
}


@bp.page("/organisations", schemas.ListQuerySchema, READ_WRITE)
def organisations(query: schemas.CursorQuery) -> Response:
    """List organisations, and add one."""
    form, today = new_form(query), local_day(clock_now())

    def act(fields: schemas.OrganisationForm) -> OrganisationDetails:
        new: NewOrganisation = {
            "name": fields["name"],
            "type": fields["type"],
            "parent_id": fields["parent_id"],
            "unit": roles.requested_unit(fields, today),
        }
        return create_organisation(actor(), new)

    if form.submit(schemas.OrganisationFormSchema(), act):
        return redirect_to("admin.organisations", query)
    return _render_organisations(query, form)


@bp.page("/organisations/<int:organisation_id>/end", schemas.ListQuerySchema, ("POST",))
def stop_organisation(query: schemas.CursorQuery, organisation_id: int) -> Response:
    """End an organisation once that is confirmed, or remove it if it is empty."""
    form, now = new_form(query), clock_now()
    if request.form.get("sure") != "yes":
        return redirect_to("admin.organisations", query)

    def act(fields: schemas.VersionForm) -> OrganisationDetails | None:
        return end_organisation(actor(), organisation_id, frozenset({fields["version"]}), now)

    form.submit(schemas.VersionSchema(), act)
    if form.failed:
        return _render_organisations(query, form)
    return redirect_to("admin.organisations", query)


def _render_organisations(query: schemas.CursorQuery, form: Form) -> Response:
    listed = list_organisations({**LASTING, "cursor": query["cursor"]})
    return render_section(
        "organisations", query, form, listed=listed, organisations=roles.organisation_choices()
    )
