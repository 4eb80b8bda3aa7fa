"""Let a target of one unit have no threshold: the unit is exempt."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("targets", "threshold", existing_type=sa.Integer(), nullable=True)
    op.create_check_constraint(
        "exempt_unit", "targets", "threshold is not null or unit_id is not null"
    )


def downgrade() -> None:
    op.execute("delete from targets where threshold is null")
    op.drop_constraint(op.f("ck_targets_exempt_unit"), "targets")
    op.alter_column("targets", "threshold", existing_type=sa.Integer(), nullable=False)
