"""what was let go of day by day, and who asked for it"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expired_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.CheckConstraint("step in ('coarsened', 'removed')", name=op.f("ck_expired_days_step")),
        sa.PrimaryKeyConstraint("day", "step", name=op.f("pk_expired_days")),
    )
    op.create_table(
        "withdrawal_requests",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal_requests")),
    )
    op.create_index(
        "ix_measurements_late",
        "measurements",
        ["day"],
        unique=False,
        postgresql_where=sa.text(
            "raw is not null and (source = 'import' or 'too_old' = any(reasons))"
        ),
    )


def downgrade() -> None:
    op.drop_index("ix_measurements_late", table_name="measurements")
    op.drop_table("withdrawal_requests")
    op.drop_table("expired_days")
