"""Add the assurance that samples need to count; nothing is required until it is chosen"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("counting_rules", sa.Column("counts_from", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_counting_rules_counts_from"),
        "counting_rules",
        "counts_from in ('witnessed', 'ticketed', 'claimed')",
    )
    op.alter_column("counting_rules", "rules", nullable=True)
    op.create_check_constraint(
        op.f("ck_counting_rules_one_rule"),
        "counting_rules",
        "num_nonnulls(rules, counts_from) = 1",
    )


def downgrade() -> None:
    op.execute("delete from counting_rules where counts_from is not null")
    op.drop_constraint(op.f("ck_counting_rules_one_rule"), "counting_rules")
    op.alter_column("counting_rules", "rules", nullable=False)
    op.drop_column("counting_rules", "counts_from")
