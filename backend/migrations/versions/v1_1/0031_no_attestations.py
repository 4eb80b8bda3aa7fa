"""an attestation that nothing verifies is not stored"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("devices", "attestation")


def downgrade() -> None:
    op.add_column("devices", sa.Column("attestation", postgresql.JSONB(), nullable=True))
