"""The letter as it was signed and sent, attached to an approved report."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.reports.files.canonical import digest
from backend.reports.monthly import lifecycle
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.reports import PDF, URL, Office, stored_report


@pytest.fixture
def office(app: Flask, client: FlaskClient, clock: FakeClock) -> Office:
    return Office(app, client, clock)


def attach(office: Office, report: int, body: bytes = PDF, **changes: Any) -> Any:
    query = {"number": "12/BC-SKHCN", "signed_on": "2024-12-05"} | changes
    kind = query.pop("kind", "application/pdf")
    return office.client.post(
        f"{URL}/{report}/attachments",
        data=body,
        query_string=query,
        content_type=kind,
        headers=office.headers,
    )


def approved(office: Office) -> int:
    return stored_report(office.app, people.unit_id(office.app, "19", level="province"), "approved")


def test_number_date_and_digest_are_public_the_letter_is_the_offices(office: Office) -> None:
    report = approved(office)
    seal = office.show(report).json["seal"]
    told = attach(office, report)
    assert told.status_code == 201
    [letter] = told.json["attachments"]
    assert (letter["number"], letter["signed_on"]) == ("12/BC-SKHCN", "2024-12-05")
    assert (letter["digest"], letter["size"]) == (digest(PDF), len(PDF))
    public = office.show(report, headers={}).json
    assert public["attachments"] == [letter] and public["seal"] == seal
    path = f"/attachments/{letter['id']}"
    given = office.show(report, path)
    assert (given.data, given.mimetype) == (PDF, "application/pdf")
    assert office.show(report, path, headers={}).status_code == 404
    assert office.show(approved(office), path).status_code == 404  # another report's
    [(act, details)] = people.audit_entries(office.app, f"report:{report}")
    assert (act, details) == ("report.attach", {"digest": digest(PDF)})


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"body": b"PK\x03\x04 not a letter"}, 415, "not_pdf"),
        ({"body": b""}, 415, "not_pdf"),
        ({"kind": "text/html"}, 415, "not_pdf"),
        ({"number": "  "}, 422, "blank"),
        ({"number": "x" * 201}, 422, "too_long"),
        ({"signed_on": "hôm qua"}, 422, "not_day"),
        ({"signed_on": "2024-12-06"}, 422, "day_in_future"),
    ],
)
def test_a_letter_that_is_none(
    office: Office, changes: dict[str, Any], status: int, code: str
) -> None:
    refused = attach(office, approved(office), **changes)
    assert refused.status_code == status
    assert code in (refused.json["code"], refused.json.get("errors", [{}])[0].get("code"))


def test_a_letter_may_be_larger_than_what_phones_send(office: Office) -> None:
    report, most = approved(office), office.app.config["MAX_BODY_BYTES"]
    assert attach(office, report, PDF + b" " * most).status_code == 201
    assert attach(office, report, PDF + b" " * lifecycle.SIZE_MOST).status_code == 413


def test_only_an_approved_report_is_sent(office: Office) -> None:
    unit = people.unit_id(office.app, "19", level="province")
    refused = attach(office, stored_report(office.app, unit, "frozen"))
    assert (refused.status_code, refused.json["code"]) == (409, "report_not_approved")
