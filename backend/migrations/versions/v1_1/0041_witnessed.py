"""samples need a witness to count, unless the installation chooses otherwise"""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

# Before any receipt: a new installation has nothing that was counted without.
START = "timestamptz '1990-01-01 00:00:00Z'"


def upgrade() -> None:
    op.execute(f"""
        with old as (
            select exists (select from devices) or exists (select from measurements) as used
        ), begun as (
            insert into counting_rules (counts_from, from_at, by, reason)
            select 'witnessed', case when used then now() else {START} end,
                   case when used then 'upgrade' else 'installation' end,
                   case when used then 'Upgrade from a version without witnesses.'
                        else 'New installation.' end
            from old returning *
        )
        insert into audit (actor, act, subject, details)
        select by, 'measurements.counts_from', 'counts_from:' || counts_from,
               jsonb_build_object('from', from_at, 'reason', reason)
        from begun
    """)  # noqa: S608 # a fixed time


def downgrade() -> None:
    op.execute("""
        delete from counting_rules
        where counts_from is not null and by in ('upgrade', 'installation')
    """)
