"""The tables of hamlets."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.units import models as units  # noqa: F401 # referenced tables


class Hamlet(db.Model):
    """A hamlet of the list that a province keeps, with its position where the office knows it."""

    __tablename__ = "hamlets"
    __table_args__ = (
        UniqueConstraint("unit_id", "name"),
        CheckConstraint("num_nulls(latitude, longitude) <> 1", name="position"),
        Index(
            "ix_hamlets_code",
            "province_id",
            "code",
            unique=True,
            postgresql_where=text("code is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    province_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))  # its commune
    name: Mapped[str]
    code: Mapped[str | None]  # the office's own; a renamed hamlet is found by it
    # Of its hall or centre, as an official states it; degrees, EPSG:4326.
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    households: Mapped[int | None]
    power: Mapped[bool | None]  # on the electric grid
    version: Mapped[int] = mapped_column(server_default="1")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
