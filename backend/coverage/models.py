"""Targets: rows with a span of days, never constants."""

from datetime import date

from sqlalchemy import Date, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.extensions import db


class Target(db.Model):
    """How many samples a month a unit of a level needs on a network, and who says so."""

    __tablename__ = "targets"

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[str] = mapped_column(Text)
    network: Mapped[str] = mapped_column(Text)
    threshold: Mapped[int]
    basis: Mapped[str] = mapped_column(Text)  # received, valid, counted
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
