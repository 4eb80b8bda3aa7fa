"""What a position's age takes from it: first its precision, then itself. Counts stay as they are.

Day by day, each in a transaction of its own, and marked: it may be ended at any moment and run
again. Rows that come later than their day was expired are found by an index of their own.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text

from backend.accounts.audit import record_command
from backend.clock import local_day
from backend.database.extensions import db

# Three decimals are 111 m: the commune can still be seen, the house no longer.
COARSE_DECIMALS = 3

# Of a demo's phones nobody has to be protected, and its old months are there to be looked at.
OF_PEOPLE = """
    not exists (select from devices d where d.id = measurements.device_id and d.demo)
"""
# Bodies and candidates hold the exact position too; `raw` is null of what is no longer exact.
COARSEN = f"""
    update measurements set raw = null, candidates = null,
        latitude = case when day >= :gone then round(latitude::numeric, :decimals) end,
        longitude = case when day >= :gone then round(longitude::numeric, :decimals) end,
        accuracy_m = case when day >= :gone then accuracy_m end
    where raw is not null and {OF_PEOPLE}
"""  # noqa: S608 # fixed words
COARSEN_DAY = text(f"{COARSEN} and day = :day")
COARSEN_LATE = text(
    f"{COARSEN} and day < :coarse and (device_id is null or 'too_old' = any(reasons))"
)
REMOVE_DAY = text(f"""
    update measurements set latitude = null, longitude = null, accuracy_m = null
    where latitude is not null and {OF_PEOPLE} and day = :day
""")  # noqa: S608
DAYS = text("""
    select day::date from generate_series(
        (select to_date(min(month), 'YYYY-MM') from counts), :before, interval '1 day'
    ) as days(day)
    where day < :before
      and not exists (select from expired_days e where e.day = days.day and e.step = :step)
    order by day
""")
MARK = text("insert into expired_days (day, step) values (:day, :step) on conflict do nothing")
REFUSED = text("delete from refused where received_at < :before")


@dataclass(slots=True)
class Expired:
    """How many measurements lost their precision or position, and how many refused bodies went."""

    coarsened: int = 0
    removed: int = 0
    refused: int = 0


def expire(
    now: datetime, coarsen_after: int, remove_after: int, progress: Callable[[int, int], None]
) -> Expired:
    """Coarsen and remove what is older than so many days; the audit log tells how much."""
    today = local_day(now)
    gone, coarse = today - timedelta(days=remove_after), today - timedelta(days=coarsen_after)
    to_remove, to_coarsen = _days("removed", gone), _days("coarsened", coarse)
    done, steps = Expired(), len(to_remove) + len(to_coarsen)
    for place, day in enumerate(to_coarsen):
        progress(place, steps)
        values = {"day": day, "gone": gone, "decimals": COARSE_DECIMALS}
        done.coarsened += _settle_day("coarsened", COARSEN_DAY, day, values)
    for place, day in enumerate(to_remove, len(to_coarsen)):
        progress(place, steps)
        done.removed += _settle_day("removed", REMOVE_DAY, day, {"day": day})
    late = {"coarse": coarse, "gone": gone, "decimals": COARSE_DECIMALS}
    done.coarsened += db.session.execute(COARSEN_LATE, late).rowcount  # type: ignore[attr-defined]
    old = {"before": now - timedelta(days=coarsen_after)}
    done.refused = db.session.execute(REFUSED, old).rowcount  # type: ignore[attr-defined]
    if done != Expired():
        record_command("privacy.expire", "measurements", **asdict(done), before=coarse.isoformat())
    db.session.commit()
    return done


def _days(step: str, before: date) -> list[date]:
    return list(db.session.scalars(DAYS, {"step": step, "before": before}))


def _settle_day(step: str, statement: object, day: date, values: dict[str, object]) -> int:
    changed: int = db.session.execute(statement, values).rowcount  # type: ignore[call-overload]
    db.session.execute(MARK, {"day": day, "step": step})
    db.session.commit()
    return changed
