"""The counts of communes that the public sees: those of the last full hour.

Exact counts would follow a person who measures alone from commune to commune. At the full hour the
counts of a commune are copied if enough phones measured there within that hour: phones that came
before are no company. At midnight those of every commune that changed are copied. Countries and
provinces are counted exactly.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from backend.clock import day_begin, local_day, month_before
from backend.database.extensions import array_literal, db, fetch, fetch_autocommit
from backend.measurements.recording.models import public_months
from backend.measurements.recording.reasons import COLUMNS

# The phones with counted samples that nobody can tell apart in an hour.
MIN_PHONES = 3
# A run may have been late or missed once.
OVERDUE = timedelta(hours=2)
# The month of the row with the time of the last run; it is in no answer.
LAST_RUN = ""

_NAMES = ", ".join((*COLUMNS.values(), "version"))
# Teams change without a count where their samples are assigned anew.
_TEAMS = """
    array(select distinct team_id from team_unit_months e
        where e.unit_id = u.unit_id and e.month = u.month
            and e.network = u.network and e.received > 0 order by team_id)
"""
# The phones and outings of stored statistics, for plans.
_PARTICIPATION = """
    (select array[s.devices, s.outings] from statistics s
        where (s.month, s.network, s.unit_id) = (u.month, u.network, u.unit_id)
            and s.operator = '' and s.technology = '')
"""
COPY = f"""
    with changed as (
        select u.* from unit_months u left join public_months p using (month, network, unit_id)
        where (%(all)s and (u.version is distinct from p.version or p.teams <> {_TEAMS}
                or array[p.devices, p.outings] <> {_PARTICIPATION}))
            or (not %(all)s and u.version is distinct from p.version and %(phones)s <= (
                select count(distinct m.device_id) from measurements m
                where m.unit_id = u.unit_id and m.network = u.network and m.counted
                    and m.day between (u.month || '-01')::date
                        and (u.month || '-01')::date + interval '1 month - 1 day'
                    and m.received_at >= %(since)s
            ))
    ), days as (
        insert into public_days as old
        select d.* from unit_days d join changed using (month, network, unit_id)
        where d.month = any(%(months)s::text[])
        order by d.month, d.network, d.unit_id, d.day
        on conflict (month, network, unit_id, day) do update set received = excluded.received,
            valid = excluded.valid, counted = excluded.counted
    ), past as (
        delete from public_days where month <> all(%(months)s::text[])
    )
    insert into public_months as old
        (month, network, unit_id, {_NAMES}, teams, devices, outings, copied_at)
    select month, network, unit_id, {_NAMES}, {_TEAMS}, s[1], s[2], %(now)s::timestamptz
    from changed u cross join lateral (select {_PARTICIPATION} as s) of
    union all
    select '{LAST_RUN}', '', 0, {", ".join("0" for _ in (*COLUMNS, "version"))}, '{{}}', null, null,
        %(now)s
    order by month, network, unit_id
    on conflict (month, network, unit_id) do update set copied_at = excluded.copied_at,
        teams = excluded.teams, version = excluded.version, devices = excluded.devices,
        outings = excluded.outings,
        {", ".join(f"{name} = excluded.{name}" for name in COLUMNS.values())}
    returning month
"""  # noqa: S608 # names of columns


def copy_counts(now: datetime, *, everything: bool = False) -> int | None:
    """Copy the counts that are due, once an hour, and commit; return their number.

    The first run of a day copies all that changed, as does the first of all. None: this hour's
    run was before.
    """
    last = last_run()
    if last is not None and not everything:
        if full_hour(last) == full_hour(now):
            return None
        everything = local_day(last) < local_day(now)
    month = f"{local_day(now):%Y-%m}"
    copied = fetch_autocommit(
        COPY,
        {
            "all": everything or last is None, "phones": MIN_PHONES, "now": now,
            "since": full_hour(now) - timedelta(hours=1),
            "months": [month_before(month), month],
        },
    )  # fmt: skip
    return len(copied) - 1


# Times are read as texts: a column of times costs more than all counts beside it.
COPIED_AT = """
    select to_char(p.copied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') as time
    from unnest(%(units)s::integer[]) with ordinality u (id, place)
    left join public_months p on p.unit_id = u.id and p.month = %(month)s
        and p.network = %(network)s and p.copied_at > %(midnight)s
    order by place
"""


def copied_at(month: str, network: str, units: Sequence[int], today: date) -> list[str]:
    """Return until when the public counts of communes reach, as ISO 8601 in UTC.

    It is the time of the copy, at least midnight, when all that changed are copied. So the time
    tells nothing of what was not copied.
    """
    midnight = day_begin(today)
    values = {
        "month": month, "network": network, "units": array_literal(units), "midnight": midnight
    }  # fmt: skip
    least = midnight.astimezone(UTC).isoformat("T", "seconds")
    return [row["time"] or least for row in fetch(COPIED_AT, values)]


def last_run() -> datetime | None:
    """Return the time of the last run."""
    of_run = select(public_months.c.copied_at).where(public_months.c.month == LAST_RUN)
    return db.session.scalar(of_run)


def full_hour(time: datetime) -> datetime:
    """Return the begin of an hour."""
    return time.replace(minute=0, second=0, microsecond=0)
