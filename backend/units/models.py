"""Administrative units, boundary sets and the polygons of a set."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class Unit(db.Model):
    """A province, district or commune of one system; its code alone is no identity."""

    __tablename__ = "units"
    __table_args__ = (
        UniqueConstraint("system", "level", "code"),
        Index(None, "parent_id"),
        Index(None, "province_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    system: Mapped[str]  # "2024" or "2025"
    level: Mapped[str]  # province, district, commune
    code: Mapped[str]
    name: Mapped[str]
    type: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    province_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    valid_from: Mapped[date | None]  # null: since ever
    valid_to: Mapped[date | None]  # last day; null: until further notice
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    sort_key: Mapped[str]  # Vietnamese order, made in Python
    search_key: Mapped[str]  # lower case, without diacritics


class BoundarySet(db.Model):
    """Polygons of all communes for a span of days; never changed, only added."""

    __tablename__ = "boundary_sets"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    system: Mapped[str]
    quality: Mapped[str]  # approximate, derived, published
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    note: Mapped[str | None]
    digest: Mapped[str]
    loaded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # Order of activation: of the sets whose span holds a day the latest activated one serves it,
    # an approximate one only where there is no other. Null: loaded, not active.
    activation: Mapped[int | None] = mapped_column(BigInteger, unique=True)


class Boundary(db.Model):
    """The polygon of one unit in one set, as WKB in EPSG:4326."""

    __tablename__ = "boundaries"

    set_id: Mapped[int] = mapped_column(ForeignKey("boundary_sets.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    geometry: Mapped[bytes]
