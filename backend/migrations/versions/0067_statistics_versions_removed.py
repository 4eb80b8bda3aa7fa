"""No versions of units in statistics: the country is computed whole (ADR 13)."""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("statistics_versions")


def downgrade() -> None:
    op.create_table(
        "statistics_versions",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column(
            "version", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("month", "network", "unit_id", name="pk_statistics_versions"),
    )
