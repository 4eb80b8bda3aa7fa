"""Add radio samples and their cells in monthly releases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0061"
down_revision = "0059"
branch_labels = None
depends_on = None

FIXED = """
create trigger released_radio_fixed before update on released_radio
    for each row execute function refuse_changed_release();
"""


def upgrade() -> None:
    op.create_table(
        "radio_samples",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.Column("serving_cell", sa.BigInteger(), nullable=True),
        sa.Column("rsrp_dbm", sa.SmallInteger(), nullable=True),
        sa.Column("rsrq_db", sa.SmallInteger(), nullable=True),
        sa.Column("sinr_db", sa.SmallInteger(), nullable=True),
        sa.Column("sim_slot", sa.SmallInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=True),
        sa.Column("technology", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.CheckConstraint("(technology is null) = (rsrp_dbm is null)", name="service"),
        sa.PrimaryKeyConstraint("device_id", "id", name="pk_radio_samples"),
    )
    op.create_index("ix_radio_samples_unit_id_day", "radio_samples", ["unit_id", "day"])
    op.create_index("ix_radio_samples_day", "radio_samples", ["day"], postgresql_using="brin")
    op.create_table(
        "released_radio",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["month"], ["releases.month"], name="fk_released_radio_month", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("unit_id", "month", name="pk_released_radio"),
    )
    op.create_index("ix_released_radio_month", "released_radio", ["month"])
    op.execute(FIXED)


def downgrade() -> None:
    op.drop_table("released_radio")
    op.drop_table("radio_samples")
