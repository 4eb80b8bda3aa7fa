"""Load or remove the demo months, made through the same use cases as real ones.

The month of the letter is November 2024 in Thái Nguyên: 64,595 counted mobile samples and 66
communes at 300 or more, as letter 5691/BTTTT-CVT reports. The letter divides by 178 communes
(37.08 %); the official list of that month has 177, and the built-in list, which is that of early
2025, has 172. So the share shown is that of the set in use, not the letter's. Beside it there are
the last full month and the current one in today's units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from backend.database.extensions import db
from backend.demo.making import AppContext, PlanMissed, Progress, Studio, make, progress_by
from backend.demo.plan import LETTER_MONTH, LETTER_PROVINCE, Campaign, campaigns
from backend.demo.removing import remove_devices, unmark_months
from backend.demo.removing_teams import remove_teams
from backend.demo.teams import casts, make_teams
from backend.devices import consent
from backend.devices import service as devices
from backend.devices.models import Device
from backend.devices.registration import Agreement, Registration
from backend.measurements.recording.counting import fold_all
from backend.measurements.recording.models import DemoMonth
from backend.measurements.recording.service import RecordingContext
from backend.reports.monthly.service import remove_demo_reports

SEED = 5_691
# The last device to be registered: that it is there says that a load ran to its end.
LAST = UUID("d0507e00-0000-4000-8000-000000005691")


@dataclass(frozen=True, slots=True)
class Order:
    """What to load: for which day it is today, up to which moment, by which seed."""

    today: date
    now: datetime
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; nothing where everything was there."""

    already: bool
    months: tuple[str, ...] = ()
    counted: int = 0


def load(
    order: Order, context: RecordingContext, app_context: AppContext, progress: Progress
) -> Loaded:
    """Make the demo months unless they are there; what an interrupted load left is replaced."""
    if is_loaded():
        return Loaded(already=True)
    plans = campaigns(order.today, order.now)
    return load_campaigns(plans, order, context, app_context, progress)


def load_campaigns(
    plans: Sequence[Campaign],
    order: Order,
    context: RecordingContext,
    app_context: AppContext,
    progress: Progress,
) -> Loaded:
    """Make these campaigns, each of its own devices."""
    remove(lambda done, of: None)
    months = tuple(sorted({one.month for one in plans}))
    # Marked before the first row is there: no figure of the demo is ever shown unmarked.
    db.session.execute(insert(DemoMonth), [{"month": month} for month in months])
    db.session.commit()
    advance = progress_by(progress, sum(one.counted for one in plans))
    counted = 0
    for plan in plans:
        n = make(plan, Studio(context, app_context, order.seed), advance)
        if plan.month == LETTER_MONTH and n != plan.counted:
            raise PlanMissed(f"{plan}: {n} counted")
        counted += n
    fold_all()
    if any((one.month, one.province) == (LETTER_MONTH, LETTER_PROVINCE) for one in plans):
        wanted = casts(_last_full_month(order.today), order.today.isoformat()[:7])
        make_teams(wanted, order.now, context, order.seed)
        fold_all()
    _register_last(order.now, context.key)
    return Loaded(False, months, counted)


def remove(progress: Progress) -> int:
    """Remove everything of the demo devices; return how many measurements."""
    db.session.execute(delete(Device).where(Device.id == LAST, Device.demo))
    db.session.commit()
    remove_teams()
    rows = remove_devices(progress)
    remove_demo_reports()
    unmark_months()
    fold_all()
    return rows


def is_loaded() -> bool:
    """Whether a load ran to its end and was not removed since."""
    found = db.session.scalar(select(Device.id).where(Device.id == LAST, Device.demo))
    db.session.rollback()
    return found is not None


def _last_full_month(today: date) -> str:
    return (today.replace(day=1) - timedelta(days=1)).isoformat()[:7]


def _register_last(now: datetime, key: str) -> None:
    asked = Registration(consent=Agreement(consent.CURRENT, now - timedelta(minutes=1)), id=LAST)
    devices.register(asked, secret=key, now=now, demo=True)
