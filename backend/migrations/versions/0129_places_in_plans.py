"""Steps that show a place to campaigns, so that their teams measure it again."""

import sqlalchemy as sa
from alembic import op

revision = "0129"
down_revision = "0128"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "place_steps",
        sa.Column("for_campaigns", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
