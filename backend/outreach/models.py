"""The table of outreach activities."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.extensions import db


class Outreach(db.Model):
    """An activity that told or guided people, entered by an office or by a team; names nobody."""

    __tablename__ = "outreach"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(office_id, team_id) = 1 and num_nulls(team_id, campaign_id) <> 1",
            name="entered_by",
        ),
        CheckConstraint(
            "kind in ('conference', 'launch', 'visits', 'media', 'document')", name="kind"
        ),
        CheckConstraint("audience in ('officials', 'residents')", name="audience"),
        CheckConstraint("(kind in ('media', 'document')) = (people is null)", name="people"),
        CheckConstraint(
            "(kind = 'document') = (document_number is not null)"
            " and num_nulls(document_number, document_date) <> 1"
            " and (kind <> 'document' or team_id is null)",
            name="document",
        ),
        Index(None, "unit_id", "day"),
        Index(None, "team_id", "day", postgresql_where="team_id is not null"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    day: Mapped[date]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id"))  # commune or province
    # Who entered it: the office of a province or commune, or a team in a campaign.
    office_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaigns.id"))
    kind: Mapped[str]
    audience: Mapped[str]  # officials, residents
    people: Mapped[int | None]  # attendances; null: none are counted for this kind
    note: Mapped[str]
    document_number: Mapped[str | None]
    document_date: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    entered_at: Mapped[datetime] = mapped_column(server_default=func.now())
