"""Pins of plans."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_


class Pin(db.Model):
    """The samples that an organiser fixed for a team in a commune on a day."""

    __tablename__ = "pins"
    __personal__ = N_("names who fixed a team’s samples"), N_("as long as the decision")
    __table_args__ = (CheckConstraint("samples > 0", name="samples"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    samples: Mapped[int]
    user_id: Mapped[int | None]  # null: at the operator's shell


class PlanSettings(db.Model):
    """The limits of a campaign's plan; a campaign without a row has the defaults."""

    __tablename__ = "plan_settings"
    __table_args__ = (
        CheckConstraint("radius_km > 0", name="radius_km"),
        CheckConstraint("visit_least > 0", name="visit_least"),
        CheckConstraint("assumed_capacity > 0", name="assumed_capacity"),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    radius_km: Mapped[int]
    visit_least: Mapped[int]  # samples of a team that travels to a commune
    assumed_capacity: Mapped[int]  # samples a day of a team without a known capacity
    community_travels: Mapped[bool]
