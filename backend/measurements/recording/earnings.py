"""Attribution of a device's measurements to teams, in the transaction of the verdicts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from backend.clock import day_begin
from backend.database.extensions import db
from backend.devices import service as devices
from backend.errors import Problem
from backend.measurements.recording.reasons import category
from backend.measurements.recording.storage import EarnedRows, dump
from backend.memberships.attribution import RULE, Earned, Sample, covers, earnings
from backend.memberships.attribution_rows import (
    decisions_on,
    exclusions_of,
    inputs_of_new,
    stays_of,
    terms_of,
)

DAY = timedelta(days=1)

# Whole days, because the cap of a campaign is per day; uses the index of (device, time).
ROWS = text("""
    select m.id, m.measured_at, m.day, m.network, m.unit_id, m.reasons, m.assurance,
        u.parent_id, u.province_id
    from measurements m left join units u on u.id = m.unit_id
    where m.device_id = :device and m.measured_at >= :since and m.measured_at < :until
      and m.day = any(:days)
""")
STORED = text(f"""
    select {", ".join(Earned._fields)} from earnings where measurement_id = any(:ids)
""")  # noqa: S608 # names of columns
DELETE = text("""
    delete from earnings e using jsonb_to_recordset(cast(:gone as jsonb))
        as g(measurement_id uuid, campaign_id int)
    where e.measurement_id = g.measurement_id and e.campaign_id = g.campaign_id
""")
INSERT = text("""
    insert into earnings select * from jsonb_populate_recordset(null::earnings, cast(:new as jsonb))
""")
DELTAS = text("""
    insert into team_deltas (campaign_id, team_id, volunteer_id, unit_id, day, network, fate, guest,
                             n)
    select campaign_id, team_id, volunteer_id, unit_id, day, network, fate, guest, n
    from jsonb_populate_recordset(null::team_deltas, cast(:deltas as jsonb))
""")
# The counts of a withdrawn person move to no person; those of the team stay.
UNLINK = text("""
    with mine as (
        select e.* from earnings e join measurements m on m.id = e.measurement_id
        where m.device_id = :device and e.volunteer_id is not null
    ), moved as (
        insert into team_deltas (campaign_id, team_id, volunteer_id, unit_id, day, network, fate,
                                 guest, n)
        select campaign_id, team_id, volunteer_id, unit_id, day, network, fate, guest, -count(*)
        from mine group by 1, 2, 3, 4, 5, 6, 7, 8
        union all
        select campaign_id, team_id, null, unit_id, day, network, fate, guest, count(*)
        from mine group by 1, 2, 4, 5, 6, 7, 8
    )
    update earnings e set volunteer_id = null, membership_id = null from mine
    where e.measurement_id = mine.measurement_id and e.campaign_id = mine.campaign_id
""")
# Volunteers without another device lose name, passes and memberships without earnings.
DELETE_PERSON = text("""
    with alone as (
        select volunteer_id as id from device_links l where device_id = :device and not exists (
            select from device_links o
            where o.volunteer_id = l.volunteer_id and o.device_id <> l.device_id
        )
    ), passes_gone as (
        delete from passes using alone where passes.volunteer_id = alone.id
    ), memberships_gone as (
        delete from memberships m using alone where m.volunteer_id = alone.id
            and not exists (select from earnings e where e.membership_id = m.id)
    )
    update volunteers v set display_name = null, name_agreed_at = null from alone
    where v.id = alone.id
""")
# Columns of the key of team counts.
KEY = ("campaign_id", "team_id", "volunteer_id", "unit_id", "day", "network", "fate", "guest")


def attribute(device_id: UUID, days: Iterable[date]) -> int:
    """Attribute a device's measurements of these days again; return the number of changes.

    The caller locks the device's row and commits.
    """
    wanted_days = sorted(set(days))
    if not wanted_days:
        return 0
    span = {"since": day_begin(wanted_days[0]), "until": day_begin(wanted_days[-1]) + DAY}
    found = db.session.execute(ROWS, {"device": device_id, "days": wanted_days, **span})
    rows = {row["id"]: row for row in found.mappings()}
    if not rows:
        return 0
    stays, decisions = stays_of(device_id), decisions_on(rows)
    campaigns = {stay.campaign_id for stay in stays} | {campaign for _, campaign in decisions}
    samples = [_sample(row, _units_above(row)) for row in rows.values()]
    terms, excluded = terms_of(campaigns), exclusions_of(rows, campaigns)
    wanted = set(earnings(samples, stays, terms, decisions, excluded))
    stored = {Earned(**row) for row in db.session.execute(STORED, {"ids": list(rows)}).mappings()}
    return replace_earnings(stored - wanted, wanted - stored)


def earn_new(device_id: UUID, rows: Sequence[Mapping[str, Any]]) -> EarnedRows | None:
    """Return the earnings of new samples; None if they depend on others, by the cap of a campaign.

    Inputs are read outside the session. Changes of campaigns and of past memberships raise the
    version of their devices, and the caller stores nothing if the version changed; joining and
    leaving hold from now on.
    """
    inputs = inputs_of_new(device_id, {row["unit_id"] for row in rows} - {None})
    samples = [_sample(row, inputs.within.get(row["unit_id"], frozenset())) for row in rows]
    capped = [terms for terms in inputs.terms if terms.cap is not None]
    if any(covers(terms, sample) for terms in capped for sample in samples):
        return None
    new = list(earnings(samples, inputs.stays, inputs.terms, {}, ()))
    return EarnedRows([_row(one) for one in new], _sum_deltas((one, 1) for one in new))


def lock_and_attribute(device_id: UUID, days: Iterable[date]) -> int:
    """Lock a device and attribute again; earnings of a withdrawn device are final."""
    try:
        devices.lock_device(device_id)
    except Problem:  # withdrawn at the same time
        return 0
    return attribute(device_id, days)


def unlink_person(device_id: UUID) -> None:
    """Unlink a device's earnings from its volunteer, before the device is withdrawn."""
    db.session.execute(UNLINK, {"device": device_id})
    db.session.execute(DELETE_PERSON, {"device": device_id})


def replace_earnings(gone: set[Earned], new: set[Earned]) -> int:
    """Write changed earnings and team counts; return the number of changes."""
    if gone:
        keys = [
            {"measurement_id": one.measurement_id, "campaign_id": one.campaign_id} for one in gone
        ]
        db.session.execute(DELETE, {"gone": dump(keys)})
    if new:
        db.session.execute(INSERT, {"new": dump([_row(one) for one in new])})
    deltas = _sum_deltas([*((one, -1) for one in gone), *((one, 1) for one in new)])
    if deltas:
        db.session.execute(DELTAS, {"deltas": dump(deltas)})
    return len({(one.measurement_id, one.campaign_id) for one in gone | new})


def _row(earned: Earned) -> dict[str, Any]:
    return earned._asdict() | {"rules": RULE}


def _sum_deltas(changes: Iterable[tuple[Earned, int]]) -> list[dict[str, Any]]:
    """Sum changes of team counts by key, as rows of `team_deltas`."""
    sums: Counter[tuple[Any, ...]] = Counter()
    for earned, n in changes:
        sums[tuple(getattr(earned, name) for name in KEY)] += n
    return [dict(zip(KEY, key, strict=True)) | {"n": n} for key, n in sums.items() if n]


def _units_above(row: Mapping[Any, Any]) -> frozenset[int]:
    above = (row["unit_id"], row["parent_id"], row["province_id"])
    return frozenset(unit for unit in above if unit is not None)


def _sample(row: Mapping[Any, Any], within: frozenset[int]) -> Sample:
    return Sample(
        id=row["id"],
        at=row["measured_at"],
        day=row["day"],
        network=row["network"],
        unit_id=row["unit_id"],
        within=within,
        category=category(row["reasons"], (), row["assurance"]),
    )
