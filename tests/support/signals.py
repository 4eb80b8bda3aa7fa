"""A campaign and a volunteer with a mock position, for tests of signals."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.signals.rules import MOCK_LEAST
from tests.support.factories import HERE, location, post, register, sample
from tests.support.people import (
    add_membership,
    campaign,
    organisation,
    person,
    team,
    unit_id,
)

SINCE = datetime(2024, 11, 1, tzinfo=UTC)
NINE = datetime(2024, 11, 15, 2, 0, tzinfo=UTC)
FAR = 0.05  # degrees: some 5 km
SIGNAL = "/api/v1/signals"


class Cast:
    """A campaign in Thái Nguyên whose first volunteer measures with a mock position."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        union = organisation(app)
        self.team = team(app, union)
        self.province = unit_id(app, "19", level="province")
        self.campaign = campaign(app, union, self.province)
        self.organiser = person(app, "organiser", union)
        self.official = person(app, "official", self.province)
        self.phone = self.add_volunteer()
        self.mock(self.phone, MOCK_LEAST)

    def add_volunteer(self) -> dict[str, str]:
        """Register the device of another volunteer; return its headers."""
        phone = register(self.client)
        self.volunteer = add_membership(self.app, phone, self.campaign, self.team, SINCE)
        return phone

    def mock(self, phone: dict[str, str], n: int, first: int = 0) -> None:
        samples = [
            sample(
                (NINE + timedelta(minutes=10 * k)).isoformat(),
                download_mbps=40.0 + k,
                location=location(is_mock=True, latitude=HERE["latitude"] + k / 500),
            )
            for k in range(first, first + n)
        ]
        assert post(self.client, phone, *samples).status_code in (200, 201, 207)

    def of_campaign(self, query: str = "", headers: Any = None) -> Any:
        url = f"/api/v1/campaigns/{self.campaign}/signals?month=2024-11{query}"
        return self.client.get(url, headers=headers or self.organiser)

    def of_unit(self, code: str = "19", query: str = "", headers: Any = None) -> Any:
        url = f"/api/v1/units/{code}/signals?month=2024-11&level=province{query}"
        return self.client.get(url, headers=headers or self.official)

    def decide(self, one: int, headers: Any = None, **body: Any) -> Any:
        return self.client.patch(f"{SIGNAL}/{one}", json=body, headers=headers or self.organiser)
