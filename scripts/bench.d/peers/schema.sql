-- The tables of the service, in a database of its own.
create table devices (
    id uuid primary key default gen_random_uuid(),
    token_hash bytea not null unique,
    team_id integer
);
create table tickets (
    id uuid primary key,
    device_id uuid not null references devices (id),
    profile text not null,
    expires_at timestamptz not null,
    used_by uuid
);
create table receipts (
    id uuid primary key,
    device_id uuid not null references devices (id),
    digest bytea not null,
    received_at timestamptz not null default now()
);
create table measurements (
    id uuid primary key references receipts (id),
    device_id uuid not null references devices (id),
    team_id integer,
    measured_at timestamptz not null,
    day date not null,
    network text not null,
    operator text,
    latitude float8,
    longitude float8,
    accuracy_m float8,
    unit_id integer,
    assurance text not null,
    own_reasons text[] not null,
    reasons text[] not null,
    counted boolean generated always as (reasons = '{}') stored,
    raw jsonb not null
);
create index on measurements (device_id, measured_at);
create table counts (
    unit_id integer not null,
    day date not null,
    network text not null,
    received integer not null,
    valid integer not null,
    counted integer not null,
    primary key (unit_id, day, network)
) with (fillfactor = 70);
create table credits (
    team_id integer not null,
    unit_id integer not null,
    day date not null,
    network text not null,
    received integer not null,
    valid integer not null,
    counted integer not null,
    primary key (team_id, unit_id, day, network)
) with (fillfactor = 70);
