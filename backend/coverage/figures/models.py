"""Published months, and versions of counts for caches."""

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class PublishedMonth(db.Model):
    """A published month of a province: its report was approved."""

    __tablename__ = "published_months"

    month: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)


class CountChange(db.Model):
    """Version of the last change of a unit's counts in a month, set by triggers."""

    __tablename__ = "count_changes"

    month: Mapped[str] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    # 0: in no commune.
    unit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
