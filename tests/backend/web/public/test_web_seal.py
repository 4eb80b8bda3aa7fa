"""The page that checks a report's file: by its bytes or its digest, in both languages."""

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from backend.reports.content.figures import canonical_json
from backend.web.public import views
from tests.support import people
from tests.support.reports import nothing, stored_report

PAGE = "/seal"


@pytest.fixture
def digest(app: Flask, client: FlaskClient) -> str:
    """The digest of an approved report's figures."""
    report = stored_report(app, people.unit_id(app, "19", level="province"), "approved")
    return str(client.get(f"/api/v1/reports/{report}").json["digest"])


def send(client: FlaskClient, **form: Any) -> Any:
    return client.post(PAGE, data=form, content_type="multipart/form-data")


def test_a_file_is_known_by_its_bytes(client: FlaskClient, digest: str) -> None:
    whole = canonical_json(nothing("2024-10"))
    sent = send(client, file=(io.BytesIO(whole), "report.json"))
    assert (sent.status_code, sent.location) == (303, f"{PAGE}/{digest}")
    page = client.get(sent.location)
    assert "Tệp đúng nguyên bản đã xác nhận" in page.text
    assert "Báo cáo tháng 10/2024, Tỉnh Thái Nguyên, bản thứ 1" in page.text
    assert "Trần Thị Bình" in page.text and "khóa số 1" in page.text
    assert "Unchanged original" in client.get(f"{sent.location}?lang=en").text
    changed = send(client, file=(io.BytesIO(whole + b" "), "report.json"))
    unknown = client.get(changed.location)
    assert unknown.status_code == 404 and "Không có báo cáo nào mang mã này" in unknown.text


def test_a_digest_may_be_typed_as_tools_show_it(client: FlaskClient, digest: str) -> None:
    typed = f" {digest[:32].upper()} {digest[32:].upper()}\n"
    assert send(client, digest=typed).location == f"{PAGE}/{digest}"
    assert send(client, digest="  ").location == PAGE
    assert send(client).location == PAGE
    assert client.get(f"{PAGE}/nothing").status_code == 404


def test_a_seal_that_does_not_hold_says_so(client: FlaskClient, digest: str, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("alter table reports disable trigger user"))
        connection.execute(text("update reports set statement = replace(statement, '0', '1')"))
        connection.execute(text("alter table reports enable trigger user"))
    page = client.get(f"{PAGE}/{digest}").text
    assert "Niêm phong không còn hợp lệ" in page and "Nguyên bản" not in page


def test_what_is_sent_has_a_limit(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MAX_FILE", 1_000)
    sent = send(client, file=(io.BytesIO(b"x" * 1_001), "film.mp4"))
    assert sent.status_code == 413
