"""Published months, and the recent days of units for comparisons and projections."""

from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Integer, SmallInteger, func
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class PublishedMonth(db.Model):
    """A published month of a province: its report was approved."""

    __tablename__ = "published_months"

    month: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)


class DailyHistory(db.Model):
    """Samples of a unit on the days before a day, written once on that day."""

    __tablename__ = "daily_history"

    day: Mapped[date] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    basis: Mapped[str] = mapped_column(primary_key=True)  # which of the three numbers is summed
    # 0: no unit; a row that says that the day's rows are complete.
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_month: Mapped[int]  # of the previous month up to the same day
    # Of the last 14 completed days: those with three samples or more; samples, and squares of a
    # day's samples, by weekday.
    active_days: Mapped[int] = mapped_column(SmallInteger)
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    squares: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
