"""How often each operation is used: counted in memory by each worker, stored once a minute.

What a worker counted since the last minute is lost when it ends.
"""

from datetime import datetime, timedelta
from typing import TypedDict

from flask import current_app
from sqlalchemy import BigInteger, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from backend.clock import local_day
from backend.database.extensions import db
from backend.metrics import return_uses, take_uses
from backend.monitoring.models import Usage

MONTH, YEAR = timedelta(days=30), timedelta(days=365)
# Workers write the same rows: in one order, so that none waits for one that waits for it.
STORE = text("""
    insert into usage (day, operation, n)
    select :day, u.operation, u.n
    from unnest(cast(:operations as text[]), cast(:numbers as bigint[])) as u (operation, n)
    order by u.operation
    on conflict (day, operation) do update set n = usage.n + excluded.n
""")


class UsedOperation(TypedDict):
    """How often an operation was used in the last 30 and 365 days."""

    operation: str
    month: int
    year: int


class UsageSummary(TypedDict):
    """Uses by operation, the most used first, and the operations that nobody used for a year."""

    used: list[UsedOperation]
    unused: list[str]


def store_usage(now: datetime) -> None:
    """Add what this process counted to the sums of the day."""
    taken = take_uses()
    if not taken:
        return
    values = {"day": local_day(now), "operations": list(taken), "numbers": list(taken.values())}
    try:
        db.session.execute(STORE, values)
        db.session.commit()
    except SQLAlchemyError:
        return_uses(taken)
        raise


def summarise_usage(now: datetime) -> UsageSummary:
    """Return how often each operation of this version was used, and former ones that were."""
    today = local_day(now)
    month = func.sum(Usage.n).filter(Usage.day > today - MONTH)
    year = func.sum(Usage.n).cast(BigInteger)
    sums = (
        select(Usage.operation, func.coalesce(month, 0).cast(BigInteger), year)
        .where(Usage.day > today - YEAR)
        .group_by(Usage.operation)
        .order_by(year.desc(), Usage.operation)
    )
    used: list[UsedOperation] = [
        {"operation": operation, "month": month, "year": year}
        for operation, month, year in db.session.execute(sums)
    ]
    unused = set(current_app.view_functions) - {row["operation"] for row in used}
    return {"used": used, "unused": sorted(unused)}
