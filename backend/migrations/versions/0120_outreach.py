"""Outreach activities, entered by offices and teams."""

import sqlalchemy as sa
from alembic import op

revision = "0120"
down_revision = "0119"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outreach",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("document_date", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "entered_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.CheckConstraint(
            "num_nonnulls(office_id, team_id) = 1 and num_nulls(team_id, campaign_id) <> 1",
            name=op.f("ck_outreach_entered_by"),
        ),
        sa.CheckConstraint(
            "kind in ('conference', 'launch', 'visits', 'media', 'document')",
            name=op.f("ck_outreach_kind"),
        ),
        sa.CheckConstraint(
            "audience in ('officials', 'residents')", name=op.f("ck_outreach_audience")
        ),
        sa.CheckConstraint(
            "(kind in ('media', 'document')) = (people is null)", name=op.f("ck_outreach_people")
        ),
        sa.CheckConstraint(
            "(kind = 'document') = (document_number is not null) and num_nulls(document_number, document_date) <> 1 and (kind <> 'document' or team_id is null)",
            name=op.f("ck_outreach_document"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_outreach_unit_id_units")),
        sa.ForeignKeyConstraint(
            ["office_id"], ["units.id"], name=op.f("fk_outreach_office_id_units")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_outreach_team_id_teams")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_outreach_campaign_id_campaigns")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outreach")),
    )
    op.create_index(op.f("ix_outreach_unit_id_day"), "outreach", ["unit_id", "day"])
    op.create_index(
        op.f("ix_outreach_team_id_day"),
        "outreach",
        ["team_id", "day"],
        postgresql_where=sa.text("team_id is not null"),
    )
