"""Count witnessed and ticketed measurements in categories of their own."""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

# Version 1.0.0 has no such rows; databases of later development have.
MOVE = """
    with proven as (
        select unit_id, day, network, 'counted_' || assurance as fate, count(*) as n
        from measurements
        where assurance in ('witnessed', 'ticketed') and cardinality(reasons) = 0
            and not marks && array['counted_by_admin', 'withdrawn']
        group by 1, 2, 3, 4
    )
    insert into count_deltas (unit_id, day, network, fate, n)
    select unit_id, day, network, 'counted', -n from proven
    union all select unit_id, day, network, fate, n from proven
"""
# The former version knows no such category, not even with a count of 0.
MERGE_DELTAS = """
    update count_deltas set fate = 'counted' where fate in ('counted_witnessed', 'counted_ticketed')
"""
MERGE = """
    with proven as (
        delete from counts where fate in ('counted_witnessed', 'counted_ticketed') returning *
    )
    insert into counts (month, unit_id, day, network, fate, n)
    select month, unit_id, day, network, 'counted', sum(n) from proven group by 1, 2, 3, 4
    on conflict (month, unit_id, day, network, fate) do update set n = counts.n + excluded.n
"""


def _mark_statistics(fates: str) -> str:
    return f"""
        create or replace function mark_statistics_by_fold() returns trigger language plpgsql as $$
        begin
            insert into statistics_stale (month, unit_id, network)
            select distinct to_char(day, 'YYYY-MM'), unit_id, network from gone
            where unit_id is not null and fate in ({fates});
            return null;
        end $$;
    """  # noqa: S608 # fixed names


def upgrade() -> None:
    op.execute(
        _mark_statistics("'counted', 'counted_by_admin', 'counted_witnessed', 'counted_ticketed'")
    )
    op.execute(MOVE)


def downgrade() -> None:
    op.execute(MERGE_DELTAS)
    op.execute(MERGE)
    op.execute(_mark_statistics("'counted', 'counted_by_admin'"))
