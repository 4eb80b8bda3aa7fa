"""The number that steers a province: ours, or VNNIC's."""

import sqlalchemy as sa
from alembic import op

revision = "0127"
down_revision = "0126"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "steering",
        sa.Column("province_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("steered_by", sa.Text(), nullable=False),
        sa.CheckConstraint("steered_by in ('own', 'vnnic')", name=op.f("ck_steering_steered_by")),
        sa.ForeignKeyConstraint(
            ["province_id"], ["units.id"], name=op.f("fk_steering_province_id_units")
        ),
        sa.PrimaryKeyConstraint("province_id", "network", "since", name=op.f("pk_steering")),
    )
