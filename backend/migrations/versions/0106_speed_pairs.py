"""Pairs of typed i-Speed results with own tests."""

from alembic import op

revision = "0106"
down_revision = "0082"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
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
    """)
