"""Steps of places that go to an operator count no notes."""

import sqlalchemy as sa
from alembic import op

revision = "0126"
down_revision = "0125"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("place_steps", "notes", existing_type=sa.Integer(), nullable=True)
