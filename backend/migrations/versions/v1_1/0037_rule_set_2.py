"""rule set 2 judges what is received from now on; a new installation has it from the start"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

# Before any receipt: a new installation has nothing that rule set 1 has judged.
START = "timestamptz '1990-01-01 00:00:00Z'"


def upgrade() -> None:
    op.create_table(
        "counting_rules",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name="pk_counting_rules"),
    )
    op.execute(f"""
        with old as (
            select exists (select from devices) or exists (select from measurements) as used
        ), begun as (
            insert into counting_rules (rules, from_at, by, reason)
            select 2, case when used then now() else {START} end,
                   case when used then 'upgrade' else 'installation' end,
                   case when used then 'Upgrade from a version with rule set 1.'
                        else 'New installation.' end
            from old returning *
        )
        insert into audit (actor, act, subject, details)
        select by, 'measurements.rules', 'rules:' || rules,
               jsonb_build_object('from', from_at, 'reason', reason)
        from begun
    """)  # noqa: S608 # a fixed time
    op.add_column("devices", sa.Column("receiver_from", sa.DateTime(timezone=True)))
    op.execute("""
        create index ix_measurements_capped on measurements (device_id, measured_at, id)
        where counted or reasons = '{commune_cap}'
    """)


def downgrade() -> None:
    op.drop_index("ix_measurements_capped", table_name="measurements")
    op.drop_column("devices", "receiver_from")
    op.drop_table("counting_rules")
