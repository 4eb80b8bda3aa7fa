"""Signals are searched at night and on demand: no marks of changed communes; jobs for a place."""

from alembic import op

revision = "0070"
down_revision = "0068"
branch_labels = None
depends_on = None

# With the triggers that they served.
MARKS = """
drop function if exists mark_signals_by_fold() cascade;
drop function if exists mark_signals_by_team_fold() cascade;
drop function if exists mark_signals_by_device() cascade;
drop table signals_stale;
alter table signal_scans drop column stale, drop column examined,
    alter column unit_id drop not null;
"""
JOBS = """
alter table jobs add column place text;
drop index uq_jobs_open;
create unique index uq_jobs_open on jobs (kind, place) nulls not distinct
    where state in ('waiting', 'running');
"""


def upgrade() -> None:
    op.execute(MARKS)
    op.execute(JOBS)
