"""Decisions of organisers on measurements of a campaign, and changes of it; with attribution."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import NamedTuple, TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.accounts.rate_limits import count_for_account
from backend.campaigns import service as campaigns
from backend.clock import months_between
from backend.database.extensions import db, extension
from backend.devices import service as devices
from backend.errors import Problem, invalid
from backend.http import etags
from backend.measurements.recording import earnings
from backend.measurements.recording.archived import require_rows
from backend.measurements.recording.reasons import COUNTED_CATEGORIES
from backend.memberships.models import CampaignExclusion, Correction
from backend.organisations.scopes import campaign_scope, team_scope

# Measurements of one decision: larger previews are of little use, and each device is locked.
MAX_MEASUREMENTS = 5_000
# An organiser looks at a few decisions before they are made. Hundreds would tell day by day what a
# volunteer measured, and each locks phones. A page takes two: to show it, and to compare it then.
PREVIEWS_PER_HOUR = 40
ACTS = {None: "correct", True: "exclude_in_campaign", False: "include_in_campaign"}

# Of these ids those with an earning in the campaign, and those of its members, measured before
# their membership ended: others are chosen no more than ids that do not exist.
CHOSEN = text("""
    select m.id, m.device_id, m.day, e.team_id from measurements m
    left join earnings e on e.measurement_id = m.id and e.campaign_id = :campaign
    where m.id = any(:ids) and (e.team_id is not null or exists (
        select from device_links l join memberships s on s.volunteer_id = l.volunteer_id
        where l.device_id = m.device_id and l.period @> m.measured_at
          and s.campaign_id = :campaign and (s.guest_of is null or s.period @> m.measured_at)
          and (upper_inf(s.period) or m.measured_at < upper(s.period))
    ))
    order by m.device_id, m.id
""")
FILTERED = text("""
    select m.id, m.device_id, m.day, e.team_id
    from earnings e join measurements m on m.id = e.measurement_id
    where e.campaign_id = :campaign
      and (cast(:team_id as int) is null or e.team_id = :team_id)
      and (cast(:member as bigint) is null or e.volunteer_id = :member)
      and (cast(:unit_id as int) is null or e.unit_id = :unit_id)
      and (cast(:network as text) is null or e.network = :network)
      and e.day between coalesce(:first_day, date '2000-01-01')
          and coalesce(:last_day, date '2100-01-01')
    order by m.device_id, m.id limit :most
""")
TOTALS_OF_CAMPAIGN = text("""
    select team_id, sum(received) as received, sum(counted) as counted
    from team_days where campaign_id = :campaign
    group by 1 having sum(received) > 0 order by 1
""")
TOTALS_OF_CHOSEN = text("""
    select team_id, count(*) as received,
        count(*) filter (where category = any(:counted)) as counted
    from earnings where campaign_id = :campaign and measurement_id = any(:ids)
    group by 1 order by 1
""").bindparams(counted=list(COUNTED_CATEGORIES))
OF_SIGNAL = text("select measurement_id from campaign_exclusions where signal_id = :signal")
# Corrections of one decision have one time, that of its transaction. A later one on the same sample
# stands, whatever becomes of an earlier one.
DECISIONS = text("""
    select max(id) as id, at, user_id, team_id, reason, count(*) as measurements,
        array_agg(distinct before_team_id) as before_team_ids,
        bool_or(not exists (
            select from corrections o
            where o.campaign_id = c.campaign_id and o.measurement_id = c.measurement_id
                and o.id > c.id
        )) as stands
    from corrections c where campaign_id = :campaign
    group by at, user_id, team_id, reason order by max(id) desc limit :limit
""")
# Of two undo presses at the same moment the second waits, and finds that nothing is left to undo.
# Rows that refer to the campaign are written meanwhile.
HOLD_CAMPAIGN = text("select from campaigns where id = :campaign for no key update")
OF_DECISION = text("""
    select c.measurement_id, c.before_team_id
    from corrections one join corrections c using (campaign_id, at, reason)
    where one.id = :id and one.campaign_id = :campaign
        and not exists (
            select from corrections o
            where o.campaign_id = c.campaign_id and o.measurement_id = c.measurement_id
                and o.id > c.id
        )
        and (c.user_id, c.team_id) is not distinct from (one.user_id, one.team_id)
""")


# Devices of a campaign's members, and those that a correction assigned to it.
CAMPAIGN_DEVICES = text("""
    select distinct l.device_id from memberships m join device_links l
        on l.volunteer_id = m.volunteer_id and l.period && m.period
    where m.campaign_id = :campaign
    union
    select m.device_id from earnings e join measurements m on m.id = e.measurement_id
    where e.campaign_id = :campaign and m.device_id is not null
    order by 1
""")
DEVICE_DAYS = text("select distinct day from measurements where device_id = :device")


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice of measurements: by id, or by properties of the campaign's earnings."""

    ids: Sequence[UUID] = ()
    team_id: int | None = None
    member: int | None = None
    unit_id: int | None = None
    network: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    signal_id: int | None = None  # those that this signal excluded


@dataclass(frozen=True, slots=True)
class Decision:
    """A correction of the team or, with `exclude`, an exclusion or inclusion; and its reason.

    An exclusion may name the signal of gaming that it is based on. With `undo`, the number of a
    correction, its decision's samples go back to the teams that they had before.
    """

    reason: str
    team_id: int | None = None
    undo: int | None = None
    exclude: bool | None = None  # None: a correction of the team
    signal_id: int | None = None


class TeamTotals(TypedDict):
    """Received and counted measurements of a team."""

    team_id: int
    received: int
    counted: int


class DecisionEffect(TypedDict):
    """Effect of a decision, stored or previewed."""

    before: list[TeamTotals]  # of the chosen measurements
    after: list[TeamTotals]
    preview: bool
    measurements: int  # that it changes
    final: int  # chosen ones without a person: they stay
    months: list[str]  # YYYY-MM, of the changed ones


class MovedTotals(TypedDict):
    """Effect of a new attribution of a campaign."""

    before: list[TeamTotals]
    after: list[TeamTotals]
    changed: int  # earnings


class ChangeEffect(MovedTotals):
    """Effect of a change of a campaign, stored or previewed; `changed` earnings."""

    preview: bool
    campaign: campaigns.CampaignDetails


class ListedDecision(TypedDict):
    """A decision on the teams of measurements."""

    id: int  # of its latest correction
    at: datetime
    user_id: int | None
    team_id: int | None  # null: of no team
    reason: str
    measurements: int
    before_team_ids: list[int | None]
    stands: bool  # no later one replaced it for all


class ChosenRow(NamedTuple):
    """A measurement of a choice."""

    id: UUID
    device_id: UUID | None  # null: it belongs to nobody
    day: date
    team_id: int | None  # to which it is attributed


def decide(
    actor: Actor, campaign_id: int, choice: Choice, decision: Decision, *, preview: bool
) -> DecisionEffect:
    """Correct or exclude measurements in one campaign, or show the effect."""
    campaigns.visible_campaign(actor, campaign_id)
    require(actor, "campaign.correct", campaign_scope(campaign_id))
    return apply_decision(actor, campaign_id, choice, decision, preview=preview)


def apply_decision(
    actor: Actor, campaign_id: int, choice: Choice, decision: Decision, *, preview: bool
) -> DecisionEffect:
    """Do what `decide` does, for a caller who has checked that the person may."""
    if preview:
        count_preview(actor)
    if decision.exclude is None and decision.team_id is not None:
        _require_own_team(campaign_id, decision.team_id)
    before_of: dict[UUID, int | None] = {}
    if decision.undo is not None:
        values = {"id": decision.undo, "campaign": campaign_id}
        db.session.execute(HOLD_CAMPAIGN, {"campaign": campaign_id})
        before_of = {row[0]: row[1] for row in db.session.execute(OF_DECISION, values)}
        if not before_of:
            raise Problem(409, "already_lifted")
        choice = Choice(list(before_of))
    if choice.first_day and choice.last_day:
        require_rows(*months_between(f"{choice.first_day:%Y-%m}", f"{choice.last_day:%Y-%m}"))
    chosen, free = _choose_and_lock(campaign_id, choice)
    if choice.ids and not chosen:
        raise Problem(409, "month_archived") if before_of else Problem(404, "not_found")
    ids = [row.id for row in free]
    before = team_totals(campaign_id, ids)
    _write(actor, campaign_id, free, decision, before_of)
    _attribute(free)
    answer: DecisionEffect = {
        "preview": preview,
        "measurements": len(free),
        "final": sum(row.device_id is None for row in chosen),
        "before": before,
        "after": team_totals(campaign_id, ids),
        "months": sorted({f"{row.day:%Y-%m}" for row in free}),
    }
    subject = f"campaign:{campaign_id}"
    if preview:
        db.session.rollback()
        chosen_by = [name for name, value in asdict(choice).items() if value]  # names no volunteer
        record_act(actor, "decision.preview", subject, chosen_by=chosen_by, measurements=len(free))
    else:
        record_act(
            actor,
            ACTS[decision.exclude],
            subject,
            measurements=answer["measurements"],
            before=answer["before"],
            after=answer["after"],
            reason=decision.reason,
            team=decision.team_id,
            **({} if decision.signal_id is None else {"signal": decision.signal_id}),
        )
    db.session.commit()
    return answer


def count_preview(actor: Actor) -> None:
    """Count one preview of an account; 429 above its limit in this hour."""
    now = extension("clock")()
    count_for_account("preview", f"user {actor.user_id}", PREVIEWS_PER_HOUR, now)


def list_decisions(actor: Actor, campaign_id: int, limit: int) -> list[ListedDecision]:
    """List a campaign's decisions, the latest first; each may include many measurements."""
    campaigns.visible_campaign(actor, campaign_id)
    require(actor, "campaign.see", campaign_scope(campaign_id), hidden=True)
    rows = db.session.execute(DECISIONS, {"campaign": campaign_id, "limit": limit})
    return [cast(ListedDecision, dict(row)) for row in rows.mappings()]


def _require_own_team(campaign_id: int, team_id: int) -> None:
    organiser = text("select organisation_id from campaigns where id = :id")
    organisation = db.session.execute(organiser, {"id": campaign_id}).scalar_one()
    try:
        above = team_scope(team_id).organisations
    except Problem:
        above = frozenset()
    if organisation not in above:
        raise invalid("team_id", "team_not_in_campaign")


def _choose_and_lock(campaign_id: int, choice: Choice) -> tuple[list[ChosenRow], list[ChosenRow]]:
    """Return the chosen rows and those that can be changed: anonymous ones are final.

    They are read again after their devices are locked against decisions and withdrawals.
    """
    chosen = _choose(campaign_id, choice)
    locked = frozenset(devices.lock_devices(row.device_id for row in chosen if row.device_id))
    if locked:
        chosen = _choose(campaign_id, choice)
    return chosen, [row for row in chosen if row.device_id in locked]


def _choose(campaign_id: int, choice: Choice) -> list[ChosenRow]:
    if choice.ids or choice.signal_id is not None:
        ids = list(choice.ids)
        if choice.signal_id is not None:
            ids = list(db.session.execute(OF_SIGNAL, {"signal": choice.signal_id}).scalars())
        by_id = {"campaign": campaign_id, "ids": ids}
        return [ChosenRow(*row) for row in db.session.execute(CHOSEN, by_id)]
    values = asdict(choice) | {"campaign": campaign_id, "most": MAX_MEASUREMENTS + 1}
    rows = [ChosenRow(*row) for row in db.session.execute(FILTERED, values)]
    if len(rows) > MAX_MEASUREMENTS:
        raise invalid("filter", "too_many_chosen")
    return rows


def _write(
    actor: Actor,
    campaign_id: int,
    rows: Sequence[ChosenRow],
    decision: Decision,
    before_of: Mapping[UUID, int | None],
) -> None:
    if not rows:
        return
    common = {"campaign_id": campaign_id, "reason": decision.reason, "user_id": actor.user_id}
    if decision.exclude is False:
        db.session.execute(
            delete(CampaignExclusion).where(
                CampaignExclusion.campaign_id == campaign_id,
                CampaignExclusion.measurement_id.in_([row.id for row in rows]),
            )
        )
    elif decision.exclude:
        common |= {"signal_id": decision.signal_id}
        out = [{**common, "measurement_id": row.id} for row in rows]
        db.session.execute(insert(CampaignExclusion).values(out).on_conflict_do_nothing())
    else:
        corrected = [
            {**common, "measurement_id": row.id, "before_team_id": row.team_id,
             "team_id": before_of.get(row.id, decision.team_id)} for row in rows
        ]  # fmt: skip
        db.session.execute(insert(Correction), corrected)


def _attribute(rows: Sequence[ChosenRow]) -> None:
    """Attribute the changed rows again; their devices are locked."""
    by_device: dict[UUID, set[date]] = defaultdict(set)
    for row in rows:
        assert row.device_id is not None
        by_device[row.device_id].add(row.day)
    earnings.attribute(by_device)


def reattribute(campaign_id: int) -> MovedTotals:
    """Attribute all measurements of a campaign again; return the team totals before and after.

    Runs in the caller's transaction, so that a preview is a rollback. Devices are locked in the
    order of their ids.
    """
    before = team_totals(campaign_id)
    chosen = db.session.execute(CAMPAIGN_DEVICES, {"campaign": campaign_id}).scalars()
    changed = earnings.attribute(
        {
            device: list(db.session.execute(DEVICE_DAYS, {"device": device}).scalars())
            for device in devices.lock_devices(chosen)
        }
    )
    return {"changed": changed, "before": before, "after": team_totals(campaign_id)}


def change_campaign(
    actor: Actor,
    campaign_id: int,
    seen: etags.Expected,
    changes: campaigns.CampaignChanges,
    *,
    preview: bool,
) -> ChangeEffect:
    """Change a campaign, also one with members, and attribute again; or show the effect."""
    if preview:
        campaigns.visible_campaign(actor, campaign_id)
        count_preview(actor)
    campaign = campaigns.change_campaign(actor, campaign_id, seen, changes, commit=False)
    moved = reattribute(campaign_id)
    if preview:
        db.session.rollback()
        record_act(actor, "decision.preview", f"campaign:{campaign_id}", chosen_by=sorted(changes))
    else:
        record_act(actor, "campaign.reattribute", f"campaign:{campaign_id}", **moved)
    db.session.commit()
    return {"preview": preview, "campaign": campaign, **moved}


def team_totals(campaign_id: int, ids: Sequence[UUID] | None = None) -> list[TeamTotals]:
    """Return received and counted measurements of each team, of these ids or all."""
    statement = TOTALS_OF_CAMPAIGN if ids is None else TOTALS_OF_CHOSEN
    rows = db.session.execute(statement, {"campaign": campaign_id, "ids": ids})
    return [{"team_id": team, "received": n, "counted": counted} for team, n, counted in rows]
