"""History: targets are written by functions that audit, logs are not truncated, reads are noted."""

from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

# The role that serves may execute them but not write the table: each call leaves an entry.
TARGETS = """
create function create_target(given jsonb, by text, from_address text)
returns integer language plpgsql security definer set search_path = public, pg_temp as $$
declare
    made targets;
begin
    insert into targets
            (level, network, purpose, threshold, basis, valid_from, valid_to, source, unit_id)
        select level, network, purpose, threshold, basis, valid_from, valid_to, source, unit_id
        from jsonb_populate_record(null::targets, given)
        returning * into made;
    insert into audit (actor, act, subject, address, details) values (by, 'target.create',
        'target:' || made.id, from_address,
        jsonb_build_object('after', to_jsonb(made) - 'id' - 'version'));
    return made.id;
end $$;

-- Returns whether the row had the expected version; then it has the next one.
create function change_target(
    target integer, expected integer, given jsonb, by text, from_address text
) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare
    old targets;
    new targets;
begin
    select * into old from targets where id = target and version = expected for update;
    if not found then
        return false;
    end if;
    new = jsonb_populate_record(old, given);
    update targets set threshold = new.threshold, basis = new.basis, valid_from = new.valid_from,
        valid_to = new.valid_to, source = new.source, version = old.version + 1
        where id = target;
    insert into audit (actor, act, subject, address, details)
        select by, 'target.change', 'target:' || target, from_address,
            jsonb_build_object('before', jsonb_object_agg(key, to_jsonb(old) -> key),
                'after', jsonb_object_agg(key, value))
        from jsonb_each(given);
    return true;
end $$;

revoke all on function create_target, change_target from public;
"""
KEPT = (
    "audit", "counting_rules", "releases", "released_figures", "released_no_connection",
    "reports", "report_files", "seal_keys",
)  # fmt: skip
TRUNCATE = """
create function refuse_truncate() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: it is never truncated', tg_table_name;
end $$;
"""


def upgrade() -> None:
    op.execute(TARGETS)
    op.execute(TRUNCATE)
    for table in KEPT:
        op.execute(
            f"create trigger {table}_not_truncated before truncate on {table}"
            " for each statement execute function refuse_truncate()"
        )
    op.execute("alter table audit alter column at set default clock_timestamp()")
    op.execute("""
        create unique index uq_audit_read
            on audit (actor, act, subject, ((at at time zone 'Asia/Ho_Chi_Minh')::date))
            where act like 'read.%'
    """)
