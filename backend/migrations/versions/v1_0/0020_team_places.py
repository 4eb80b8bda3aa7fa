"""in which units each team was active: kept by the folding of what teams earned"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# For a commune, its district and its province alike, so that a page reads the rows of the units it
# shows and no others.
UNITS = """
    join units c on c.id = earned.unit_id
    cross join lateral (select distinct unnest(array[c.id, c.parent_id, c.province_id]) as id) above
"""
SUMMED = f"""
    select to_char(earned.day, 'YYYY-MM'), earned.network, above.id, earned.campaign_id,
        earned.team_id, sum(earned.n)
    from {{source}} earned {UNITS}
    where above.id is not null group by 1, 2, 3, 4, 5 having sum(earned.n) <> 0
    order by 1, 2, 3, 4, 5
"""  # noqa: S608 # a part of the statement
FUNCTIONS = f"""
create function place_teams() returns trigger language plpgsql as $$
begin
    insert into team_places (month, network, unit_id, campaign_id, team_id, n)
    {SUMMED.format(source="gone")}
    on conflict (month, network, unit_id, campaign_id, team_id)
        do update set n = team_places.n + excluded.n;
    return null;
end $$;
create trigger team_deltas_placed after delete on team_deltas referencing old table as gone
    for each statement execute function place_teams();
insert into team_places (month, network, unit_id, campaign_id, team_id, n)
{SUMMED.format(source="(select * from team_counts where grain = 'unit')")}
"""  # noqa: S608


def upgrade() -> None:
    op.create_table(
        "team_places",
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name="fk_team_places_campaign_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "month", "network", "unit_id", "campaign_id", "team_id", name="pk_team_places"
        ),
    )
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute("drop trigger team_deltas_placed on team_deltas; drop function place_teams();")
    op.drop_table("team_places")
