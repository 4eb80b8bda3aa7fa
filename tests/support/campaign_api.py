"""Create and change campaigns through the API."""

from typing import Any

from flask.testing import FlaskClient

URL = "/api/v1/campaigns"
PROVINCE = {"system": "2024", "level": "province", "code": "19"}
COMMUNE = {"system": "2024", "level": "commune", "code": "05443"}
NEW = {
    "name": "Tháng thanh niên đo mạng",
    "first_day": "2024-11-01",
    "last_day": "2024-11-30",
    "areas": [PROVINCE],
}


def create(client: FlaskClient, owner: Any, headers: dict[str, str], **changes: Any) -> Any:
    body = {"organisation_id": owner} | NEW | changes
    return client.post(URL, json=body, headers=headers)


def patch(client: FlaskClient, one: int, headers: dict[str, str], **changes: Any) -> Any:
    return client.patch(f"{URL}/{one}", json=changes, headers=headers)


def errors(answer: Any) -> list[tuple[str, str]]:
    return [(one["field"], one["code"]) for one in answer.json["errors"]]
