-- The tables of each peer, in a database of its own.
create table devices (
    id uuid primary key default gen_random_uuid(),
    token_hash bytea not null unique,
    registered_at timestamptz not null default now()
);
create table measurements (
    id uuid primary key,
    device_id uuid not null references devices (id),
    received_at timestamptz not null default now(),
    measured_at timestamptz not null,
    status text not null,
    kind text not null,
    technology text,
    operator text not null,
    download_mbps float8,
    upload_mbps float8,
    ping_ms float8,
    jitter_ms float8,
    latitude float8 not null,
    longitude float8 not null,
    accuracy_m float8,
    unit_id integer,
    raw jsonb not null
);
create index on measurements (device_id, measured_at);
create index on measurements (unit_id, measured_at);
