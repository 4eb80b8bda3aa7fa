"""Keep the number of residents helped when one of them withdraws."""

from alembic import op

revision = "0125"
down_revision = "0124"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table withdrawn_residents (
            campaign_id integer not null constraint fk_withdrawn_residents_campaign_id_campaigns
                references campaigns on delete cascade,
            month text not null,
            team_id integer not null constraint fk_withdrawn_residents_team_id_teams
                references teams on delete cascade,
            people integer not null,
            constraint pk_withdrawn_residents primary key (campaign_id, month, team_id)
        )
    """)
