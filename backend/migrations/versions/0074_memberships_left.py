"""Memberships tell whether their volunteer left by their own wish."""

from alembic import op

revision = "0074"
down_revision = "0070"
branch_labels = None
depends_on = None

# Ends of guests, of teams and of imported memberships, which have whole seconds, are no wish of
# the volunteer.
LEFT = """
alter table memberships add column ended_by_volunteer boolean not null default false;
update memberships m set ended_by_volunteer = true
where not upper_inf(period) and guest_of is null
    and upper(period) <> date_trunc('second', upper(period))
    and not exists (select from teams t where t.id = m.team_id and t.ended_at = upper(m.period));
"""


def upgrade() -> None:
    op.execute(LEFT)
