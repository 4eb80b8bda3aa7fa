"""Drafts of campaigns, logos and telephone numbers of organisations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organisations", sa.Column("telephone", sa.Text(), nullable=True))
    op.create_table(
        "organisation_logos",
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"],
            name="fk_organisation_logos_organisation_id", ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_organisation_logos"),
    )  # fmt: skip
    op.create_table(
        "campaign_drafts",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"],
            name="fk_campaign_drafts_campaign_id", ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_campaign_drafts_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_drafts"),
    )  # fmt: skip
    op.create_index("ix_campaign_drafts_campaign_id", "campaign_drafts", ["campaign_id"])
    op.create_index("ix_campaign_drafts_user_id", "campaign_drafts", ["user_id"])


def downgrade() -> None:
    op.drop_table("campaign_drafts")
    op.drop_table("organisation_logos")
    op.drop_column("organisations", "telephone")
