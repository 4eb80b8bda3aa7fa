"""exclusions as history: who took what out of the counts, and in again"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exclusion_acts",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("lifts", sa.Integer(), nullable=True),
        sa.Column("device", sa.Integer(), nullable=True),
        sa.Column("signal_id", sa.Integer(), nullable=True),
        sa.Column("measurements", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["lifts"], ["exclusion_acts.id"], name=op.f("fk_exclusion_acts_lifts")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_exclusion_acts_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusion_acts")),
        sa.UniqueConstraint("lifts", name=op.f("uq_exclusion_acts_lifts")),
    )
    op.create_index(op.f("ix_exclusion_acts_unit_id_month"), "exclusion_acts", ["unit_id", "month"])
    op.drop_constraint(op.f("pk_exclusions"), "exclusions", type_="primary")
    op.add_column(
        "exclusions", sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)
    )
    op.add_column(
        "exclusions", sa.Column("excluded", sa.Boolean(), server_default="true", nullable=False)
    )
    op.add_column("exclusions", sa.Column("act_id", sa.Integer(), nullable=True))
    op.create_primary_key(op.f("pk_exclusions"), "exclusions", ["id"])
    op.create_foreign_key(
        op.f("fk_exclusions_act_id"), "exclusions", "exclusion_acts", ["act_id"], ["id"]
    )
    op.create_index(op.f("ix_exclusions_act_id"), "exclusions", ["act_id"])
    op.create_index(op.f("ix_exclusions_measurement_id_id"), "exclusions", ["measurement_id", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_exclusions_measurement_id_id"), table_name="exclusions")
    op.drop_index(op.f("ix_exclusions_act_id"), table_name="exclusions")
    op.drop_constraint(op.f("fk_exclusions_act_id"), "exclusions", type_="foreignkey")
    op.drop_constraint(op.f("pk_exclusions"), "exclusions", type_="primary")
    # The old table knew the latest decision alone, and only that a measurement is out.
    op.execute("""
        delete from exclusions e where not excluded or exists (
            select from exclusions o where o.measurement_id = e.measurement_id and o.id > e.id)
    """)
    for column in ("act_id", "excluded", "id"):
        op.drop_column("exclusions", column)
    op.create_primary_key(op.f("pk_exclusions"), "exclusions", ["measurement_id"])
    op.drop_table("exclusion_acts")
