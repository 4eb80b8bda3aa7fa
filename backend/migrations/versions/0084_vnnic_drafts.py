"""VNNIC's counts are a draft until they are published; titles of columns are not stored."""

from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        alter table vnnic_counts add column draft boolean not null default false,
            drop constraint pk_vnnic_counts,
            add constraint pk_vnnic_counts primary key (month, network, unit_id, draft);
        alter table vnnic_counts alter column draft drop default;
        drop table vnnic_columns;
    """)
