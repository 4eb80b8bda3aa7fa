"""Pages of admins about clusters of communes: all of them, a new one, the end of one."""

from datetime import datetime

from flask import Response, request

from backend.accounts.access import Actor
from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.errors import invalid
from backend.http.requests import clock_now
from backend.organisations.clusters import end_cluster, list_clusters, make_cluster
from backend.units.catalogue import system_span
from backend.units.index import unit_index
from backend.web.admin import schemas
from backend.web.admin.frame import bp, render_section
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to
from backend.web.site.schemas import LangQuery
from backend.web.site.unit_fields import read_units

LISTS = ("communes_choice", "districts_choice")
_, LAST_DAY_OF_DISTRICTS = system_span("2024")


@bp.page("/clusters", methods=READ_WRITE)
def clusters(query: LangQuery) -> Response:
    """List clusters of communes, and add one."""
    form, now = new_form(query), clock_now()
    made = form.submit(
        schemas.ClusterFormSchema(), lambda fields: make(actor(), fields, now), LISTS
    )
    if made is not None:
        return redirect_to("admin.clusters", query, _anchor=f"cluster-{made}")
    return _render(query, form)


@bp.page("/clusters/<int:cluster_id>/end", methods=("POST",))
def stop_cluster(query: LangQuery, cluster_id: int) -> Response:
    """End a cluster and the roles over it once that is confirmed."""
    form = new_form(query)
    if request.form.get("sure") != "yes":
        return redirect_to("admin.clusters", query)
    form.attempt(lambda: end_cluster(actor(), cluster_id, clock_now()))
    return _render(query, form) if form.failed else redirect_to("admin.clusters", query)


def _render(query: LangQuery, form: Form) -> Response:
    listed = list_clusters(clock_now())
    return render_section("clusters", query, form, listed=listed, former=LAST_DAY_OF_DISTRICTS)


def make(actor: Actor, fields: schemas.ClusterForm, now: datetime) -> int:
    """Add a cluster of the named communes and of those that are most of the ground of districts."""
    assert LAST_DAY_OF_DISTRICTS is not None
    named = read_units(fields, "communes", [local_day(now)], level="commune")
    districts = read_units(fields, "districts", [LAST_DAY_OF_DISTRICTS], level="district")
    index = unit_index()
    heirs = [one.unit for district in districts for one in index.heirs(district) if one.likely]
    name = fields["name"] or (f"{districts[0].name} (cũ)" if len(districts) == 1 else None)
    if name is None:
        raise invalid("name", "required")
    return make_cluster(actor, name, {unit.id for unit in (*named, *heirs)}, now)
