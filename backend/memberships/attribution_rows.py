"""Read the inputs of attribution from the database."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, TypedDict
from uuid import UUID

from sqlalchemy import text

from backend.database.extensions import db
from backend.memberships.attribution import Decision, Key, Stay, Terms

# The device's time with a volunteer, intersected with that volunteer's time in a team.
STAYS = text("""
    select m.id as membership_id, m.campaign_id, m.team_id, m.volunteer_id,
        m.guest_of is not null as guest,
        lower(l.period * m.period) as since, upper(l.period * m.period) as until
    from device_links l
    join memberships m on m.volunteer_id = l.volunteer_id and m.period && l.period
    where l.device_id = :device
    order by m.id
""")
# A draft covers nothing; a closed campaign still gets measurements of its days that are sent late.
TERMS = text("""
    select c.id as campaign_id, c.first_day, c.last_day, c.networks, c.cap,
        array(select unit_id from campaign_areas a where a.campaign_id = c.id) as area
    from campaigns c where c.id = any(:ids) and c.state <> 'draft' order by c.id
""")
DECISIONS = text("""
    select distinct on (measurement_id, campaign_id) measurement_id, campaign_id, id, team_id
    from corrections where measurement_id = any(:ids)
    order by measurement_id, campaign_id, id desc
""")
EXCLUDED = text("""
    select measurement_id, campaign_id from campaign_exclusions
    where campaign_id = any(:campaigns) and measurement_id = any(:ids)
""")


class InputsOfNew(NamedTuple):
    """The inputs of attribution of new samples, and the units above and including each commune."""

    stays: Sequence[Stay]
    terms: Sequence[Terms]
    within: Mapping[int, frozenset[int]]


class StoredStay(TypedDict):
    """A `Stay` as JSON; times are ISO 8601."""

    membership_id: int
    campaign_id: int
    team_id: int
    volunteer_id: int
    guest: bool
    since: str
    until: str | None


class StoredTerms(TypedDict):
    """A campaign's `Terms` as JSON."""

    campaign_id: int
    first_day: str  # YYYY-MM-DD
    last_day: str
    networks: list[str]
    area: list[int]
    cap: int | None


class StoredInputs(TypedDict):
    """The inputs of new samples as JSON values of one row; null: none."""

    stays: Sequence[StoredStay] | None
    terms: Sequence[StoredTerms] | None
    units: Mapping[str, Sequence[int | None]] | None


def inputs_of(row: StoredInputs) -> InputsOfNew:
    """Return the inputs of new samples; these have no correction and no exclusion."""
    return InputsOfNew(
        [_stay(stay) for stay in row["stays"] or ()],
        [_terms(terms) for terms in row["terms"] or ()],
        {int(commune): frozenset(filter(None, units))
         for commune, units in (row["units"] or {}).items()},
    )  # fmt: skip


def _stay(row: StoredStay) -> Stay:
    return Stay(
        row["membership_id"],
        row["campaign_id"],
        row["team_id"],
        row["volunteer_id"],
        row["guest"],
        since=datetime.fromisoformat(row["since"]),
        until=datetime.fromisoformat(row["until"]) if row["until"] else None,
    )


def _terms(row: StoredTerms) -> Terms:
    return Terms(
        row["campaign_id"],
        date.fromisoformat(row["first_day"]),
        date.fromisoformat(row["last_day"]),
        frozenset(row["networks"]),
        frozenset(row["area"]),
        row["cap"],
    )


def stays_of(device_id: UUID) -> list[Stay]:
    """Return every stay of a device in a team of a campaign."""
    rows = db.session.execute(STAYS, {"device": device_id}).mappings()
    return [Stay(**row) for row in rows]


def terms_of(campaign_ids: Collection[int]) -> list[Terms]:
    """Return the terms of these campaigns without drafts."""
    if not campaign_ids:
        return []
    rows = db.session.execute(TERMS, {"ids": list(campaign_ids)})
    return [
        Terms(
            row.campaign_id,
            row.first_day,
            row.last_day,
            frozenset(row.networks),
            frozenset(row.area),
            row.cap,
        )
        for row in rows
    ]


def decisions_on(measurement_ids: Collection[UUID]) -> dict[Key, Decision]:
    """Return the latest correction of each measurement in each campaign."""
    rows = db.session.execute(DECISIONS, {"ids": list(measurement_ids)})
    return {(row[0], row[1]): Decision(row[2], row[3]) for row in rows}


def exclusions_of(measurement_ids: Collection[UUID], campaign_ids: Collection[int]) -> set[Key]:
    """Return which of these measurements are excluded from which campaign's figures."""
    values = {"ids": list(measurement_ids), "campaigns": list(campaign_ids)}
    rows = db.session.execute(EXCLUDED, values)
    return {(row[0], row[1]) for row in rows}
