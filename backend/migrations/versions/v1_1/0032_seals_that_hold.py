"""approved reports and seal keys cannot be changed; keys can be revoked"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# The serving role may write rows, but neither drop nor disable triggers. After the approval of a
# report, a later edition supersedes it and letters raise its version; the rest stays. Of a demo
# everything can be deleted.
KEEP = """
create function approved_reports_stay() returns trigger language plpgsql as $$
declare
    changing text[] = array['state', 'superseded_at', 'version'];
begin
    if old.statement is null then
        return coalesce(new, old);
    end if;
    if tg_op = 'DELETE' then
        if old.demo then
            return old;
        end if;
    elsif to_jsonb(new) - changing = to_jsonb(old) - changing
            and new.state in (old.state, 'superseded') and new.version >= old.version
            and (old.superseded_at is null or new.superseded_at = old.superseded_at) then
        return new;
    end if;
    raise exception 'an approved report cannot be changed';
end $$;
create trigger approved_reports_stay before update or delete on reports
    for each row execute function approved_reports_stay();

create function files_of_approved_reports_stay() returns trigger language plpgsql as $$
declare
    report integer = case when tg_op = 'INSERT' then new.report_id else old.report_id end;
begin
    if exists (select from reports where id = report and statement is not null)
            or (tg_op = 'UPDATE' and new.report_id <> old.report_id) then
        raise exception 'a file of an approved report cannot be changed';
    end if;
    return coalesce(new, old);
end $$;
create trigger files_of_approved_reports_stay before insert or update or delete on report_files
    for each row execute function files_of_approved_reports_stay();

create function seal_keys_stay() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.revoked_at is null
            and (new.number, new.public_key, new.first_used_at)
                = (old.number, old.public_key, old.first_used_at) then
        return new;
    end if;
    raise exception 'a seal key can only be revoked, once';
end $$;
create trigger seal_keys_stay before update or delete on seal_keys
    for each row execute function seal_keys_stay();
"""
TABLES = {
    "reports": "approved_reports_stay",
    "report_files": "files_of_approved_reports_stay",
    "seal_keys": "seal_keys_stay",
}


def upgrade() -> None:
    op.add_column("seal_keys", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("seal_keys", sa.Column("revoked_reason", sa.Text(), nullable=True))
    op.execute(KEEP)


def downgrade() -> None:
    for table, function in TABLES.items():
        op.execute(f"drop trigger {function} on {table}")
        op.execute(f"drop function {function}()")
    op.drop_column("seal_keys", "revoked_reason")
    op.drop_column("seal_keys", "revoked_at")
