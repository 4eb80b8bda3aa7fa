"""Stored speed statistics, and marks of outdated ones."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class Statistic(db.Model):
    """The speeds of one group of counted samples at the latest computation."""

    __tablename__ = "statistics"

    month: Mapped[str] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: the country
    operator: Mapped[str] = mapped_column(primary_key=True)  # "": all operators
    technology: Mapped[str] = mapped_column(primary_key=True)  # "": all technologies
    n: Mapped[int]
    devices: Mapped[int]
    figures: Mapped[dict[str, Any] | None]  # null: too few samples
    found_at: Mapped[datetime]


class StatisticStale(db.Model):
    """A mark set by triggers: the counted samples of a unit and month changed."""

    __tablename__ = "statistics_stale"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    month: Mapped[str]
    unit_id: Mapped[int]  # 0: the country
    network: Mapped[str]
