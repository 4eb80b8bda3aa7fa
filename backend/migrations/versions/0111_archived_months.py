"""Months whose samples left the table, and how many of them each device sent."""

from alembic import op

revision = "0111"
down_revision = "0114"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table archived_months (
            month text not null,
            archived_at timestamp with time zone not null,
            constraint pk_archived_months primary key (month)
        );
        create table archived_months_of_devices (
            device_id uuid not null,
            month text not null,
            network text not null,
            unit_id integer not null,
            received integer not null,
            valid integer not null,
            counted integer not null,
            constraint pk_archived_months_of_devices primary key (device_id, month, network, unit_id)
        );
    """)
