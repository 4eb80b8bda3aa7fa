"""Targets: samples required of a unit, with validity and source."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Text, literal_column
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.measurements.recording.reasons import Basis


class Target(db.Model):
    """A target of samples a month for units of a level on a network, with its source."""

    __tablename__ = "targets"
    __table_args__ = (
        CheckConstraint("threshold > 0", name="threshold"),
        CheckConstraint("threshold is not null or unit_id is not null", name="exempt_unit"),
        ExcludeConstraint(
            ("level", "="),
            ("network", "="),
            ("purpose", "="),
            (literal_column("coalesce(unit_id, 0)"), "="),
            (literal_column("daterange(valid_from, valid_to, '[]')"), "&&"),
            name="one_target_at_a_time",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[str]
    network: Mapped[str]
    threshold: Mapped[int | None]  # null: the unit is exempt
    basis: Mapped[Basis] = mapped_column(Text)  # the number that is compared
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    source: Mapped[str]
    # target, or assessment: the least samples for assessing a unit.
    purpose: Mapped[str] = mapped_column(server_default="target")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))  # null: every unit
    version: Mapped[int] = mapped_column(server_default="1")
