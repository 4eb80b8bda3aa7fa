"""Links of leaders are shown again, and know who made them and when they were copied."""

from alembic import op

revision = "0102"
down_revision = "0097"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
alter table one_time_links
    add nonce bytea,
    add copied_at timestamptz,
    add made_by integer constraint fk_one_time_links_made_by references users on delete set null;
update one_time_links l set made_by = (
    select u.id from audit a join users u on a.actor = 'user:' || u.id
    where a.subject = 'user:' || l.user_id and a.act in ('user.invite', 'user.password_link')
    order by a.id desc limit 1)
where used_at is null;
""")
