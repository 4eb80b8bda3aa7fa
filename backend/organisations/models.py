"""Organisations, and clusters of communes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_
from geo.gazetteer import plain, sort_key


def _name(context: Any) -> str:
    return str(context.get_current_parameters()["name"])


def default_sort_key(context: Any) -> str:
    """Return the sort key of a row's name (a column default)."""
    return sort_key(_name(context))


class Organisation(db.Model):
    """An organisation with campaigns and teams, for example a youth union or a department."""

    __tablename__ = "organisations"
    __personal__ = N_("gives the telephone that people ask"), N_("as long as the organisation")

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    # youth_union, community_digital_team, department, operator, other
    type: Mapped[str]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))  # its home
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    telephone: Mapped[str | None]  # public: on posters and where a code is no longer valid
    version: Mapped[int] = mapped_column(server_default="1")  # raised by every change: the ETag
    ended_at: Mapped[datetime | None]
    # Derived from the name in Python, as those of units; changed together with the name.
    sort_key: Mapped[str] = mapped_column(default=default_sort_key)
    search_key: Mapped[str] = mapped_column(default=lambda context: plain(_name(context)))


class Cluster(db.Model):
    """A named list of communes of a province (khu vực), which is never changed."""

    __tablename__ = "clusters"
    __table_args__ = (CheckConstraint("valid_from <= valid_to + 1", name="days"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]  # last day; the one before the first: ended on its first day
    demo: Mapped[bool] = mapped_column(server_default="false")
    sort_key: Mapped[str] = mapped_column(default=default_sort_key)


class ClusterUnit(db.Model):
    """A unit of a cluster."""

    __tablename__ = "cluster_units"

    cluster_id: Mapped[int] = mapped_column(
        ForeignKey("clusters.id", ondelete="CASCADE"), primary_key=True
    )
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"), primary_key=True, index=True)
