"""VNNIC's own counts, and what its tables' columns mean"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vnnic_counts",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("samples", sa.Integer(), nullable=True),
        sa.Column("download_mbps", sa.Float(), nullable=True),
        sa.Column("upload_mbps", sa.Float(), nullable=True),
        sa.Column("ping_ms", sa.Float(), nullable=True),
        sa.Column("jitter_ms", sa.Float(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source in ('table', 'atlas')", name=op.f("ck_vnnic_counts_source")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_vnnic_counts_unit_id")),
        sa.PrimaryKeyConstraint("month", "network", "unit_id", name=op.f("pk_vnnic_counts")),
    )
    op.create_table(
        "vnnic_columns",
        sa.Column("titles", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("titles", name=op.f("pk_vnnic_columns")),
    )


def downgrade() -> None:
    op.drop_table("vnnic_columns")
    op.drop_table("vnnic_counts")
