"""Campaigns: dates, an area and kinds of network within which teams earn samples."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, TypedDict

from sqlalchemy import delete, insert, select, text, tuple_

from backend.accounts.access import Actor, can, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.models import Campaign, CampaignArea, JoinCode
from backend.clock import local_day
from backend.database.extensions import change_rows, db
from backend.errors import FieldError, Problem, invalid
from backend.http import etags
from backend.http.paging import PageQuery, decode_cursor, row_id, take_page
from backend.organisations.references import UnitBrief, UnitReference, serialize_units, unit_ids
from backend.organisations.scopes import campaign_scope, requested_organisation_scope
from backend.organisations.service import lock_organisation, with_those_below
from backend.organisations.versions import (
    audit_values,
    changed_values,
    get_row,
    remove_unused,
    update_row,
)

COLUMNS = ("name", "first_day", "last_day", "networks", "target", "cap", "state")
# Each state with those that may follow: a published campaign never becomes a draft again, an
# archived one does not change.
NEXT_STATES: dict[str, frozenset[str]] = {
    "draft": frozenset({"open"}),
    "open": frozenset({"closed"}),
    "closed": frozenset({"archived", "open"}),
    "archived": frozenset(),
}
STATES = tuple(NEXT_STATES)
FIRST_STATES = ("draft", "open")
OVER = ("closed", "archived")
NETWORKS = ("mobile", "fixed")  # counted apart, in this order
# The fields on which earnings depend: after the draft, changing them moves earnings.
EARNING_FIELDS = frozenset({"first_day", "last_day", "areas", "networks", "cap"})

# An organiser's are those of the organisation and of those below it; a leader's are those in which
# the team has members or a code; an admin's are all. The newest first.
OWN_CAMPAIGNS = text("""
    select c.id, c.name, c.first_day, c.last_day, c.networks, c.state, c.demo,
        o.name as organisation,
        :everything or c.organisation_id = any(:organisations) as organises
    from campaigns c join organisations o on o.id = c.organisation_id
    where :everything
        or c.organisation_id = any(:organisations)
        or c.state <> 'draft' and (
            exists (select from memberships m
                    where m.campaign_id = c.id and m.team_id = any(:teams))
            or exists (select from join_codes j
                       where j.campaign_id = c.id and j.team_id = any(:teams)))
    order by c.first_day desc, c.id desc limit :most
""")
# A province runs a campaign or two a month: some eight years of them.
MAX_OWN = 200


class CampaignSummary(TypedDict):
    """A campaign in a list."""

    id: int
    organisation_id: int
    name: str
    first_day: date
    last_day: date
    networks: list[str]  # mobile, fixed: what is counted apart
    target: int | None  # per commune and month; null: the official one
    cap: int | None  # most counted samples of a device and day; null: no limit
    state: str  # draft, open, closed, archived
    demo: bool  # generated samples
    version: int


class CampaignDetails(CampaignSummary):
    """A campaign; `target` per commune where it differs, `cap` per device and day."""

    areas: list[UnitBrief]  # in Vietnamese order


class CampaignPage(TypedDict):
    """A page of campaigns, the latest first."""

    items: list[CampaignSummary]
    next: str | None  # the cursor of the next page; null on the last one


class OwnCampaign(TypedDict):
    """A campaign that a person organises, or leads a team in."""

    id: int
    name: str
    first_day: date
    last_day: date
    networks: list[str]
    state: str
    demo: bool
    organisation: str  # its name
    organises: bool  # else the person leads a team


class CampaignCreate(TypedDict):
    """A new campaign, as `CampaignCreateSchema` reads it."""

    organisation_id: int
    name: str
    first_day: date
    last_day: date
    areas: list[UnitReference]  # units by system, level and code
    networks: list[str]
    target: int | None
    cap: int | None
    state: str  # draft, open


class CampaignChanges(TypedDict, total=False):
    """Changes of a campaign; a missing field stays as it is."""

    name: str
    first_day: date
    last_day: date
    areas: list[UnitReference]  # units by system, level and code
    networks: list[str]
    target: int | None
    cap: int | None
    state: str


def list_campaigns(actor: Actor, query: PageQuery) -> CampaignPage:
    """Return a page of campaigns, the latest first; drafts only to people who may see them."""
    rows = select(Campaign).order_by(Campaign.first_day.desc(), Campaign.id.desc())
    if not can(actor, "campaign.see"):  # everywhere
        own = with_those_below(actor.ids("organiser")) if actor.signed_in else ()
        rows = rows.where((Campaign.state != "draft") | Campaign.organisation_id.in_(own))
    if after := decode_cursor(query["cursor"], date.fromisoformat, row_id):
        rows = rows.where(tuple_(Campaign.first_day, Campaign.id) < tuple_(*after))
    campaigns = db.session.scalars(rows.limit(query["limit"] + 1)).all()
    page, next_cursor = take_page(campaigns, query["limit"], lambda row: (row.first_day, row.id))
    return {"items": [_summary_of(row) for row in page], "next": next_cursor}


def own_campaigns(actor: Actor) -> list[OwnCampaign]:
    """List the campaigns that a person organises, or leads a team in."""
    require_person(actor)
    values = {
        "organisations": with_those_below(actor.ids("organiser")),
        "teams": sorted(actor.ids("team_leader")),
        "everything": any(grant.role == "admin" for grant in actor.grants),
        "most": MAX_OWN,
    }
    rows = db.session.execute(OWN_CAMPAIGNS, values)
    return [OwnCampaign(**row._mapping) for row in rows]  # type: ignore[typeddict-item] # columns


def organised_campaign(actor: Actor) -> int | None:
    """Return the one open campaign of a person who only organises."""
    if {grant.role for grant in actor.grants} != {"organiser"}:
        return None
    running = [campaign["id"] for campaign in own_campaigns(actor) if campaign["state"] == "open"]
    return running[0] if len(running) == 1 else None


def led_team(actor: Actor) -> tuple[int, int] | None:
    """Return the one open campaign and the team of a person who only leads that team."""
    teams = actor.ids("team_leader")
    if {grant.role for grant in actor.grants} != {"team_leader"} or len(teams) != 1:
        return None
    running = [campaign["id"] for campaign in own_campaigns(actor) if campaign["state"] == "open"]
    [team] = teams
    return (running[0], team) if len(running) == 1 else None


def visible_campaign(actor: Actor, campaign_id: int) -> Campaign:
    """Return a campaign that the actor may see; 404 for another organisation's draft."""
    row = get_row(Campaign, campaign_id)
    if row.state == "draft" and not can(actor, "campaign.see", campaign_scope(campaign_id)):
        raise Problem(404, "not_found")
    return row


def is_over(row: Campaign, now: datetime) -> bool:
    """Return whether a campaign is closed, or its last day has passed."""
    return row.state in OVER or (row.state == "open" and row.last_day < local_day(now))


def show_campaign(actor: Actor, campaign_id: int) -> CampaignDetails:
    """Return one campaign with its area."""
    return serialize_campaign(visible_campaign(actor, campaign_id))


def create_campaign(actor: Actor, data: CampaignCreate, *, commit: bool = True) -> CampaignDetails:
    """Add a campaign of an organisation; with `commit=False` the caller commits."""
    organisation_id = data["organisation_id"]
    require(actor, "campaign.edit", requested_organisation_scope(organisation_id))
    lock_organisation(organisation_id)
    _check_days(data["first_day"], data["last_day"])
    areas = unit_ids(data["areas"], "areas")
    values: dict[str, object] = {
        name: value for name, value in data.items() if name in ("organisation_id", *COLUMNS)
    }
    values["networks"] = _in_order(data["networks"])
    row = Campaign(**values)
    db.session.add(row)
    db.session.flush()
    _write_areas(row.id, areas)
    after = audit_values(values | {"areas": areas})
    record_act(actor, "campaign.create", f"campaign:{row.id}", after=after)
    db.session.refresh(row)
    answer = serialize_campaign(row)
    if commit:
        db.session.commit()
    return answer


def change_campaign(
    actor: Actor,
    campaign_id: int,
    expected: etags.Expected,
    changes: CampaignChanges,
    *,
    commit: bool = True,
) -> CampaignDetails:
    """Change the given fields of a campaign.

    With `commit=False` the fields on which earnings depend may change after the draft, too: the
    caller then attributes again and commits, or rolls a preview back.
    """
    row = _editable_campaign(actor, campaign_id)
    etags.must_match(expected, row.version)
    areas = _areas_of(row.id)
    changed = _changed_fields(row, areas, changes)
    _check_change(row, changed, may_move_earnings=not commit)
    if changed:
        before = {name: areas if name == "areas" else getattr(row, name) for name in changed}
        update_row(row, {name: value for name, value in changed.items() if name != "areas"})
        if "areas" in changed:
            _write_areas(row.id, changed["areas"])
        details = {"before": audit_values(before), "after": audit_values(changed)}
        record_act(actor, "campaign.change", f"campaign:{row.id}", **details)
    answer = serialize_campaign(row)
    if commit:
        db.session.commit()
    return answer


def remove_campaign(actor: Actor, campaign_id: int, expected: etags.Expected) -> None:
    """Remove a draft; a published campaign stays, because its figures refer to it."""
    row = _editable_campaign(actor, campaign_id)
    etags.must_match(expected, row.version)
    if row.state != "draft":
        raise Problem(409, "campaign_not_draft", [FieldError("state", "campaign_not_draft")])
    values = {name: getattr(row, name) for name in ("organisation_id", *COLUMNS)}
    before = audit_values(values | {"areas": _areas_of(row.id)})
    if not remove_unused(row, JoinCode.campaign_id):
        raise Problem(409, "campaign_used")
    record_act(actor, "campaign.remove", f"campaign:{campaign_id}", before=before)
    db.session.commit()


def serialize_campaign(row: Campaign) -> CampaignDetails:
    """Return a campaign with its area as an answer."""
    return {**_summary_of(row), "areas": list(serialize_units(_areas_of(row.id)).values())}


def _summary_of(row: Campaign) -> CampaignSummary:
    return {
        "id": row.id,
        "organisation_id": row.organisation_id,
        "name": row.name,
        "first_day": row.first_day,
        "last_day": row.last_day,
        "networks": row.networks,
        "target": row.target,
        "cap": row.cap,
        "state": row.state,
        "demo": row.demo,
        "version": row.version,
    }


def refusal(
    state: str, changed: Collection[str], next_state: str, *, may_move_earnings: bool
) -> str | None:
    """Return the code of the reason why a campaign cannot be changed so; None if it can."""
    if next_state != state and next_state not in NEXT_STATES[state]:
        return "state_not_reachable"
    if changed and state == "archived":
        return "campaign_archived"
    if state != "draft" and not may_move_earnings and EARNING_FIELDS & set(changed):
        return "campaign_running"
    return None


def _editable_campaign(actor: Actor, campaign_id: int) -> Campaign:
    require_person(actor)
    row = visible_campaign(actor, campaign_id)
    require(actor, "campaign.edit", campaign_scope(campaign_id))
    return row


def _changed_fields(
    row: Campaign, areas: frozenset[int], changes: CampaignChanges
) -> dict[str, Any]:
    """Return the fields whose value differs from the row's, as they are stored."""
    values = {name: value for name, value in changes.items() if name in COLUMNS}
    if "networks" in changes:
        values["networks"] = _in_order(changes["networks"])
    changed = changed_values(row, values)
    requested = unit_ids(changes.get("areas", ()), "areas")
    if requested and requested != areas:
        changed["areas"] = requested
    return changed


def _in_order(networks: Collection[str]) -> list[str]:
    return [network for network in NETWORKS if network in networks]


def _check_change(row: Campaign, changed: Mapping[str, Any], *, may_move_earnings: bool) -> None:
    next_state = changed.get("state", row.state)
    if code := refusal(row.state, changed, next_state, may_move_earnings=may_move_earnings):
        fields = ["state"] if code == "state_not_reachable" else sorted(changed)
        raise Problem(409, code, [FieldError(field, code) for field in fields])
    _check_days(changed.get("first_day", row.first_day), changed.get("last_day", row.last_day))


def _check_days(first: date, last: date) -> None:
    if last < first:
        raise invalid("last_day", "before_first_day")


def _areas_of(campaign_id: int) -> frozenset[int]:
    query = select(CampaignArea.unit_id).where(CampaignArea.campaign_id == campaign_id)
    return frozenset(db.session.scalars(query))


def _write_areas(campaign_id: int, areas: Collection[int]) -> None:
    change_rows(delete(CampaignArea).where(CampaignArea.campaign_id == campaign_id))
    rows = [{"campaign_id": campaign_id, "unit_id": unit} for unit in sorted(areas)]
    db.session.execute(insert(CampaignArea), rows)
