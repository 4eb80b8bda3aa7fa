"""Add the median download of each hour of the week to monthly releases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Releases of before have none: a release is never computed again.
    op.add_column("released_figures", sa.Column("week", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("released_figures", "week")
