"""The last reminder mailed to each contact of a unit."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_reminders",
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["unit_contacts.id"],
            name="fk_contact_reminders_contact_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("contact_id", "network", name="pk_contact_reminders"),
    )


def downgrade() -> None:
    op.drop_table("contact_reminders")
