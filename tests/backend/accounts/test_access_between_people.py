"""What one request alone does not show: what two people do one after the other."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.access.world import PASSWORD, World


@pytest.mark.parametrize("actor", ["organiser", "other organiser"])
def test_no_team_of_another_organisation_enters_a_campaign_by_the_word_of_one(
    app: Flask, client: FlaskClient, actor: str
) -> None:
    world = World(app, client, actor)
    stranger = people.team(app, world.elsewhere, "Đội của Sở")
    url = f"/api/v1/campaigns/{world.campaign}/teams/{stranger}/join-code"
    assert client.post(url, json={}, headers=world.headers).status_code in (403, 404)


def test_who_holds_an_invitation_does_not_get_what_an_admin_grants_to_its_name(
    app: Flask, client: FlaskClient
) -> None:
    """The organiser who invites sees the link, and may open it in place of the person."""
    world = World(app, client, "organiser")
    asked = {"name": "lan@example.vn", "roles": [{"role": "team_leader", "scope_id": world.team}]}
    invited = client.post("/api/v1/invitations", json=asked, headers=world.headers).json
    roles = f"/api/v1/users/{invited['user_id']}/roles"
    granted = client.post(roles, json={"role": "admin"}, headers=world.headers_of("admin"))
    secret = invited["link"].partition("#")[2]
    accepting = {"secret": secret, "password": PASSWORD}
    accepted = client.post("/api/v1/invitations/accept", json=accepting)
    assert granted.status_code == 409 or accepted.status_code == 404
