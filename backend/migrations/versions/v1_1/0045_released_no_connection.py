"""Add the places without a connection of monthly releases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

FIXED = """
create trigger released_no_connection_fixed before update on released_no_connection
    for each row execute function refuse_changed_release();
"""


def upgrade() -> None:
    op.create_table(
        "released_no_connection",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("places", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["month"], ["releases.month"], name="fk_released_no_connection_month",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("unit_id", "month", name="pk_released_no_connection"),
    )  # fmt: skip
    op.create_index("ix_released_no_connection_month", "released_no_connection", ["month"])
    op.execute(FIXED)


def downgrade() -> None:
    op.drop_table("released_no_connection")
