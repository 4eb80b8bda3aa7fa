"""Add the data cap of tests."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("measurements", sa.Column("data_cap_mb", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("measurements", "data_cap_mb")
