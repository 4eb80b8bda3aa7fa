"""Counts and contributions as rows that each transaction updates: no deltas, folding or marks."""

# ruff: noqa: S608 # statements are composed of the names in this file

from alembic import op

revision = "0068"
down_revision = "0067"
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
    "no_device", "source_not_counted", "unproven", "too_many_tests", "before_registration",
    "mock_position", "overlap", "impossible_travel", "repeat", "third_operator",
    "daily_cap", "commune_cap",
)  # fmt: skip
NOT_VALID = (
    "position_missing", "position_default", "position_coarse", "outside_communes",
    "excluded", "failed_test", "kind_unknown", "foreign_network", "implausible_value",
    "fix_stale", "in_future", "too_old",
)  # fmt: skip
IN_CAMPAIGNS = ("over_cap", "excluded_in_campaign")  # of contributions alone
CATEGORIES = COUNTED | {code: code for code in (*NOT_COUNTED, *NOT_VALID)}
OF_TEAMS = CATEGORIES | {code: code for code in IN_CAMPAIGNS}


def upgrade() -> None:
    op.execute(f"""
        create table unit_months (
            month text,
            network text,
            unit_id integer,
            {_columns(CATEGORIES)},
            {_sums(CATEGORIES)},
            version bigint not null default 1,
            constraint pk_unit_months primary key (month, network, unit_id)
        ) with (fillfactor = 70)
    """)
    op.execute("""
        create table unit_days (
            month text,
            network text,
            unit_id integer,
            day date,
            received integer not null,
            valid integer not null,
            counted integer not null,
            constraint pk_unit_days primary key (month, network, unit_id, day)
        ) with (fillfactor = 70)
    """)
    op.execute(f"""
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
        ) with (fillfactor = 70)
    """)
    op.execute(
        "create index ix_earning_sums_unit on earning_sums (key, month) where grain = 'unit'"
    )
    op.execute("""
        create table recent (
            day date,
            network text,
            basis text,
            unit_id integer,
            last_month integer not null,
            weekdays integer[] not null,
            squares bigint[] not null,
            made_at timestamptz not null default now(),
            constraint pk_recent primary key (day, network, basis, unit_id)
        )
    """)
    op.execute("""
        create table statistics_seen (
            month text,
            network text,
            unit_id integer,
            version bigint not null,
            constraint pk_statistics_seen primary key (month, network, unit_id)
        )
    """)
    op.execute("""
        drop trigger measurements_device_changed on measurements;
        drop function mark_statistics_by_fold cascade;
        drop function mark_statistics_by_device;
        drop table statistics_stale;
        drop function note_changed_counts cascade;
        drop table count_changes;
        drop sequence count_version;
    """)
    op.execute("alter table earnings rename fate to category")
    op.execute("alter table earnings add needed boolean not null default false")
    _fill()
    op.execute("""
        create index ix_earnings_needed
            on earnings (campaign_id, team_id, volunteer_id, unit_id, day, network) where needed
    """)
    op.execute("""
        drop table team_deltas, team_counts, team_places, contribution_counts, contribution_days,
            needed_stale, needed_targets, needed_shares, needed_sums;
        drop table counts, count_deltas;
        drop function roll_up_contributions, place_teams, mark_needed_stale;
    """)


def _columns(categories: dict[str, str]) -> str:
    return ", ".join(f"{name} integer not null default 0" for name in categories)


def _sums(categories: dict[str, str]) -> str:
    valid = [name for name in categories if name not in NOT_VALID]
    sums = {"received": list(categories), "valid": valid, "counted": list(COUNTED)}
    return ", ".join(
        f"{name} integer generated always as ({' + '.join(parts)}) stored"
        for name, parts in sums.items()
    )


def _fill() -> None:
    """Copy what is counted. Needed samples keep what an earlier version computed."""
    counted = ", ".join(f"'{code}'" for code in COUNTED.values())
    not_valid = ", ".join(f"'{code}'" for code in NOT_VALID)
    op.execute(f"""
        insert into unit_months (month, network, unit_id, {", ".join(CATEGORIES)})
        select month, network, coalesce(unit_id, 0), {_by_category(CATEGORIES, "fate", "sum(n)")}
        from (
            select month, network, unit_id, fate, n from counts where day is null
            union all
            select to_char(day, 'YYYY-MM'), network, unit_id, fate, n from count_deltas
        ) both_parts group by 1, 2, 3 having sum(n) <> 0
    """)
    op.execute(f"""
        insert into unit_days (month, network, unit_id, day, received, valid, counted)
        select to_char(day, 'YYYY-MM'), network, coalesce(unit_id, 0), day, sum(n),
            coalesce(sum(n) filter (where fate not in ({not_valid})), 0),
            coalesce(sum(n) filter (where fate in ({counted})), 0)
        from (
            select network, unit_id, day, fate, n from counts where day is not null
            union all
            select network, unit_id, day, fate, n from count_deltas
        ) both_parts group by 1, 2, 3, 4 having sum(n) <> 0
    """)
    op.execute(f"""
        with ranked as (
            select e.measurement_id, e.campaign_id, s.n, row_number() over (
                partition by e.campaign_id, e.team_id, e.volunteer_id, e.unit_id, e.network, e.day
                order by m.measured_at nulls first, e.measurement_id) as place
            from earnings e
            join needed_shares s on s.campaign_id = e.campaign_id and s.team_id = e.team_id
                and s.volunteer_id = coalesce(e.volunteer_id, 0) and s.unit_id = e.unit_id
                and s.network = e.network and s.day = e.day
            left join measurements m on m.id = e.measurement_id
            where e.category in ({counted})
        )
        update earnings e set needed = true from ranked r
        where r.place <= r.n and r.measurement_id = e.measurement_id
            and r.campaign_id = e.campaign_id
    """)
    op.execute(f"""
        insert into earning_sums (campaign_id, month, grain, team_id, key, network, days,
            needed_days, needed, guests, {", ".join(OF_TEAMS)})
        select e.campaign_id, to_char(e.day, 'YYYY-MM'), g.grain, e.team_id, g.key, e.network,
            bit_or(1::bigint << extract(day from e.day)::int - 1),
            coalesce(bit_or(1::bigint << extract(day from e.day)::int - 1)
                filter (where e.needed), 0),
            count(*) filter (where e.needed),
            count(*) filter (where e.guest and e.category in ({counted})),
            {_by_category(OF_TEAMS, "e.category", "count(*)")}
        from earnings e cross join lateral (values
            ('member', coalesce(e.volunteer_id, 0)::bigint),
            ('unit', coalesce(e.unit_id, 0)::bigint),
            ('day', (e.day - date '0001-01-01' + 1)::bigint)
        ) as g (grain, key)
        group by 1, 2, 3, 4, 5, 6
    """)


def _by_category(categories: dict[str, str], column: str, number: str) -> str:
    return ", ".join(
        f"coalesce({number} filter (where {column} = '{code}'), 0)" for code in categories.values()
    )
