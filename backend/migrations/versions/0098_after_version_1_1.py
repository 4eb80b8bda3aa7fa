"""From the database of revision 0066 to that of 0098, rows included."""

# ruff: noqa: S608 # statements are composed of the names in this file

from collections.abc import Iterable

from alembic import op

revision = "0098"
down_revision = "0066"
branch_labels = None
depends_on = None

# The categories with the columns that count them.
COUNTED = {
    "witnessed": "counted_witnessed",
    "ticketed": "counted_ticketed",
    "claimed": "counted",
    "imported": "counted_by_admin",
    "withdrawn": "withdrawn",
}
NOT_COUNTED = (
    "no_device", "source_not_counted", "unproven", "witness_late", "too_many_tests",
    "before_registration", "mock_position", "overlap", "impossible_travel", "repeat",
    "third_operator", "daily_cap", "commune_cap",
)  # fmt: skip
NOT_VALID = (
    "position_missing", "position_default", "position_coarse", "outside_communes",
    "excluded", "failed_test", "kind_unknown", "foreign_network", "implausible_value",
    "fix_stale", "in_future", "too_old",
)  # fmt: skip
IN_CAMPAIGNS = ("over_cap", "excluded_in_campaign")  # of contributions alone
CATEGORIES = COUNTED | {code: code for code in (*NOT_COUNTED, *NOT_VALID)}
OF_TEAMS = CATEGORIES | {code: code for code in IN_CAMPAIGNS}


def _columns(categories: dict[str, str]) -> str:
    return ", ".join(f"{name} integer not null default 0" for name in categories)


def _sums(categories: dict[str, str]) -> str:
    valid = [name for name in categories if name not in NOT_VALID]
    sums = {"received": list(categories), "valid": valid, "counted": list(COUNTED)}
    return ", ".join(
        f"{name} integer generated always as ({' + '.join(parts)}) stored"
        for name, parts in sums.items()
    )


def _by_category(categories: dict[str, str], column: str, number: str) -> str:
    return ", ".join(
        f"coalesce({number} filter (where {column} = '{code}'), 0)" for code in categories.values()
    )


def _quoted(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


# Counts and contributions are rows that each transaction updates: no deltas, folding or marks.
COUNTS = f"""
create table unit_months (
    month text,
    network text,
    unit_id integer,
    {_columns(CATEGORIES)},
    {_sums(CATEGORIES)},
    version bigint not null default 1,
    constraint pk_unit_months primary key (month, network, unit_id)
) with (fillfactor = 70);
create table unit_days (
    month text,
    network text,
    unit_id integer,
    day date,
    received integer not null,
    valid integer not null,
    counted integer not null,
    constraint pk_unit_days primary key (month, network, unit_id, day)
) with (fillfactor = 70);
create table earning_sums (
    campaign_id integer
        constraint fk_earning_sums_campaign_id references campaigns on delete cascade,
    month text,
    grain text,
    team_id integer,
    key bigint,
    network text,
    days bigint not null,
    needed_days bigint not null,
    needed integer not null,
    guests integer not null,
    {_columns(OF_TEAMS)},
    {_sums(OF_TEAMS)},
    constraint pk_earning_sums primary key (campaign_id, month, grain, team_id, key, network)
) with (fillfactor = 70);
create index ix_earning_sums_unit on earning_sums (key, month) where grain = 'unit';
create table recent (
    day date,
    network text,
    basis text,
    unit_id integer,
    last_month integer not null,
    weekdays integer[] not null,
    squares bigint[] not null,
    made_at timestamptz not null default now(),
    active_days smallint not null,
    constraint pk_recent primary key (day, network, basis, unit_id)
);
alter table earnings rename fate to category;
alter table earnings add needed boolean not null default false;
"""
# Needed samples keep what an earlier version computed.
COPY_COUNTS = f"""
insert into unit_months (month, network, unit_id, {", ".join(CATEGORIES)})
select month, network, coalesce(unit_id, 0), {_by_category(CATEGORIES, "fate", "sum(n)")}
from (
    select month, network, unit_id, fate, n from counts where day is null
    union all
    select to_char(day, 'YYYY-MM'), network, unit_id, fate, n from count_deltas
) both_parts group by 1, 2, 3 having sum(n) <> 0;
insert into unit_days (month, network, unit_id, day, received, valid, counted)
select to_char(day, 'YYYY-MM'), network, coalesce(unit_id, 0), day, sum(n),
    coalesce(sum(n) filter (where fate not in ({_quoted(NOT_VALID)})), 0),
    coalesce(sum(n) filter (where fate in ({_quoted(COUNTED.values())})), 0)
from (
    select network, unit_id, day, fate, n from counts where day is not null
    union all
    select network, unit_id, day, fate, n from count_deltas
) both_parts group by 1, 2, 3, 4 having sum(n) <> 0;
with ranked as (
    select e.measurement_id, e.campaign_id, s.n, row_number() over (
        partition by e.campaign_id, e.team_id, e.volunteer_id, e.unit_id, e.network, e.day
        order by m.measured_at nulls first, e.measurement_id) as place
    from earnings e
    join needed_shares s on s.campaign_id = e.campaign_id and s.team_id = e.team_id
        and s.volunteer_id = coalesce(e.volunteer_id, 0) and s.unit_id = e.unit_id
        and s.network = e.network and s.day = e.day
    left join measurements m on m.id = e.measurement_id
    where e.category in ({_quoted(COUNTED.values())})
)
update earnings e set needed = true from ranked r
where r.place <= r.n and r.measurement_id = e.measurement_id
    and r.campaign_id = e.campaign_id;
insert into earning_sums (campaign_id, month, grain, team_id, key, network, days,
    needed_days, needed, guests, {", ".join(OF_TEAMS)})
select e.campaign_id, to_char(e.day, 'YYYY-MM'), g.grain, e.team_id, g.key, e.network,
    bit_or(1::bigint << extract(day from e.day)::int - 1),
    coalesce(bit_or(1::bigint << extract(day from e.day)::int - 1)
        filter (where e.needed), 0),
    count(*) filter (where e.needed),
    count(*) filter (where e.guest and e.category in ({_quoted(COUNTED.values())})),
    {_by_category(OF_TEAMS, "e.category", "count(*)")}
from earnings e cross join lateral (values
    ('member', coalesce(e.volunteer_id, 0)::bigint),
    ('unit', coalesce(e.unit_id, 0)::bigint),
    ('day', (e.day - date '0001-01-01' + 1)::bigint)
) as g (grain, key)
group by 1, 2, 3, 4, 5, 6;
create index ix_earnings_needed
    on earnings (campaign_id, team_id, volunteer_id, unit_id, day, network) where needed;
"""
# With the triggers that they served; no released version had radio samples.
DROP = """
drop trigger measurements_device_changed on measurements;
drop function mark_statistics_by_fold cascade;
drop function mark_statistics_by_device;
drop function note_changed_counts cascade;
drop function if exists mark_signals_by_fold() cascade;
drop function if exists mark_signals_by_team_fold() cascade;
drop function if exists mark_signals_by_device() cascade;
drop table statistics_stale, statistics_versions, count_changes, signals_stale, released_radio,
    radio_samples, vnnic_columns;
drop table team_deltas, team_counts, team_places, contribution_counts, contribution_days,
    needed_stale, needed_targets, needed_shares, needed_sums;
drop table counts, count_deltas;
drop function roll_up_contributions, place_teams, mark_needed_stale;
drop sequence count_version;
"""
STATISTICS = """
create table statistics_seen (
    month text,
    network text,
    unit_id integer,
    version bigint not null,
    constraint pk_statistics_seen primary key (month, network, unit_id)
);
alter table statistics add outings integer;
alter table released_figures add outings integer;
"""
# Signals are searched at night and on demand: jobs for a place instead of marks.
SIGNALS = """
alter table signal_scans drop column stale, drop column examined,
    alter column unit_id drop not null;
alter table jobs add column place text;
drop index uq_jobs_open;
create unique index uq_jobs_open on jobs (kind, place) nulls not distinct
    where state in ('waiting', 'running');
"""
# One table of receipts. A column with a default, or one less, does not rewrite the table; its key
# is indexed again.
RECEIPTS = """
alter table receipts
    add kind text not null default 'sample',
    add note_id uuid,
    drop month,
    drop constraint pk_receipts,
    add constraint pk_receipts primary key (id, kind);
insert into receipts (id, device_id, digest, received_at, kind, note_id)
select id, device_id, digest, received_at, 'note', note_id from no_connection_receipts;
create index ix_receipts_device_id on receipts (device_id);
drop table no_connection_receipts;
"""

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
APPEND_ONLY = (
    "audit", "counting_rules", "releases", "released_figures", "released_no_connection",
    "reports", "report_files", "seal_keys",
)  # fmt: skip
TRUNCATE = """
create function refuse_truncate() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: it is never truncated', tg_table_name;
end $$;
"""
# Reads of personal data are noted once a day for each address.
AUDIT = """
alter table audit alter column at set default clock_timestamp();
create unique index uq_audit_read
    on audit (actor, act, subject, address, ((at at time zone 'Asia/Ho_Chi_Minh')::date))
    nulls not distinct where act like 'read.%';
"""
# Those of a provider, of admins' grants and invitations, and of the demo; roles in force stay.
ACCOUNTS = """
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
SESSIONS = """
alter table sessions add column proved_at timestamptz;
update sessions set proved_at = created_at;
alter table sessions alter column proved_at set not null;
"""
DEPUTIES = """
update roles set valid_to = now() + interval '30 days'
where delegated_by is not null and valid_to > now() + interval '30 days'
"""
# A new installation has rule set 3 from before any receipt, as rule set 2; an older one from the
# upgrade on.
RULE_SET_3 = """
with old as (
    select exists (select from devices) or exists (select from measurements) as used
), begun as (
    insert into counting_rules (rules, from_at, by, reason)
    select 3, case when used then now() else timestamptz '1990-01-01 00:00:00Z' end,
        case when used then 'upgrade' else 'installation' end,
        case when used then 'Upgrade from a version with rule set 2.' else 'New installation.' end
    from old
    returning *
)
insert into audit (actor, act, subject, details)
select by, 'measurements.rules', 'rules:' || rules,
    jsonb_build_object('from', from_at, 'reason', reason)
from begun
"""
# Copies of counts that the public sees of communes, filled with what was shown so far.
CREATE_PUBLIC = """
    create table public_{name} (
        like unit_{name} including defaults including generated,
        constraint pk_public_{name} primary key ({key})
    ) with (fillfactor = 70);
"""
PUBLIC_COLUMNS = """
    alter table public_months alter version drop default,
        add teams integer[] not null default '{}',
        add copied_at timestamptz not null default now(),
        add outings integer,
        add devices integer;
"""
# The row without a month has the time of the last run.
FILL_PUBLIC = """
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
PUBLIC_NAMES = """
    select string_agg(column_name, ', ' order by ordinal_position)
    from information_schema.columns
    where table_schema = 'public' and table_name = 'unit_months' and is_generated = 'NEVER'
        and column_name not in ('month', 'network', 'unit_id')
"""
LETTERS = """
alter table letterheads add column headings text[] not null default array[
    'Công tác chỉ đạo, tuyên truyền', 'Kết quả', 'Tồn tại, nguyên nhân', 'Nhiệm vụ tháng tới',
    'Kiến nghị'];
alter table letterheads alter column headings drop default;
alter table reports add column rewritten text[] not null default '{}';
"""
REMARKS = """
with moved as (
    select id, case when key = 'lacking' then 'shortcomings' else 'results' end as section,
        string_agg(value, E'\\n' order by array_position(array['samples', 'reached', 'quality',
            'no_connection', 'teams', 'vnnic', 'notes'], key)) as text
    from reports, jsonb_each_text(remarks) where state = 'draft' group by 1, 2)
update reports set remarks = new.remarks, rewritten = new.sections
from (select id, jsonb_object_agg(section, text) as remarks, array_agg(section) as sections
    from moved group by id) as new
where new.id = reports.id;
"""
REMARK_VERSIONS = """
with former as (
    delete from remark_versions as v using reports where reports.id = report_id and state = 'draft'
    returning report_id, v.version, changed_by, changed_at,
        case when section = 'lacking' then 'shortcomings' else 'results' end as section)
insert into remark_versions (report_id, section, version, changed_by, changed_at)
select distinct on (report_id, section) report_id, section,
    sum(version) over (partition by report_id, section), changed_by, changed_at
from former order by report_id, section, changed_at desc;
"""
# Drafts of VNNIC's counts; clusters that nobody edits; a source that names no province's letter.
OFFICE = """
alter table vnnic_counts add column draft boolean not null default false,
    drop constraint pk_vnnic_counts,
    add constraint pk_vnnic_counts primary key (month, network, unit_id, draft);
alter table vnnic_counts alter column draft drop default;
alter table clusters drop column organisation_id, drop column version;
update targets set source = 'Mức mặc định của Đo Sóng'
where unit_id is null and source = '1004/SKHCN Cần Thơ (15/09/2025)';
"""
# Unused codes that linked a second phone are void: there is no such kind any more.
NEW_PHONES = """
alter table devices add column without_positions_since timestamptz;
create table former_phones (
    token_hash bytea constraint pk_former_phones primary key,
    withdrawal_hash bytea not null,
    device_id uuid not null
        constraint fk_former_phones_device_id references devices on delete cascade,
    moved_at timestamptz not null
);
create index ix_former_phones_withdrawal_hash on former_phones (withdrawal_hash);
create index ix_former_phones_device_id on former_phones (device_id);
create index ix_devices_without_positions on devices (id) where without_positions_since is not null;
delete from passes where kind = 'link';
alter table passes add column device_id uuid
    constraint fk_passes_device_id references devices on delete cascade;
create index ix_passes_device_id on passes (device_id);
create table withdrawn_members (
    campaign_id integer
        constraint fk_withdrawn_members_campaign_id references campaigns on delete cascade,
    team_id integer constraint fk_withdrawn_members_team_id references teams on delete cascade,
    people integer not null,
    constraint pk_withdrawn_members primary key (campaign_id, team_id)
);
"""
PAIRS = """
create table speed_pairs (
    id uuid not null,
    own_id uuid not null,
    device_id uuid not null,
    day date not null,
    network text not null,
    typed_first boolean not null,
    download double precision not null,
    upload double precision not null,
    ping double precision not null,
    constraint pk_speed_pairs primary key (id),
    constraint uq_speed_pairs_own_id unique (own_id),
    constraint fk_speed_pairs_device_id foreign key (device_id)
        references devices on delete cascade
);
create index ix_speed_pairs_device_id on speed_pairs (device_id);
create index ix_measurements_typed on measurements (received_at) where source = 'manual';
"""
NOTICES = """
alter table devices add column notices integer not null default 0;
create table notices (
    id integer generated by default as identity,
    text text not null,
    unit_id integer,
    month text,
    sent_at timestamp with time zone not null,
    until timestamp with time zone not null,
    user_id integer not null,
    constraint pk_notices primary key (id),
    constraint fk_notices_unit_id foreign key (unit_id) references units
);
create table notice_phones (
    notice_id integer not null,
    device_id uuid not null,
    delivered_at timestamp with time zone,
    read_at timestamp with time zone,
    constraint pk_notice_phones primary key (notice_id, device_id),
    constraint fk_notice_phones_notice_id foreign key (notice_id) references notices
        on delete cascade,
    constraint fk_notice_phones_device_id foreign key (device_id)
        references devices on delete cascade
);
create index ix_notice_phones_device_id on notice_phones (device_id);
"""
LINKS = """
alter table one_time_links
    add nonce bytea,
    add copied_at timestamptz,
    add made_by integer constraint fk_one_time_links_made_by references users on delete set null;
update one_time_links l set made_by = (
    select u.id from audit a join users u on a.actor = 'user:' || u.id
    where a.subject = 'user:' || l.user_id and a.act in ('user.invite', 'user.password_link')
    order by a.id desc limit 1)
where used_at is null;
"""


def upgrade() -> None:
    for statements in (
        COUNTS, COPY_COUNTS, DROP, STATISTICS, SIGNALS, RECEIPTS, TARGETS, TRUNCATE, AUDIT,
        ACCOUNTS, SESSIONS, DEPUTIES, RULE_SET_3,
    ):  # fmt: skip
        op.execute(statements)
    for table in APPEND_ONLY:
        op.execute(
            f"create trigger {table}_not_truncated before truncate on {table}"
            " for each statement execute function refuse_truncate()"
        )
    op.execute(CREATE_PUBLIC.format(name="months", key="month, network, unit_id"))
    op.execute(CREATE_PUBLIC.format(name="days", key="month, network, unit_id, day"))
    op.execute(PUBLIC_COLUMNS)
    names = op.get_bind().exec_driver_sql(PUBLIC_NAMES).scalar_one()
    op.execute(FILL_PUBLIC.format(names=names))
    for statements in (
        LETTERS, REMARKS, REMARK_VERSIONS, OFFICE, NEW_PHONES, PAIRS, NOTICES, LINKS,
    ):  # fmt: skip
        op.execute(statements)
