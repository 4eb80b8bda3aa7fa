"""a second factor that waits for its first code"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("totp_pending", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "totp_pending")
