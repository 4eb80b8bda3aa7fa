"""Give signals a version, and exclusions from a campaign the signal that justified them."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signals", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column(
        "signals", sa.Column("with_samples", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column("campaign_exclusions", sa.Column("signal_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_campaign_exclusions_signal_id", "campaign_exclusions", ["signal_id"],
        postgresql_where=sa.text("signal_id is not null"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_campaign_exclusions_signal_id", "campaign_exclusions")
    op.drop_column("campaign_exclusions", "signal_id")
    op.drop_column("signals", "with_samples")
    op.drop_column("signals", "version")
