"""Steps of places always count notes; none was made under a consent that names operators."""

from alembic import op

revision = "0128"
down_revision = "0127"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("update place_steps set notes = 0 where notes is null")
    op.execute("alter table place_steps alter column notes set not null")
