"""which provinces' months everybody may see, where figures wait for approval"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

# Reports that were approved before; one that was superseded since stays published.
APPROVED = """
    insert into published_months (month, unit_id)
    select distinct r.month, r.unit_id from reports r
    join units u on u.id = r.unit_id and u.level = 'province'
    where r.approved_at is not null
"""


def upgrade() -> None:
    op.create_table(
        "published_months",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_published_months_unit_id")
        ),
        sa.PrimaryKeyConstraint("month", "unit_id", name=op.f("pk_published_months")),
    )
    op.execute(APPROVED)


def downgrade() -> None:
    op.drop_table("published_months")
