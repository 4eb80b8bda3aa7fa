"""An organiser's decisions on single measurements of a campaign; what teams earned follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.campaigns.service import visible_campaign
from backend.database.extensions import db
from backend.devices import service as devices
from backend.errors import Problem, invalid
from backend.measurements.recording import earning
from backend.memberships.models import CampaignExclusion, Correction
from backend.organisations.scopes import campaign_scope, team_scope

# Of one decision: a preview of more says little, and each device among them is held.
MEASUREMENTS_MOST = 5_000

CHOSEN = text("""
    select m.id, m.device_id, m.day, e.team_id from measurements m
    left join earnings e on e.measurement_id = m.id and e.campaign_id = :campaign
    where m.id = any(:ids) order by m.device_id, m.id
""")
FILTERED = text("""
    select m.id, m.device_id, m.day, e.team_id
    from earnings e join measurements m on m.id = e.measurement_id
    where e.campaign_id = :campaign
      and (cast(:team as int) is null or e.team_id = :team)
      and (cast(:member as bigint) is null or e.volunteer_id = :member)
      and (cast(:unit as int) is null or e.unit_id = :unit)
      and (cast(:network as text) is null or e.network = :network)
      and e.day between coalesce(:first, date '2000-01-01') and coalesce(:last, date '2100-01-01')
    order by m.device_id, m.id limit :most
""")
# Whoever was given a sample of a phone that never joined keeps it in step with its verdict, too.
EARNING = text("update devices set joined = true where id = any(:devices) and not joined")
WORTH = text("""
    select team_id, fate, count(*) as n from earnings
    where campaign_id = :campaign and measurement_id = any(:ids) group by 1, 2
""")
# What one decision wrote has one time, that of its transaction.
DECIDED = text("""
    select at, user_id, team_id, reason, count(*) as measurements,
        array_agg(distinct before_team_id) as before_team_ids
    from corrections where campaign_id = :campaign
    group by at, user_id, team_id, reason order by max(id) desc limit :limit
""")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which measurements: by id, or those of the campaign's earnings that fit."""

    ids: Sequence[UUID] = ()
    team: int | None = None
    member: int | None = None
    unit: int | None = None
    network: str | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided and why; `team_id` is read where it is no exclusion."""

    reason: str
    team_id: int | None = None
    exclude: bool | None = None  # None: a correction of the team


def decide(
    actor: Actor, campaign_id: int, choice: Choice, decision: Decision, *, preview: bool
) -> dict[str, Any]:
    """Correct or exclude measurements in one campaign, or show what it would change."""
    visible_campaign(actor, campaign_id)
    require(actor, "campaign.correct", campaign_scope(campaign_id))
    if decision.exclude is None and decision.team_id is not None:
        _require_own_team(campaign_id, decision.team_id)
    chosen, free = _chosen_and_held(campaign_id, choice)
    ids = [row["id"] for row in free]
    before = _worth(campaign_id, ids)
    _write(actor, campaign_id, free, decision)
    _settle(free)
    answer = {
        "preview": preview,
        "measurements": len(free),
        "final": sum(row["device_id"] is None for row in chosen),
        "before": before,
        "after": _worth(campaign_id, ids),
    }
    if preview:
        db.session.rollback()
        return answer
    act = {None: "correct", True: "exclude_in_campaign", False: "include_in_campaign"}
    facts = {name: answer[name] for name in ("measurements", "before", "after")}
    subject = f"campaign:{campaign_id}"
    record_act(
        actor,
        act[decision.exclude],
        subject,
        reason=decision.reason,
        team=decision.team_id,
        **facts,
    )
    db.session.commit()
    return answer


def corrections(actor: Actor, campaign_id: int, before: int | None, limit: int) -> dict[str, Any]:
    """List a campaign's corrections, the latest first."""
    visible_campaign(actor, campaign_id)
    require(actor, "campaign.see", campaign_scope(campaign_id), hidden=True)
    rows = db.session.execute(
        text("""
            select id, measurement_id::text, before_team_id, team_id, reason, user_id, at
            from corrections where campaign_id = :campaign and id < :before
            order by id desc limit :limit
        """),
        {"campaign": campaign_id, "before": before or 2**62, "limit": limit},
    )
    items = [dict(row) for row in rows.mappings()]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


def decided(actor: Actor, campaign_id: int, limit: int) -> list[dict[str, Any]]:
    """List a campaign's decisions, the latest first: each may have moved many measurements."""
    visible_campaign(actor, campaign_id)
    require(actor, "campaign.see", campaign_scope(campaign_id), hidden=True)
    rows = db.session.execute(DECIDED, {"campaign": campaign_id, "limit": limit})
    return [dict(row) for row in rows.mappings()]


def _require_own_team(campaign_id: int, team_id: int) -> None:
    organiser = text("select organisation_id from campaigns where id = :id")
    organisation = db.session.execute(organiser, {"id": campaign_id}).scalar_one()
    try:
        above = team_scope(team_id).organisations
    except Problem:
        above = frozenset()
    if organisation not in above:
        raise invalid("team_id", "team_not_in_campaign")


def _chosen_and_held(campaign_id: int, choice: Choice) -> tuple[list[Any], list[Any]]:
    """What is chosen, and of it what can be decided on: a stripped one is final.

    Read again once its devices are held: nobody decides on these, or withdraws, meanwhile.
    """
    found = _chosen(campaign_id, choice)
    held = devices.hold_all(row["device_id"] for row in found if row["device_id"])
    if held:
        found = _chosen(campaign_id, choice)
    mine = frozenset(held)
    return found, [row for row in found if row["device_id"] in mine]


def _chosen(campaign_id: int, choice: Choice) -> list[Any]:
    if choice.ids:
        values: dict[str, Any] = {"campaign": campaign_id, "ids": list(choice.ids)}
        return list(db.session.execute(CHOSEN, values).mappings())
    names = ("team", "member", "unit", "network", "first", "last")
    values = {name: getattr(choice, name) for name in names}
    values |= {"campaign": campaign_id, "most": MEASUREMENTS_MOST + 1}
    rows = list(db.session.execute(FILTERED, values).mappings())
    if len(rows) > MEASUREMENTS_MOST:
        raise invalid("filter", "too_many_chosen")
    return rows


def _write(actor: Actor, campaign_id: int, rows: Sequence[Any], decision: Decision) -> None:
    if not rows:
        return
    common = {"campaign_id": campaign_id, "reason": decision.reason, "user_id": actor.user_id}
    if decision.exclude is False:
        db.session.execute(
            delete(CampaignExclusion).where(
                CampaignExclusion.campaign_id == campaign_id,
                CampaignExclusion.measurement_id.in_([row["id"] for row in rows]),
            )
        )
    elif decision.exclude:
        out = [{**common, "measurement_id": row["id"]} for row in rows]
        db.session.execute(insert(CampaignExclusion).values(out).on_conflict_do_nothing())
    else:
        new = {**common, "team_id": decision.team_id}
        corrected = [
            {**new, "measurement_id": row["id"], "before_team_id": row["team_id"]} for row in rows
        ]
        db.session.execute(insert(Correction), corrected)
        db.session.execute(EARNING, {"devices": list({row["device_id"] for row in rows})})


def _settle(rows: Sequence[Any]) -> None:
    """Attribute again what was decided on; its devices are held."""
    by_device: dict[UUID, set[date]] = {}
    for row in rows:
        by_device.setdefault(row["device_id"], set()).add(row["day"])
    for device, days in by_device.items():
        earning.attribute(device, days)


def _worth(campaign_id: int, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """What these measurements are worth to whom."""
    teams: dict[int, dict[str, Any]] = {}
    for team, fate, n in db.session.execute(WORTH, {"campaign": campaign_id, "ids": list(ids)}):
        entry = teams.setdefault(team, {"team_id": team, "received": 0, "counted": 0})
        entry["received"] += n
        entry["counted"] += n if fate == "counted" else 0
    return [teams[team] for team in sorted(teams)]
