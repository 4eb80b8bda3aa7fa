"""Stored speed statistics, marks of outdated ones, and the monthly releases."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
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
    outings: Mapped[int | None]
    figures: Mapped[dict[str, Any] | None]  # null: too few samples
    found_at: Mapped[datetime]


class StatisticsVersion(db.Model):
    """The version of a commune's counts of which its statistics were computed."""

    __tablename__ = "statistics_versions"

    month: Mapped[str] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    # 0: the country, of which the version is the sum of those of its communes.
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)


class Release(db.Model):
    """The release of a month's public figures; a trigger forbids changes."""

    __tablename__ = "releases"

    month: Mapped[str] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]


class ReleasedFigures(db.Model):
    """The public figures of a unit in a month, apart from its counts."""

    __tablename__ = "released_figures"

    # In this order, the key finds the latest release of a unit too.
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0: the country
    network: Mapped[str] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(
        ForeignKey("releases.month", ondelete="CASCADE"), primary_key=True, index=True
    )
    devices: Mapped[int | None]  # null: of too few people
    outings: Mapped[int | None]
    cells: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    hours: Mapped[list[list[int]] | None] = mapped_column(JSONB(none_as_null=True))
    # Median download of each weekday and hour with its limits; null: too few.
    week: Mapped[list[list[list[float] | None]] | None] = mapped_column(JSONB(none_as_null=True))
    statistics: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class ReleasedNoConnection(db.Model):
    """The public places without a connection of a unit in a month."""

    __tablename__ = "released_no_connection"

    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    month: Mapped[str] = mapped_column(
        ForeignKey("releases.month", ondelete="CASCADE"), primary_key=True, index=True
    )
    places: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
