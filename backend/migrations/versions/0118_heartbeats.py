"""Tell notes of a stopped server from coverage gaps: heartbeats, and a mark on the notes."""

from alembic import op

revision = "0118"
down_revision = "0117"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table heartbeats (
            minute timestamptz constraint pk_heartbeats primary key,
            phones integer not null
        )
    """)
    op.execute("create index ix_heartbeats_phones on heartbeats (minute) where phones > 0")
    op.execute("""
        alter table no_connection_notes
            add column server_down boolean not null default false,
            drop constraint uq_no_connection_notes_device_id_cell_day,
            add constraint uq_no_connection_notes_device_id_cell_day_server_down
                unique (device_id, cell, day, server_down)
    """)
