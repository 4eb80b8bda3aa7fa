"""One table of receipts: those of samples and of no-connection notes."""

from alembic import op

revision = "0071"
down_revision = "0076"
branch_labels = None
depends_on = None

# A column with a default, or one less, does not rewrite the table; its key is indexed again.
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


def upgrade() -> None:
    op.execute(RECEIPTS)
