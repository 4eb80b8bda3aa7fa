"""Count how often each operation is used, by day and without persons."""

from alembic import op

revision = "0119"
down_revision = "0118"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table usage (
            day date not null,
            operation text not null,
            n bigint not null,
            constraint pk_usage primary key (day, operation)
        )
    """)
