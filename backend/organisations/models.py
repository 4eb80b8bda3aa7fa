"""Organisations, teams and campaigns; volunteers, their devices and memberships."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.organisations.names import folded
from geo.gazetteer import plain, sort_key


def _of_name(context: Any) -> str:
    return str(context.get_current_parameters()["name"])


def _sort_key(context: Any) -> str:
    return sort_key(_of_name(context))


def _search_key(context: Any) -> str:
    return plain(_of_name(context))


def _name_key(context: Any) -> str:
    return folded(_of_name(context))


class Organisation(db.Model):
    """Who runs campaigns and has teams: a youth union, a department, a commune's digital team."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    # youth_union, community_digital_team, department, operator, other
    type: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))  # where it is at home
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    version: Mapped[int] = mapped_column(server_default="1")  # raised by every change: the ETag
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # Made from the name in Python, as those of units; whoever changes a name changes them too.
    sort_key: Mapped[str] = mapped_column(Text, default=_sort_key)
    search_key: Mapped[str] = mapped_column(Text, default=_search_key)


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
    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)  # youth, community_digital, staff, other
    home_unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    capacity_per_day: Mapped[int | None]  # samples; set by the organiser, null: not known
    version: Mapped[int] = mapped_column(server_default="1")
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    name_key: Mapped[str] = mapped_column(Text, default=_name_key)  # two names that look the same
    sort_key: Mapped[str] = mapped_column(Text, default=_sort_key)


class Campaign(db.Model):
    """Dates, an area and kinds of network within which teams earn samples."""

    __tablename__ = "campaigns"
    __table_args__ = (CheckConstraint("first_day <= last_day", name="days"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text))  # mobile, fixed: what is counted apart
    target: Mapped[int | None]  # per commune, where it differs from the official one
    cap: Mapped[int | None]  # most samples of a device and day; concerns this campaign only
    state: Mapped[str] = mapped_column(Text)  # draft, open, closed, archived
    demo: Mapped[bool] = mapped_column(server_default="false")
    version: Mapped[int] = mapped_column(server_default="1")


class Cluster(db.Model):
    """A named list of units: an area of campaigns and of officials, from one day to another."""

    __tablename__ = "clusters"
    __table_args__ = (CheckConstraint("valid_from <= valid_to", name="days"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    # Whose it is; null: the admins'.
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)  # last day
    version: Mapped[int] = mapped_column(server_default="1")
    sort_key: Mapped[str] = mapped_column(Text, default=_sort_key)


class ClusterUnit(db.Model):
    """A unit of a cluster."""

    __tablename__ = "cluster_units"

    cluster_id: Mapped[int] = mapped_column(
        ForeignKey("clusters.id", ondelete="CASCADE"), primary_key=True
    )
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True, index=True)


class CampaignArea(db.Model):
    """A unit, of any level, in which a campaign takes place."""

    __tablename__ = "campaign_areas"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True
    )
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)


class JoinCode(db.Model):
    """What a team shows so that people join it in one campaign."""

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

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    uses_most: Mapped[int | None]
    uses: Mapped[int] = mapped_column(server_default="0")
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Volunteer(db.Model):
    """A person who measures; known by devices alone, named only if they wish."""

    __tablename__ = "volunteers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    display_name: Mapped[str | None] = mapped_column(Text)
    name_agreed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    demo: Mapped[bool] = mapped_column(server_default="false")


class DeviceLink(db.Model):
    """Which volunteer a device belonged to, from when to when; never retroactive."""

    __tablename__ = "device_links"
    __table_args__ = (
        ExcludeConstraint(("device_id", "="), ("period", "&&"), name="one_volunteer_at_a_time"),
        Index(None, "volunteer_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    period: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)


class Membership(db.Model):
    """In which team of a campaign a volunteer was, from when to when; history is not rewritten."""

    __tablename__ = "memberships"
    __table_args__ = (
        ExcludeConstraint(
            ("volunteer_id", "="),
            ("campaign_id", "="),
            ("period", "&&"),
            name="one_team_of_a_campaign_at_a_time",
        ),
        Index(None, "campaign_id", "team_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    period: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    # The volunteer who helped a resident; such a membership lasts a day and is counted apart.
    guest_of: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"))


class Pass(db.Model):
    """A one-time code that one phone shows to another: to link it, or to join as a guest."""

    __tablename__ = "passes"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)  # link, guest
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))  # of a guest's
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Correction(db.Model):
    """An organiser's decision on who earned a measurement; the latest one beats the rule."""

    __tablename__ = "corrections"
    __table_args__ = (Index(None, "measurement_id", "campaign_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), index=True)
    measurement_id: Mapped[UUID]
    before_team_id: Mapped[int | None]
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))  # null: no team
    reason: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None]  # null: at the operator's shell
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class CampaignExclusion(db.Model):
    """A measurement that an organiser took out of one campaign's figures."""

    __tablename__ = "campaign_exclusions"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    measurement_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Pin(db.Model):
    """What an organiser fixed for a team on a day: so many samples in one commune."""

    __tablename__ = "pins"
    __table_args__ = (CheckConstraint("samples > 0", name="samples"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    network: Mapped[str] = mapped_column(Text, primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True)
    samples: Mapped[int]
    user_id: Mapped[int | None]  # null: at the operator's shell
