"""Reading personal data leaves one entry a day for each person, kind and unit."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import owner_session
from tests.support.factories import post, register, sample
from tests.support.people import audit_entries, campaign, organisation, person, team, unit_id

HERE, MONTH = "/api/v1/units/19", "month=2024-11"
YESTERDAY = """
    insert into audit (at, actor, act, subject, address, details)
    select at - interval '1 day', actor, act, subject, address, details from audit
"""


@pytest.fixture
def measurement(client: FlaskClient) -> str:
    """A sample in the province."""
    body = sample("2024-11-15T09:00:00+07:00")
    post(client, register(client), body)
    return str(body["id"])


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"{HERE}/measurements?{MONTH}", "samples"),
        (f"{HERE}/measurements/{{id}}", "samples"),
        ("/api/v1/odata/Samples?$filter=Month eq '2024-11'", "samples"),
        (f"{HERE}/no-connection-notes?{MONTH}", "notes"),
        (f"{HERE}/cells?{MONTH}", "cells"),
    ],
)
def test_what_an_official_reads_of_a_unit(
    app: Flask, client: FlaskClient, measurement: str, path: str, kind: str
) -> None:
    unit, url = unit_id(app, "19", level="province"), path.format(id=measurement)
    official = person(app, "official", unit, scopes=("read",))
    stranger = person(app, "official", unit_id(app, "01", level="province"))
    for headers in (official, official, stranger, {}):
        client.get(url, headers=headers)
    noted = audit_entries(app, f"unit:{unit}")
    assert noted == [(f"read.{kind}", {})]
    with app.app_context(), owner_session() as owner:  # the next day
        owner.execute(text(YESTERDAY))
    assert len(audit_entries(app, f"unit:{unit}")) == 2


def test_what_leaders_organisers_and_admins_read(app: Flask, client: FlaskClient) -> None:
    owner = organisation(app)
    own, unit = team(app, owner), unit_id(app, "19", level="province")
    made = campaign(app, owner, unit)
    contributions, officials = f"/api/v1/campaigns/{made}/contributions", "/admin/people/officials"
    hanoi = unit_id(app, "01", level="province")
    for role, scope, url, subject, act in (
        ("team_leader", own, f"/api/v1/teams/{own}/members", f"team:{own}", "read.members"),
        ("organiser", owner, f"{contributions}?by=member", f"campaign:{made}", "read.members"),
        ("organiser", owner, f"{contributions}?by=team", "campaign:0", None),
        ("admin", None, "/api/v1/users", "system", "read.people"),
        ("admin", None, f"{officials}?home=01", f"unit:{hanoi}", "read.people"),
        ("admin", None, f"{officials}/list.xlsx?home=19", f"unit:{unit}", "read.people"),
    ):
        assert client.get(url, headers=person(app, role, scope)).status_code == 200, url
        acts = [name for name, _ in audit_entries(app, subject)]
        assert acts == ([act] if act else []), url


def test_reading_the_log_and_a_second_address_leave_entries(
    app: Flask, client: FlaskClient, measurement: str
) -> None:
    """A copied token that reads elsewhere on the same day shows its address."""
    admin = person(app, "admin")
    samples = f"{HERE}/measurements?{MONTH}"
    for url in ("/api/v1/audit", samples, "/api/v1/audit", samples):
        for address in ("127.0.0.1", "203.0.113.9"):
            read = client.get(url, headers=admin, environ_base={"REMOTE_ADDR": address})
            assert read.status_code == 200
    listed = client.get("/api/v1/audit?reads=only", headers=admin).json["items"]
    assert sorted((one["act"], one["address"]) for one in listed) == [
        ("read.audit", "127.0.0.1"), ("read.audit", "203.0.113.9"),
        ("read.samples", "127.0.0.1"), ("read.samples", "203.0.113.9"),
    ]  # fmt: skip


def test_the_log_is_listed_without_or_with_reads(
    app: Flask, client: FlaskClient, measurement: str
) -> None:
    admin = person(app, "admin")
    client.get(f"{HERE}/measurements?{MONTH}", headers=admin)
    client.post("/api/v1/organisations", headers=admin, json={"name": "Hội", "kind": "union"})

    def acts(query: str) -> set[str]:
        listed = client.get(f"/api/v1/audit{query}", headers=admin).json["items"]
        return {one["act"] for one in listed}

    assert "read.samples" in acts("") and acts("?reads=only") == {"read.audit", "read.samples"}
    assert "read.samples" not in acts("?reads=without")
    assert acts("?reads=without&act=read.samples") == {"read.samples"}
