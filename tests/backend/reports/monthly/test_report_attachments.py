"""The letter as it was signed and sent, attached to an approved report."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from backend.http.requests import MAX_BODY_BYTES
from backend.reports.content.figures import digest
from backend.reports.monthly import lifecycle
from tests.support import people
from tests.support.reports import PDF, URL, Office, stored_report


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
    answer = attach(office, report)
    assert answer.status_code == 201
    [letter] = answer.json["attachments"]
    assert (letter["number"], letter["signed_on"]) == ("12/BC-SKHCN", "2024-12-05")
    assert (letter["digest"], letter["size"]) == (digest(PDF), len(PDF))
    public = office.show(report, headers={}).json
    assert public["attachments"] == [letter] and public["seal"] == seal
    path = f"/attachments/{letter['id']}"
    given = office.show(report, path)
    assert (given.data, given.mimetype) == (PDF, "application/pdf")
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    named = given.headers["Content-Disposition"]
    assert named == "attachment; filename=12-BC-SKHCN-2024-12-05.pdf"
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
    report, most = approved(office), MAX_BODY_BYTES
    assert attach(office, report, PDF + b" " * most).status_code == 201
    assert attach(office, report, PDF + b" " * lifecycle.MAX_SIZE).status_code == 413


def test_only_an_approved_report_is_sent(office: Office) -> None:
    unit = people.unit_id(office.app, "19", level="province")
    refused = attach(office, stored_report(office.app, unit, "frozen"))
    assert (refused.status_code, refused.json["code"]) == (409, "report_not_approved")


def test_the_signed_letter_is_known_by_its_digest(office: Office, owner: Engine) -> None:
    report = approved(office)
    assert attach(office, report).status_code == 201
    found = office.client.get(f"{URL}/by-digest/{digest(PDF)}").json
    assert (found["of"], found["valid"], found["problem"]) == ("letter", True, None)
    assert found["letter"]["number"] == "12/BC-SKHCN" and found["report"]["id"] == report
    statement = json.loads(found["seal"]["statement"])
    assert statement["letter"] == {"number": "12/BC-SKHCN", "signed_on": "2024-12-05"}
    assert statement["figures"] == office.show(report).json["digest"]
    page = office.client.get(f"/seal/{digest(PDF)}?lang=vi").text
    assert "Tệp đúng nguyên bản" in page and "văn bản đã ký (PDF)" in page
    verified = office.app.test_cli_runner().invoke
    assert verified(args=["reports", "keys"]).exit_code == 0
    # A row that was only inserted into the database has no seal.
    with owner.begin() as connection:
        connection.execute(text(
            "update report_attachments set statement = null, signature = null, key_number = null"
        ))  # fmt: skip
    found = office.client.get(f"{URL}/by-digest/{digest(PDF)}").json
    assert (found["valid"], found["problem"], found["seal"]) == (False, "letter_not_sealed", None)
    assert "không có niêm phong" in office.client.get(f"/seal/{digest(PDF)}?lang=vi").text


def test_an_anonymous_caller_learns_nothing_of_the_arguments(client: FlaskClient) -> None:
    answer = client.post(f"{URL}/1/attachments", data=b"", content_type="application/pdf")
    assert (answer.status_code, answer.json["code"]) == (401, "unauthorized")
