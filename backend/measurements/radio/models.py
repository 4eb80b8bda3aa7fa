"""Radio samples."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class RadioSample(db.Model):
    """What a phone received at a place: the strength of a network, or no service.

    Rows arrive by COPY, thousands at once. They have no foreign keys, whose checks row by row would
    take most of the time: recording locks the device, and a withdrawal deletes its samples.
    """

    __tablename__ = "radio_samples"
    __table_args__ = (
        CheckConstraint("(technology is null) = (rsrp_dbm is null)", name="service"),
        Index(None, "unit_id", "day"),
        # Rows of a day lie together, as they arrive; a tree would make imports slower.
        Index("ix_radio_samples_day", "day", postgresql_using="brin"),
    )

    device_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)  # the client's, unique within the device
    received_at: Mapped[datetime]
    measured_at: Mapped[datetime]  # corrected if the phone's clock was wrong
    day: Mapped[date]  # in Vietnam
    unit_id: Mapped[int]
    set_id: Mapped[int]
    cell: Mapped[int] = mapped_column(BigInteger)  # H3 index at rules.RESOLUTION
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    serving_cell: Mapped[int | None] = mapped_column(BigInteger)  # identity of the radio cell
    rsrp_dbm: Mapped[int | None] = mapped_column(SmallInteger)  # null: no service
    rsrq_db: Mapped[int | None] = mapped_column(SmallInteger)
    sinr_db: Mapped[int | None] = mapped_column(SmallInteger)
    sim_slot: Mapped[int | None] = mapped_column(SmallInteger)
    source: Mapped[str]  # rules.SOURCES
    operator: Mapped[str | None]  # of the closed list; null: another or unknown
    technology: Mapped[str | None]  # rules.TECHNOLOGIES; null: no service
    mode: Mapped[str | None]  # of 5G: rules.MODES
