"""Name the browser of a session in the overview of sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("program", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("sessions", "program")
