"""The tables of hamlets and of places without coverage."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.accounts import models as accounts  # noqa: F401 # referenced tables
from backend.database.extensions import db
from backend.i18n.catalogues import N_
from backend.units import models as units  # noqa: F401


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


class Place(db.Model):
    """A place without coverage of one operator or of all, and the state of its repair."""

    __tablename__ = "places"
    __table_args__ = (
        CheckConstraint(
            "num_nulls(name, unit_id, latitude, longitude)"
            " = case when hamlet_id is null then 0 else 4 end",
            name="hamlet_or_position",
        ),
        Index(
            "ix_places_open",
            "hamlet_id",
            "operator",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("hamlet_id is not null and state not in ('wrong', 'duplicate')"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    province_id: Mapped[int] = mapped_column(ForeignKey("units.id"), index=True)
    hamlet_id: Mapped[int | None] = mapped_column(ForeignKey("hamlets.id"), index=True)
    # Of a place that is no hamlet: the office's own words, and the position that an official set.
    name: Mapped[str | None]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))  # commune of the position
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    operator: Mapped[str | None]  # null: all operators
    state: Mapped[str]  # of the newest step
    version: Mapped[int] = mapped_column(server_default="1")
    published: Mapped[bool] = mapped_column(server_default=false())  # by an official's press


class PlaceStep(db.Model):
    """A step of a place, never changed: a wrong one is followed by a correcting one."""

    __tablename__ = "place_steps"
    __personal__ = (N_("says which official took a step"), N_("as long as the place"))
    __table_args__ = (UniqueConstraint("place_id", "number"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("places.id"))
    number: Mapped[int]  # from 1
    state: Mapped[str]  # one of states.STATES
    day: Mapped[date]  # on which it happened
    promised_on: Mapped[date | None]  # by the operator
    document: Mapped[str | None]  # its number
    note: Mapped[str | None]  # station, measure, reason
    correction: Mapped[bool]
    # Campaigns of its commune see the place until the next step; of `remeasure` alone.
    for_campaigns: Mapped[bool] = mapped_column(server_default=false())
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    entered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The evidence of that moment, in numbers alone.
    notes: Mapped[int]
    failed_tests: Mapped[int]
    slow_tests: Mapped[int]
    phones: Mapped[int | None]  # null: fewer than 5
