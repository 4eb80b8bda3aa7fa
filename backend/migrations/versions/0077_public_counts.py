"""Copies of counts that the public sees of communes, filled with what was shown so far."""

# statements are composed of the names in this file

from alembic import op

revision = "0077"
down_revision = "0078"
branch_labels = None
depends_on = None

CREATE = """
    create table public_{name} (
        like unit_{name} including defaults including generated,
        constraint pk_public_{name} primary key ({key})
    ) with (fillfactor = 70);
"""
COLUMNS = """
    alter table public_months alter version drop default,
        add teams integer[] not null default '{}',
        add copied_at timestamptz not null default now();
"""
# The row without a month has the time of the last run.
FILL = """
    insert into public_months (month, network, unit_id, {names}, teams)
    select month, network, unit_id, {names}, array(
        select distinct team_id from earning_sums e
        where e.grain = 'unit' and e.key = u.unit_id and e.month = u.month
            and e.network = u.network and e.received > 0 order by team_id)
    from unit_months u;
    insert into public_months (month, network, unit_id, version) values ('', '', 0, 0);
    insert into public_days select * from unit_days where day >= date_trunc(
        'month', now() at time zone 'Asia/Ho_Chi_Minh' - interval '1 month');
    alter table public_months alter teams drop default, alter copied_at drop default;
"""
NAMES = """
    select string_agg(column_name, ', ' order by ordinal_position)
    from information_schema.columns
    where table_schema = 'public' and table_name = 'unit_months' and is_generated = 'NEVER'
        and column_name not in ('month', 'network', 'unit_id')
"""


def upgrade() -> None:
    op.execute(CREATE.format(name="months", key="month, network, unit_id"))
    op.execute(CREATE.format(name="days", key="month, network, unit_id, day"))
    op.execute(COLUMNS)
    names = op.get_bind().exec_driver_sql(NAMES).scalar_one()
    op.execute(FILL.format(names=names))
