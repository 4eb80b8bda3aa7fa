"""a withdrawal asks what rests on a membership, and reads no other earnings for it"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create index ix_earnings_membership_id on earnings (membership_id)
        where membership_id is not null
    """)


def downgrade() -> None:
    op.drop_index("ix_earnings_membership_id", table_name="earnings")
