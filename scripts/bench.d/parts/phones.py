"""Registered phones of a bench, in a team or in none, as if they had been registered long ago."""

import json
import secrets
import socket
from collections.abc import Iterator

import psycopg

from parts.http import exchange, request

CONSENT = {"accepted": True, "version": "1", "accepted_at": "2024-11-01T08:00:00+07:00"}
# Samples of the loads are up to 58 days old: older ones than the registration do not count, and
# those from before a membership are no team's.
EARLIER = """
    update devices set registered_at = registered_at - interval '90 days'
    where registered_at > now() - interval '90 days'
"""
LONG_MEMBERS = """
    with links as (
        update device_links set period = tstzrange(lower(period) - interval '90 days', null)
        where lower(period) > now() - interval '90 days'
    )
    update memberships set period = tstzrange(lower(period) - interval '90 days', null)
    where lower(period) > now() - interval '90 days'
"""
# A campaign of all provinces with one team; the join code of the team. Posts into one team wait for
# each other's commits, so phones are of several ones.
TEAMS = 8
CAMPAIGN = """
    with youth as (
        insert into organisations (name, type, sort_key, search_key)
        values (%(name)s, 'youth_union', %(name)s, %(name)s) returning id
    ), campaign as (
        insert into campaigns (organisation_id, name, first_day, last_day, networks, state)
        select id, %(name)s, current_date - 90, current_date + 90, '{mobile}', 'open' from youth
        returning id
    ), area as (
        insert into campaign_areas (campaign_id, unit_id)
        select campaign.id, units.id from campaign, units
        where units.level = 'province' and units.system = '2025'
    ), team as (
        insert into teams (organisation_id, name, type, name_key, sort_key)
        select id, %(name)s, 'youth', %(name)s, %(name)s from youth returning id
    )
    insert into join_codes (code, campaign_id, team_id, created_at)
    select %(code)s, campaign.id, team.id, now() from campaign, team
"""
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def register(port: int, count: int) -> Iterator[str]:
    """Register devices; their tokens."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        sent = request("POST", "/api/v1/devices", "", json.dumps({"consent": CONSENT}).encode())
        for _ in range(count):
            yield json.loads(exchange(connection, sent))["token"]


def make_earlier(database: str) -> None:
    """Let all phones have been registered, and in their teams, for 90 days."""
    with psycopg.connect(database) as connection:
        connection.execute(EARLIER)
        connection.execute(LONG_MEMBERS)


def new_teams(database: str) -> tuple[str, ...]:
    """Make campaigns with a team each; their join codes."""
    codes = tuple("".join(secrets.choice(CODE_LETTERS) for _ in range(8)) for _ in range(TEAMS))
    with psycopg.connect(database) as connection:
        for number, code in enumerate(codes):
            connection.execute(CAMPAIGN, {"code": code, "name": f"bench {number}"})
    return codes


def join(port: int, codes: tuple[str, ...], tokens: tuple[str, ...]) -> None:
    """Let phones join teams in turns."""
    for number, code in enumerate(codes):
        if theirs := tokens[number :: len(codes)]:
            _join(port, code, theirs)


def _join(port: int, code: str, tokens: tuple[str, ...]) -> None:
    body = json.dumps({"code": code}).encode()
    # The codes that an address may try in an hour are limited: each time another one.
    host = f"127.{secrets.randbelow(255)}.{secrets.randbelow(255)}.{2 + secrets.randbelow(250)}"
    with socket.create_connection(("127.0.0.1", port), source_address=(host, 0)) as connection:
        for token in tokens:
            exchange(connection, request("POST", "/api/v1/memberships", token, body))
