"""Contacts of units, and the days on which communes' reports are due to their province."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unit_contacts",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("num_nonnulls(phone, email) > 0", name="reachable"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_unit_contacts_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_unit_contacts"),
        sa.UniqueConstraint("unit_id", "name", name="uq_unit_contacts_unit_id_name"),
    )
    op.create_table(
        "commune_deadlines",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("before_day", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("before_day between 2 and 15", name="day"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_commune_deadlines_unit_id"),
        sa.PrimaryKeyConstraint("unit_id", "month", name="pk_commune_deadlines"),
    )


def downgrade() -> None:
    op.drop_table("commune_deadlines")
    op.drop_table("unit_contacts")
