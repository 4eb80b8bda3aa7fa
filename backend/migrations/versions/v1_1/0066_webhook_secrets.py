"""Former secrets of a webhook, which sign beside the present one for a day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0066"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "webhooks",
        sa.Column("former_salts", ARRAY(sa.LargeBinary()), server_default="{}", nullable=False),
    )
    op.add_column("webhooks", sa.Column("former_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("webhooks", "former_until")
    op.drop_column("webhooks", "former_salts")
