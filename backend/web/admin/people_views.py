"""Pages of people, their roles, their links, and roles whose area ended."""

from typing import Any

from flask import current_app, request

from backend.accounts import links, users
from backend.accounts.authentication import actor
from backend.accounts.links import deliver
from backend.clock import local_day
from backend.http.requests import clock_now
from backend.organisations.areas import confirm_successors, list_ended
from backend.organisations.grants import end_role
from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.roles import grant, invite, organisations, scope_names, unit_reference
from backend.web.admin.schemas import (
    ROWS,
    InvitationFormSchema,
    PeopleQuerySchema,
    RoleFormSchema,
    SuccessorsFormSchema,
)
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to


@bp.page("/people", PeopleQuerySchema, READ_WRITE)
def people(query: dict[str, Any]) -> Any:
    """List people, and invite one."""
    form, now = new_form(query), clock_now()
    link = form.submit(InvitationFormSchema(), lambda fields: invite(actor(), fields, now))
    if link is not None:
        return _render_link(query, link)
    listed = users.list_users(actor(), query["name"], query["cursor"], ROWS, now)
    scopes = scope_names(role for one in listed["items"] for role in one.roles)
    return render_section(
        "people", query, form, listed=listed, scopes=scopes, organisations=organisations()
    )


@bp.page("/people/<int:user_id>", methods=READ_WRITE)
def person(query: dict[str, Any], user_id: int) -> Any:
    """Show a person, and grant them a further role."""
    form, now = new_form(query), clock_now()
    granted = form.submit(RoleFormSchema(), lambda fields: grant(actor(), user_id, fields, now))
    if granted is not None:
        return redirect_to("admin.person", query, user_id=user_id)
    return _render_person(query, user_id, form)


@bp.page("/people/<int:user_id>/roles/<int:role_id>/end", methods=("POST",))
def stop_role(query: dict[str, Any], user_id: int, role_id: int) -> Any:
    """End a role now."""
    form = new_form(query)
    form.attempt(lambda: end_role(actor(), user_id, role_id, clock_now()))
    if form.failed:
        return _render_person(query, user_id, form)
    return redirect_to("admin.person", query, user_id=user_id)


@bp.page("/people/<int:user_id>/link", methods=("POST",))
def password_link(query: dict[str, Any], user_id: int) -> Any:
    """Create a link for choosing a new password."""
    return _render_link(query, links.make_password_link(actor(), user_id, clock_now()))


def _render_person(query: dict[str, Any], user_id: int, form: Form) -> Any:
    roles = users.roles_of(user_id, clock_now())
    person = users.describe(users.find(user_id, lock=False), roles)
    choices = {"scopes": scope_names(roles), "organisations": organisations()}
    return render_section("person", query, form, person=person, **choices)


def _render_link(query: dict[str, Any], link: links.Link) -> Any:
    """Render the page that shows a link once, and whether it was mailed."""
    handed = deliver(link, request.host_url, current_app.config)
    response = render_section("link", query, handed=handed)
    response.status_code = 201
    return response


@bp.page("/succession")
def succession(query: dict[str, Any]) -> Any:
    """List roles that ended with their unit, with proposed successors."""
    return render_section("succession", query, items=list_ended(actor(), clock_now())["items"])


@bp.page("/succession/<int:role_id>", methods=("POST",))
def succeed(query: dict[str, Any], role_id: int) -> Any:
    """Confirm the successors of a role's unit."""
    form, now = new_form(query), clock_now()

    def act(fields: dict[str, Any]) -> Any:
        units = [unit_reference(code, fields["level"], local_day(now)) for code in fields["units"]]
        return confirm_successors(actor(), role_id, {"units": units, "name": fields["name"]}, now)

    if form.submit(SuccessorsFormSchema(), act, lists=["units"]):
        return redirect_to("admin.succession", query)
    return render_section("succession", query, form, items=list_ended(actor(), now)["items"])
