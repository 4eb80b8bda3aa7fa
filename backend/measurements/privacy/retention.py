"""Retention: old positions are coarsened, later removed. Counts do not change.

Each day is done in a transaction of its own and marked, so the run can be stopped and repeated at
any time. Rows that arrive after their day was expired are found by a partial index.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import TextClause, text

from backend.accounts.audit import record_command
from backend.campaign_setup.service import delete_expired_drafts
from backend.clock import local_day
from backend.contacts import service as contacts
from backend.database.extensions import change_rows, db
from backend.measurements.recording import replays
from backend.measurements.recording.rules import MAX_AGE
from backend.outbox import service as outbox

# Three decimals are 111 m: precise enough for the commune, too coarse for a house.
COARSE_DECIMALS = 3

# Of samples and of notes, except those of demo phones, which belong to no person and whose old
# months are there to be shown. Bodies contain the exact position too; `raw` is null in coarsened
# rows.
COARSEN_DAY = text("""
    update measurements set raw = null,
        latitude = case when day >= :gone then round(latitude::numeric, :decimals) end,
        longitude = case when day >= :gone then round(longitude::numeric, :decimals) end,
        accuracy_m = case when day >= :gone then accuracy_m end, candidates = null
    where raw is not null
        and not exists (select from devices d where d.id = measurements.device_id and d.demo)
        and day = :day
""")
COARSEN_LATE = text("""
    update measurements set raw = null,
        latitude = case when day >= :gone then round(latitude::numeric, :decimals) end,
        longitude = case when day >= :gone then round(longitude::numeric, :decimals) end,
        accuracy_m = case when day >= :gone then accuracy_m end, candidates = null
    where raw is not null
        and not exists (select from devices d where d.id = measurements.device_id and d.demo)
        and day < :coarse and (device_id is null or 'too_old' = any(reasons))
""")
REMOVE_DAY = text("""
    update measurements set latitude = null, longitude = null, accuracy_m = null
    where latitude is not null
        and not exists (select from devices d where d.id = measurements.device_id and d.demo)
        and day = :day
""")
# A reviewer looks at a running month once a week. No sample that counts arrives so much later
# (rules.MAX_WAIT) that it would be compared with a place that is gone.
LEAVING_WITHIN = timedelta(days=7)
# Of people who want no position kept.
REMOVE_SAMPLES_OF = text("""
    update measurements set latitude = null, longitude = null, accuracy_m = null,
        raw = null, candidates = null
    where latitude is not null
        and not exists (select from devices d where d.id = measurements.device_id and d.demo)
        and received_at <= :before
        and device_id in (select id from devices where without_positions_since is not null)
        and (cast(:device as uuid) is null or device_id = :device)
""")
REMOVE_NOTES_OF = text("""
    update no_connection_notes set latitude = null, longitude = null, accuracy_m = null,
        raw = null, cell = null
    where latitude is not null
        and not exists (select from devices d where d.id = no_connection_notes.device_id and d.demo)
        and received_at <= :before
        and device_id in (select id from devices where without_positions_since is not null)
        and (cast(:device as uuid) is null or device_id = :device)
""")
COARSEN_NOTES = text("""
    update no_connection_notes set raw = null,
        latitude = case when day >= :gone then round(latitude::numeric, :decimals) end,
        longitude = case when day >= :gone then round(longitude::numeric, :decimals) end,
        accuracy_m = case when day >= :gone then accuracy_m end
    where raw is not null
        and not exists (select from devices d where d.id = no_connection_notes.device_id and d.demo)
        and day < :coarse
""")
REMOVE_NOTES = text("""
    update no_connection_notes set latitude = null, longitude = null, accuracy_m = null, cell = null
    where latitude is not null
        and not exists (select from devices d where d.id = no_connection_notes.device_id and d.demo)
        and day < :gone
""")
# Days that have measurements, each of which has rows in the counts.
DAYS = text("""
    select distinct day from unit_days d
    where day < :before
      and not exists (select from expired_days e where e.day = d.day and e.step = :step)
    order by day
""")
MARK = text("insert into expired_days (day, step) values (:day, :step) on conflict do nothing")
DELETE_REJECTED = text("delete from refused where received_at < :before")
# Networks of clients are compared within a week.
PREFIXES_KEPT = timedelta(days=7)
FORGET_PREFIXES = text("""
    update tickets set prefix = null where prefix is not null and used_at < :before
""")
FORGET_NETWORKS = text("""
    update no_connection_notes set network = null
    where network is not null and received_at < :before
""")
# With the phones that they were for.
NOTICES_KEPT = timedelta(days=90)
DELETE_NOTICES = text("delete from notices where until < :before")
# Two years show what is used in each month of a year, and whether that falls.
USAGE_KEPT = timedelta(days=730)
DELETE_USAGE = text("delete from usage where day < :before")
# The newest sample of a phone mostly has a position, if any has one: a step in the index for each.
COUNT_PEOPLE = text("""
    select count(*) from devices d
    where not d.demo and (
        exists (select from measurements m where m.device_id = d.id and m.latitude is not null)
        or exists (select from no_connection_notes n
            where n.device_id = d.id and n.latitude is not null)
    )
""")
# Until then samples with a ticket arrive, and each of its uses must be known.
DELETE_TICKETS = text("delete from tickets where expires_at < :before")


def expire(
    now: datetime, coarsen_after: int, remove_after: int, progress: Callable[[int, int], None]
) -> Counter[str]:
    """Coarsen and remove positions older than these numbers of days; audited with numbers.

    Return the number of coarsened and removed positions of measurements, and of changed notes and
    deleted rows by their kind.
    """
    today = local_day(now)
    gone, coarse = today - timedelta(days=remove_after), today - timedelta(days=coarsen_after)
    to_remove, to_coarsen = _days("removed", gone), _days("coarsened", coarse)
    done, steps = Counter({"coarsened": 0, "removed": 0}), len(to_remove) + len(to_coarsen)
    for place, day in enumerate(to_coarsen):
        progress(place, steps)
        values = {"day": day, "gone": gone, "decimals": COARSE_DECIMALS}
        done["coarsened"] += _expire_day("coarsened", COARSEN_DAY, day, values)
    for place, day in enumerate(to_remove, len(to_coarsen)):
        progress(place, steps)
        done["removed"] += _expire_day("removed", REMOVE_DAY, day, {"day": day})
    done["removed"] += sum(remove_asked(now))
    late = {"coarse": coarse, "gone": gone, "decimals": COARSE_DECIMALS}
    done["coarsened"] += change_rows(COARSEN_LATE, late)
    done["refused"] = change_rows(DELETE_REJECTED, {"before": now - timedelta(days=coarsen_after)})
    done["prefixes"] = change_rows(FORGET_PREFIXES, {"before": now - PREFIXES_KEPT})
    changed = change_rows(REMOVE_NOTES, late) + change_rows(COARSEN_NOTES, late)
    done["notes"] = changed + change_rows(FORGET_NETWORKS, {"before": now - PREFIXES_KEPT})
    done["tickets"] = change_rows(DELETE_TICKETS, {"before": now - MAX_AGE})
    done["drafts"] = delete_expired_drafts(now)
    done["contacts"] = contacts.delete_expired(now)
    done["digests"] = replays.delete_expired(today)
    done["events"] = outbox.delete_expired(now)
    done["notices"] = change_rows(DELETE_NOTICES, {"before": now - NOTICES_KEPT})
    done["usage"] = change_rows(DELETE_USAGE, {"before": today - USAGE_KEPT})
    if done.total():
        record_command("privacy.expire", "measurements", **done, before=coarse.isoformat())
    db.session.commit()
    return done


def remove_asked(now: datetime, device_id: UUID | None = None) -> tuple[int, int]:
    """Remove positions that their people want kept no longer: of all devices, or of one.

    Return the numbers of samples and of notes; the caller commits.
    """
    values = {"before": now - LEAVING_WITHIN, "device": device_id}
    return change_rows(REMOVE_SAMPLES_OF, values), change_rows(REMOVE_NOTES_OF, values)


def count_people() -> int:
    """Return the number of phones, each of a person, of which a position is stored."""
    return int(db.session.execute(COUNT_PEOPLE).scalar_one())


def _days(step: str, before: date) -> list[date]:
    return list(db.session.scalars(DAYS, {"step": step, "before": before}))


def _expire_day(step: str, statement: TextClause, day: date, values: dict[str, object]) -> int:
    changed = change_rows(statement, values)
    db.session.execute(MARK, {"day": day, "step": step})
    db.session.commit()
    return changed
