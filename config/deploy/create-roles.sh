#!/bin/sh
# Run once by the image postgres for an empty volume: the roles, and the database of the one that
# migrates. What the others may do, the migrations grant. The role of analysts signs in once it has
# a password (docs/reporting.md).
set -eu

psql --set ON_ERROR_STOP=1 --username postgres \
    --set owner_password="$OWNER_PASSWORD" --set app_password="$APP_PASSWORD" <<'SQL'
CREATE ROLE dosong_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE dosong_app LOGIN PASSWORD :'app_password';
CREATE ROLE dosong_reporting NOLOGIN CONNECTION LIMIT 10;
ALTER ROLE dosong_reporting SET statement_timeout = '60s';
ALTER ROLE dosong_reporting SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE dosong_reporting SET default_transaction_read_only = 'on';
ALTER ROLE dosong_reporting SET search_path = 'reporting';
CREATE DATABASE dosong OWNER dosong_owner TEMPLATE template0;
REVOKE ALL ON DATABASE dosong FROM PUBLIC;
GRANT CONNECT ON DATABASE dosong TO dosong_app;
SQL
