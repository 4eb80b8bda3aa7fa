"""Teams, campaigns with their areas, and join codes."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.organisations.models import default_sort_key
from backend.organisations.names import folded


class Team(db.Model):
    """A group of volunteers of one organisation."""

    __tablename__ = "teams"
    __table_args__ = (
        Index(None, "organisation_id", "name", unique=True),
        Index(None, "organisation_id", "name_key", unique=True),
        Index(None, "home_unit_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    name: Mapped[str]
    type: Mapped[str]  # youth, community_digital, staff, other
    home_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    capacity_per_day: Mapped[int | None]  # samples; set by the organiser, null: not known
    version: Mapped[int] = mapped_column(server_default="1")
    ended_at: Mapped[datetime | None]
    name_key: Mapped[str] = mapped_column(  # two names that look the same
        default=lambda context: folded(context.get_current_parameters()["name"])
    )
    sort_key: Mapped[str] = mapped_column(default=default_sort_key)


class Campaign(db.Model):
    """Dates, an area and kinds of network within which teams earn samples."""

    __tablename__ = "campaigns"
    __table_args__ = (CheckConstraint("first_day <= last_day", name="days"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    networks: Mapped[list[str]]  # mobile, fixed: what is counted apart
    target: Mapped[int | None]  # per commune, where it differs from the official one
    cap: Mapped[int | None]  # most samples of a device and day; concerns this campaign only
    state: Mapped[str]  # draft, open, closed, archived
    demo: Mapped[bool] = mapped_column(server_default="false")
    version: Mapped[int] = mapped_column(server_default="1")


class CampaignArea(db.Model):
    """A unit, of any level, in which a campaign takes place."""

    __tablename__ = "campaign_areas"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)


class JoinCode(db.Model):
    """A code by which people join a team in one campaign."""

    __tablename__ = "join_codes"
    __table_args__ = (
        # At most one is in force for a team of a campaign; rotating revokes the one before.
        Index(
            "uq_join_codes_in_force",
            "campaign_id",
            "team_id",
            unique=True,
            postgresql_where=text("revoked_at is null"),
        ),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    uses_most: Mapped[int | None]
    uses: Mapped[int] = mapped_column(server_default="0")
    revoked_at: Mapped[datetime | None]
