"""Campaigns: dates, an area and kinds of network within which teams earn samples."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from backend.accounts.access import Actor, can, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.models import Campaign, CampaignArea, JoinCode
from backend.campaigns.states import NETWORKS, refusal
from backend.database.extensions import db
from backend.errors import FieldError, Problem, invalid
from backend.http import etags
from backend.organisations.clusters import units_of
from backend.organisations.scopes import campaign_scope, organisation_scope
from backend.organisations.service import lasting_organisation
from backend.organisations.unit_names import unit_ids, units_told
from backend.organisations.versions import audit_values, changed_values, remove_unused, update_row

COLUMNS = ("name", "first_day", "last_day", "networks", "target", "cap", "state")


def visible_campaign(actor: Actor, campaign_id: int) -> Campaign:
    """A campaign that the actor may know of; 404 for a draft of others as for none at all."""
    row = db.session.get(Campaign, campaign_id, populate_existing=True)
    if row is None:
        raise Problem(404, "not_found")
    if row.state == "draft" and not can(actor, "campaign.see", campaign_scope(campaign_id)):
        raise Problem(404, "not_found")
    return row


def show_campaign(actor: Actor, campaign_id: int) -> dict[str, Any]:
    """One campaign with its area."""
    return _told(visible_campaign(actor, campaign_id))


def create_campaign(actor: Actor, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Add a campaign of an organisation, as a draft unless told."""
    organisation_id = _organiser(actor, asked["organisation_id"])
    _check_days(asked["first_day"], asked["last_day"])
    areas = _named_areas(asked)
    values = {name: asked[name] for name in COLUMNS} | {"organisation_id": organisation_id}
    values["networks"] = _in_order(values["networks"])
    row = Campaign(**values)
    db.session.add(row)
    db.session.flush()
    _write_areas(row.id, areas)
    after = audit_values(values | {"areas": areas})
    record_act(actor, "campaign.create", f"campaign:{row.id}", after=after)
    db.session.refresh(row)
    told = _told(row)
    db.session.commit()
    return told


def change_campaign(
    actor: Actor,
    campaign_id: int,
    expected: etags.Expected,
    changes: Mapping[str, Any],
    *,
    commit: bool = True,
) -> dict[str, Any]:
    """Change what is named of a campaign.

    With `commit=False` what earnings rest on may change after the draft, too: the caller then
    attributes again and commits, or rolls back what was a preview.
    """
    row = _to_edit(actor, campaign_id)
    etags.must_match(expected, row.version)
    areas = _areas_of(row.id)
    changed = _changed(row, areas, changes)
    _check_change(row, changed, may_move=not commit)
    if changed:
        before = {name: areas if name == "areas" else getattr(row, name) for name in changed}
        update_row(row, {name: value for name, value in changed.items() if name != "areas"})
        if "areas" in changed:
            _write_areas(row.id, changed["areas"])
        details = {"before": audit_values(before), "after": audit_values(changed)}
        record_act(actor, "campaign.change", f"campaign:{row.id}", **details)
    told = _told(row)
    if commit:
        db.session.commit()
    return told


def remove_campaign(actor: Actor, campaign_id: int, expected: etags.Expected) -> None:
    """Remove a draft; what was once published stays, for its figures refer to it."""
    row = _to_edit(actor, campaign_id)
    etags.must_match(expected, row.version)
    if row.state != "draft":
        raise Problem(409, "campaign_not_draft", [FieldError("state", "campaign_not_draft")])
    values = {name: getattr(row, name) for name in ("organisation_id", *COLUMNS)}
    before = audit_values(values | {"areas": _areas_of(row.id)})
    if not remove_unused(row, JoinCode.campaign_id):
        raise Problem(409, "campaign_used")
    record_act(actor, "campaign.remove", f"campaign:{campaign_id}", before=before)
    db.session.commit()


def _to_edit(actor: Actor, campaign_id: int) -> Campaign:
    require_person(actor)
    row = visible_campaign(actor, campaign_id)
    require(actor, "campaign.edit", campaign_scope(campaign_id))
    return row


def _organiser(actor: Actor, organisation_id: int) -> int:
    """Whose campaign it is to be; only who organises for them may say so."""
    try:
        scope = organisation_scope(organisation_id)
    except Problem:
        raise invalid("organisation_id", "no_such_organisation") from None
    require(actor, "campaign.edit", scope)
    return lasting_organisation(organisation_id).id


def _changed(row: Campaign, areas: frozenset[int], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What of a campaign becomes otherwise."""
    wanted = {name: changes[name] for name in COLUMNS if name in changes}
    if "networks" in wanted:
        wanted["networks"] = _in_order(wanted["networks"])
    changed = changed_values(row, wanted)
    given = _named_areas(changes)
    if given and given != areas:
        changed["areas"] = given
    return changed


def _named_areas(asked: Mapping[str, Any]) -> frozenset[int]:
    """The units that a request names, one by one or as a cluster has them now."""
    if "cluster_id" not in asked:
        return unit_ids(asked.get("areas", ()), "areas")
    found = units_of(asked["cluster_id"])
    if not found:
        raise invalid("cluster_id", "no_such_cluster")
    return found


def _in_order(networks: Collection[str]) -> list[str]:
    return [one for one in NETWORKS if one in networks]


def _check_change(row: Campaign, changed: Mapping[str, Any], *, may_move: bool) -> None:
    following = changed.get("state", row.state)
    if code := refusal(row.state, changed, following, may_move):
        fields = ["state"] if code == "state_not_reachable" else sorted(changed)
        raise Problem(409, code, [FieldError(field, code) for field in fields])
    _check_days(changed.get("first_day", row.first_day), changed.get("last_day", row.last_day))


def _check_days(first: Any, last: Any) -> None:
    if last < first:
        raise invalid("last_day", "before_first_day")


def _areas_of(campaign_id: int) -> frozenset[int]:
    query = select(CampaignArea.unit_id).where(CampaignArea.campaign_id == campaign_id)
    return frozenset(db.session.scalars(query))


def _write_areas(campaign_id: int, areas: Collection[int]) -> None:
    db.session.execute(
        delete(CampaignArea).where(CampaignArea.campaign_id == campaign_id),
        execution_options={"synchronize_session": False},
    )
    rows = [{"campaign_id": campaign_id, "unit_id": unit} for unit in sorted(areas)]
    db.session.execute(insert(CampaignArea), rows)


def _told(row: Campaign) -> dict[str, Any]:
    names = ("id", "organisation_id", *COLUMNS, "demo", "version")
    areas = list(units_told(_areas_of(row.id)).values())
    return {name: getattr(row, name) for name in names} | {"areas": areas}
