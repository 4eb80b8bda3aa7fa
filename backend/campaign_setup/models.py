"""Drafts of campaigns, and logos of organisations."""

from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db
from backend.i18n.catalogues import N_


class DraftContent(TypedDict, total=False):
    """Fields of a draft as typed, whatever they contain; those of the pages not seen are missing.

    After the start only `leaders` is left: those of the list of teams who are not invited yet.
    """

    organisation_id: str | None
    name: str | None
    first_day: str | None
    last_day: str | None
    areas: str | None  # one unit a line
    networks: list[str]
    target: str | None
    cap: str | None
    state: str | None
    telephone: str | None  # on posters
    teams: str | None  # the list of teams, one a line
    former: list[str]  # ids of teams of former campaigns
    leaders: dict[str, list[int]]  # ids of teams, by contact


class CampaignDraft(db.Model):
    """A campaign that a person is setting up, as typed; after its start the leaders to invite."""

    __tablename__ = "campaign_drafts"
    __personal__ = (
        N_("keeps a campaign that is being prepared, with leaders to invite"),
        N_("90 days after the last change"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    content: Mapped[dict[str, Any]]
    campaign_id: Mapped[int | None] = mapped_column(
        ForeignKey("campaigns.id", ondelete="CASCADE"), index=True
    )
    updated_at: Mapped[datetime]


class OrganisationLogo(db.Model):
    """The logo of an organisation, re-encoded as PNG."""

    __tablename__ = "organisation_logos"

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True
    )
    png: Mapped[bytes]
    digest: Mapped[str]
