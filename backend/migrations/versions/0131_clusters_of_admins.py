"""Clusters end on the day on which they began; those of the demo are marked."""

import sqlalchemy as sa
from alembic import op

revision = "0131"
down_revision = "0130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_clusters_days"), "clusters")
    op.create_check_constraint(op.f("ck_clusters_days"), "clusters", "valid_from <= valid_to + 1")
    op.add_column(
        "clusters", sa.Column("demo", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
