#!/bin/sh
# Run once by the image postgres for an empty volume: the two roles, and the database of the one
# that migrates. What the other may do, the migrations grant.
set -eu

psql --set ON_ERROR_STOP=1 --username postgres \
    --set owner_password="$OWNER_PASSWORD" --set app_password="$APP_PASSWORD" <<'SQL'
CREATE ROLE dosong_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE dosong_app LOGIN PASSWORD :'app_password';
CREATE DATABASE dosong OWNER dosong_owner TEMPLATE template0;
REVOKE ALL ON DATABASE dosong FROM PUBLIC;
GRANT CONNECT ON DATABASE dosong TO dosong_app;
SQL
