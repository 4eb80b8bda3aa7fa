"""Pages of targets: samples that units need, their days and sources."""

from typing import Any

from backend.accounts.authentication import actor
from backend.coverage.targets.service import change_target, list_targets, set_target, show_target
from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.roles import UNIT_FIELD, form_errors, unit_reference
from backend.web.admin.schemas import (
    ROWS,
    ListQuerySchema,
    TargetChangeFormSchema,
    TargetFormSchema,
)
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import new_form, redirect_to

ALL = {"level": None, "network": None, "purpose": None, "as_of": None, "limit": ROWS}


@bp.page("/targets", ListQuerySchema, READ_WRITE)
def targets(query: dict[str, Any]) -> Any:
    """List targets, and set one."""
    form = new_form(query)

    def act(fields: dict[str, Any]) -> Any:
        unit = unit_reference(fields.pop("unit_code"), fields["level"], fields["valid_from"])
        with form_errors(UNIT_FIELD):
            return set_target(actor(), fields | {"unit": unit})

    if form.submit(TargetFormSchema(), act):
        return redirect_to("admin.targets", query)
    listed = list_targets(ALL | {"cursor": query["cursor"]})
    return render_section("targets", query, form, listed=listed)


@bp.page("/targets/<int:target_id>", methods=READ_WRITE)
def target(query: dict[str, Any], target_id: int) -> Any:
    """Show a target, and change or end it."""
    form, there = new_form(query), show_target(target_id)

    def act(fields: dict[str, Any]) -> Any:
        expected = frozenset({fields.pop("version")})
        return change_target(actor(), target_id, expected, fields)

    if form.submit(TargetChangeFormSchema(), act):
        return redirect_to("admin.targets", query)
    return render_section("target", query, form, target=there)
