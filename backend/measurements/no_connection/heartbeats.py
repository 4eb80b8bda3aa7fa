"""Heartbeats of this server: a row a minute, by which a stopped server is no coverage gap."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import text

from backend.database.extensions import db
from backend.measurements.recording.rules import MAX_AGE

# A restart takes less; a phone tries for a minute before it notes a place.
MAX_PAUSE = timedelta(minutes=2)
# Phones a minute, in the median of the last hour with tests. At 20 a minute none by chance happens
# once in 900 years; a smaller town measures nothing for minutes every evening.
USUAL_PHONES = 20
# Notes arrive until MAX_AGE; a day more for what a clock may be wrong.
KEPT = MAX_AGE + timedelta(days=1)

# Several workers write the same minute: the first one does. Tests with a witness, which no script
# invents, have a network.
BEAT = text("""
    insert into heartbeats (minute, phones)
    select date_trunc('minute', cast(:now as timestamptz)), count(distinct device_id) from tickets
    where prefix is not null
      and used_at >= date_trunc('minute', cast(:now as timestamptz)) - interval '1 minute'
      and used_at < date_trunc('minute', cast(:now as timestamptz))
    on conflict (minute) do nothing
""")
# Before the first heartbeat no gap is known (`last` is null). One in which tests arrived is none.
AWAY = text("""
    select tried.at
    from unnest(cast(:attempts as timestamptz[])) as tried (at)
    cross join lateral (
        select max(minute) as minute from heartbeats where minute <= tried.at
    ) as last
    cross join lateral (
        select coalesce(min(minute), :now) as minute from heartbeats where minute > tried.at
    ) as next
    where next.minute - last.minute > :pause
      and not exists (
          select from tickets where prefix is not null
            and used_at >= last.minute + interval '1 minute' and used_at < next.minute
      )
    union
    select tried.at
    from unnest(cast(:attempts as timestamptz[])) as tried (at)
    join heartbeats silent
        on silent.minute = date_trunc('minute', tried.at) + interval '1 minute'
        and silent.phones = 0
    where :usual <= (
        select percentile_disc(0.5) within group (order by phones)
        from (
            select phones from heartbeats
            where minute <= (
                select max(minute) from heartbeats where phones > 0 and minute < silent.minute
            )
            order by minute desc limit 60
        ) as last_hour
    )
""")
DELETE_EXPIRED = text("delete from heartbeats where minute < :before")


def beat(now: datetime) -> None:
    """Write the heartbeat of this minute, unless another process did, and delete expired ones."""
    db.session.execute(BEAT, {"now": now})
    db.session.execute(DELETE_EXPIRED, {"before": now - KEPT})
    db.session.commit()


def times_away(attempts: Collection[datetime], now: datetime) -> set[datetime]:
    """Return the times of attempts at which this server was away, by its heartbeats until now."""
    values = {"attempts": list(attempts), "now": now, "pause": MAX_PAUSE, "usual": USUAL_PHONES}
    return set(db.session.scalars(AWAY, values)) if attempts else set()
