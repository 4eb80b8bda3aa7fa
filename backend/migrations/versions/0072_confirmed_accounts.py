"""Accounts that an admin confirmed, roles that wait for it, recent passwords, deputies of 30 days."""

from alembic import op

revision = "0072"
down_revision = "0075"
branch_labels = None
depends_on = None

# Those of a provider, of admins' grants and invitations, and of the demo; roles in force stay.
CONFIRMED = """
alter table users add column confirmed_at timestamptz;
update users u set confirmed_at = created_at
where demo
    or exists (select from identities i where i.user_id = u.id)
    or exists (select from roles r where r.user_id = u.id
        and r.role <> 'team_leader' and r.delegated_by is null)
    or exists (select from audit a where a.subject = 'user:' || u.id and a.act = 'user.invite'
        and (a.actor like 'shell:%' or exists (select from roles r
            where r.role = 'admin' and 'user:' || r.user_id = a.actor)));
alter table roles add column waits boolean not null default false;
update one_time_links l set purpose = 'leader'
where purpose = 'invitation'
    and not exists (select from users u where u.id = l.user_id and u.confirmed_at is not null);
"""
PROVED = """
alter table sessions add column proved_at timestamptz;
update sessions set proved_at = created_at;
alter table sessions alter column proved_at set not null;
"""
DEPUTIES = """
update roles set valid_to = now() + interval '30 days'
where delegated_by is not null and valid_to > now() + interval '30 days'
"""


def upgrade() -> None:
    op.execute(CONFIRMED)
    op.execute(PROVED)
    op.execute(DEPUTIES)
