"""Contributions to a campaign, the rank of its teams, and the teams of a unit or of a device."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import Row, bindparam, text

from backend.accounts.access import Actor
from backend.accounts.audit import record_read
from backend.clock import local_day, month_end, month_start
from backend.coverage.contributions.figures import (
    FIRST,
    Figures,
    Key,
    figures,
    sums,
    total,
)
from backend.coverage.contributions.query import (
    CampaignAccess,
    ContributionQuery,
    as_read_by,
    build_query,
    campaign_access,
)
from backend.coverage.contributions.schemas import ContributionsQuerySchema
from backend.coverage.contributions.statements import HAS_TARGET
from backend.database.extensions import db
from backend.http.paging import decode_cursor, encode_cursor
from backend.i18n.catalogues import N_, NP_, Language, gettext
from backend.i18n.messages import message
from backend.measurements.corrections.removals import OwnRemoval, own_removals
from backend.organisations.references import NamedRef
from backend.units.service import set_on

FILE = ContributionsQuerySchema()
# Keys are at most PostgreSQL's `bigint`.
MAX_KEY = 2**63

NAMES = {
    "team": "select id, name, id as code from teams where id = any(:ids)",
    "unit": "select id, name, code from units where id = any(:ids)",
    "organisation": "select id, name, id as code from organisations where id = any(:ids)",
    "member": "select id, display_name as name, id as code from volunteers where id = any(:ids)",
}
MEMBER = N_("Member {n}")
UNKNOWN = {"member": N_("Unknown volunteer"), "unit": NP_("unit", "Commune unknown")}


def contributions(
    actor: Actor,
    campaign_id: int,
    parameters: Mapping[str, Any],
    language: Language,
    now: datetime,
) -> dict[str, Any]:
    """Return a page of contributions, row by row, and their total."""
    access = campaign_access(actor, campaign_id)
    query = as_read_by(actor, build_query(access, parameters["by"], parameters), now)
    if query.by == "member":
        record_read(actor, "members", f"campaign:{campaign_id}")
    most = None if parameters["format"] != "json" else parameters["limit"]
    after = decode_cursor(parameters["cursor"], _key_part, _key_part)
    start = (after[0], after[1]) if after else FIRST
    found = figures(query, start, None if most is None else most + 1)
    keys = list(found)[:most]
    active = set_on(query.last)
    return {
        "campaign": {"id": access.campaign.id, "name": access.campaign.name},
        "by": query.by,
        "first_day": query.first,
        "last_day": query.last,
        "networks": list(query.networks),
        "boundaries": active.serialize() if active else None,
        "demo": access.campaign.demo,
        "as_of": query.hour,
        "items": rows(query, {key: found[key] for key in keys}, language),
        "total": total(query).serialize(),
        "next_cursor": encode_cursor(*keys[-1]) if len(found) > len(keys) else None,
    }


def all_contributions(
    actor: Actor, campaign_id: int, language: Language, filters: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Return all rows of contributions, as a file has them; `filters` as in a query string."""
    wanted = FILE.load({**filters, "format": "csv"})
    return contributions(actor, campaign_id, wanted, language, now)


def rows(
    query: ContributionQuery, found: Mapping[Key, Figures], language: Language
) -> list[dict[str, Any]]:
    """Serialize figures with the id and name of each row."""
    subject = 0 if query.by == "team" else 1  # the part of a key
    names = _names(query.by, [key[subject] for key in found], language)
    teams = _names("team", [team for team, _ in found], language) if query.by == "member" else {}
    return [
        {
            **names[key[subject]],
            "team": teams[key[0]]["name"] if query.by == "member" else None,
            **one.serialize(),
        }
        for key, one in found.items()
    ]


def _names(by: str, ids: Iterable[int], language: Language) -> dict[int, dict[str, Any]]:
    """Return the id and name of each row; members without a name are numbered."""
    listed = sorted(set(ids))
    if by == "day":
        days = {one: date.fromordinal(one).isoformat() for one in listed}
        return {one: {"id": day, "name": day} for one, day in days.items()}
    statement = text(NAMES[by]).bindparams(bindparam("ids", listed))
    stored = {row.id: row for row in db.session.execute(statement)}
    names = {}
    for one in listed:
        row = stored.get(one)
        name = row.name if row else None
        if name is None:
            name = gettext(UNKNOWN[by] if one == 0 else MEMBER, language).format(n=one)
        names[one] = {"id": str(row.code) if row else None, "name": name}
    return names


def _key_part(value: Any) -> int:
    if type(value) is not int or abs(value) >= MAX_KEY:
        raise ValueError
    return value


def rank_teams(
    actor: Actor, campaign_id: int, filters: Mapping[str, str], language: Language
) -> dict[str, Any]:
    """Rank all teams of a campaign by needed samples, without a target by counted ones.

    Leaders see the rank of all teams.
    """
    access = CampaignAccess(campaign_access(actor, campaign_id).campaign, None)
    query = build_query(access, "team", FILE.load(filters))
    found = sums(query)
    rank = rank_of(found)
    ranked = places(found, rank)
    named = rows(query, {key: found[key] for _, key in ranked}, language)
    return {
        "explained": message("rank_needed" if rank == "needed" else "rank_no_target", language),
        "items": [
            {"place": place, **{name: row[name] for name in ("id", "name", "needed", "counted")}}
            for (place, _), row in zip(ranked, named, strict=True)
        ],
    }


def rank_of(found: Mapping[Key, Figures]) -> str:
    """Return the figure by which rows are ranked: `needed`, or `counted` without a target."""
    return "counted" if found and all(one.needed is None for one in found.values()) else "needed"


def places(found: Mapping[Key, Figures], rank: str) -> list[tuple[int, Key]]:
    """Return keys with their places, first to last; ties share a place and the next is skipped."""
    value = {key: getattr(one, rank) or 0 for key, one in found.items()}
    ordered = sorted(value, key=lambda key: (-value[key], key))
    result: list[tuple[int, Key]] = []
    for nth, key in enumerate(ordered, 1):
        tied = bool(result) and value[result[-1][1]] == value[key]
        result.append((result[-1][0] if tied else nth, key))
    return result


TEAMS_NOW = text("""
    select m.id as membership_id, c.id as campaign_id, c.name as campaign, c.networks,
        t.id as team_id, t.name as team
    from device_links l
    join memberships m on m.volunteer_id = l.volunteer_id and m.period @> :now
    join campaigns c on c.id = m.campaign_id
    join teams t on t.id = m.team_id
    where l.device_id = :device and l.period @> :now and c.state = 'open'
    order by c.id
""")


def current_teams(device_id: UUID, now: datetime) -> Sequence[Row[Any]]:
    """Return the teams of the device's volunteer in open campaigns."""
    return db.session.execute(TEAMS_NOW, {"device": device_id, "now": now}).all()


class OwnTeamDay(TypedDict):
    """Today's sums of a team of which the device's volunteer is a member."""

    membership_id: int
    campaign: NamedRef
    team: NamedRef
    received: int
    valid: int
    counted: int


class OwnDay(TypedDict):
    """Today's sums of a volunteer's teams, and the teams that removed the volunteer."""

    date: date
    items: list[OwnTeamDay]
    removed: list[OwnRemoval]  # of open campaigns, until the volunteer joins again


def own_day(device_id: UUID, now: datetime) -> OwnDay:
    """Return today's sums of each team of which the device's volunteer is a member."""
    today = local_day(now)
    months = (f"{today:%Y-%m}",)
    items: list[OwnTeamDay] = []
    for row in current_teams(device_id, now):
        span, networks, teams = (today, today, months), tuple(row.networks), (row.team_id,)
        query = ContributionQuery(row.campaign_id, "team", *span, False, networks, teams)
        found = sums(query).get((row.team_id, 0)) or Figures()
        items.append(
            {
                "membership_id": row.membership_id,
                "campaign": {"id": row.campaign_id, "name": row.campaign},
                "team": {"id": row.team_id, "name": row.team},
                "received": found.received,
                "valid": found.valid,
                "counted": found.counted,
            }
        )
    return {"date": today, "items": items, "removed": own_removals(device_id)}


# Restricted to the unit: a campaign's area may be larger. With the array, PostgreSQL uses the index
# of places; with a join it would read every row.
TEAMS = text("""
    with communes as (
        select id from units
        where level = 'commune' and (id = :unit or parent_id = :unit or province_id = :unit)
    ), earned as (
        select campaign_id, team_id, sum(received)::int as received, sum(counted)::int as counted,
            sum(needed)::int as needed
        from team_unit_months
        where unit_id = any(array(select id from communes)) and month = :month
            and network = :network
        group by 1, 2 having sum(received) > 0
    )
    select c.name as campaign, o.name as organisation, o.type as organisation_type,
        t.name as team, t.type, e.received, e.counted, e.needed
    from earned e
    join campaigns c on c.id = e.campaign_id
    join teams t on t.id = e.team_id
    join organisations o on o.id = t.organisation_id
    where c.state <> 'draft' and c.first_day <= :last and c.last_day >= :first
    order by c.first_day, c.id, e.counted desc, t.sort_key collate "C", t.id
""")
NEXT = text("""
    select u.code, array_agg(distinct c.name order by c.name) as names
    from units u
    join campaign_areas a on a.unit_id in (u.id, u.parent_id, u.province_id)
    join campaigns c on c.id = a.campaign_id
    where u.level = 'commune' and (u.id = :unit or u.parent_id = :unit or u.province_id = :unit)
        and c.state = 'open' and c.first_day <= :last and c.last_day >= :first
        and :network = any(c.networks)
    group by u.code
""")


class UnitTeam(TypedDict):
    """A team's samples of one network in a unit, for a campaign."""

    campaign: str
    organisation: str
    organisation_type: str  # youth_union, community_digital_team, …
    team: str
    type: str  # youth, community_digital, …
    received: int
    counted: int
    needed: int | None  # null: no target was in force


def teams_in(unit_id: int, month: str, network: str) -> list[UnitTeam]:
    """Return the teams of a month's campaigns with their samples of a network in a unit."""
    last = month_end(month)
    values = {
        "unit": unit_id, "month": month, "first": month_start(month), "last": last,
        "network": network, "networks": [network], "month_ends": [last],
    }  # fmt: skip
    rows = [dict(row) for row in db.session.execute(TEAMS, values).mappings()]
    if rows and not db.session.scalar(HAS_TARGET, values):
        rows = [row | {"needed": None} for row in rows]
    return cast(list[UnitTeam], rows)


def campaigns_next(unit_id: int, first: date, last: date, network: str) -> dict[str, list[str]]:
    """Return the names of open campaigns between two days, by code of the communes of a unit."""
    span = {"unit": unit_id, "first": first, "last": last, "network": network}
    return {row.code: list(row.names) for row in db.session.execute(NEXT, span)}
