"""Devices move to new phones, give up positions, and leave a number in teams on withdrawal."""

from alembic import op

revision = "0097"
down_revision = "0106"
branch_labels = None
depends_on = None

# Unused codes that linked a second phone are void: there is no such kind any more.
STATEMENTS = """
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


def upgrade() -> None:
    op.execute(STATEMENTS)
