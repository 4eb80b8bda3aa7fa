"""The test mail of admins: a server that takes it, and each way in which it fails."""

import socket
from collections.abc import Callable, Mapping
from email import message_from_bytes, policy
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.admin_client import NAME, AdminBrowser, field_error
from tests.support.clock import FakeClock
from tests.support.smtp_server import mail_server

TO = "lan@example.vn"
LOGIN = {"SMTP_USER": "dosong", "SMTP_PASSWORD": "bi mat"}


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: FakeClock) -> AdminBrowser:
    app.config.update(SMTP_HOST="127.0.0.1", SMTP_PORT=9, SMTP_TLS=False, MAIL_FROM="a@b.vn")
    return AdminBrowser(app, client, clock.now)


def test_a_test_mail_arrives(app: Flask, admin: AdminBrowser) -> None:
    with mail_server() as (settings, mails):
        app.config.update(settings)
        page = admin.send("/admin/connections", to=" Lan@Example.vn ")
    assert page.status_code == 200 and "Thư thử đã được gửi đi." in page.text
    [mail] = mails
    words = message_from_bytes(mail, policy=policy.default)
    assert words["To"] == TO and words["From"] == "a@b.vn" and "thư thử" in words["Subject"]
    assert "không cần trả lời" in words.get_content()
    assert people.audit_entries(app, "system") == [("mail.test", {"state": "sent"})]


@pytest.mark.parametrize(
    ("replies", "changes", "shown", "words"),
    [
        (
            {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 wrong <password>"},
            LOGIN,
            "SMTPAuthenticationError: 535 5.7.8 wrong &lt;password&gt;",
            "từ chối tên đăng nhập hoặc mật khẩu",
        ),
        ({}, {"SMTP_TLS": True}, "SMTPNotSupportedError: STARTTLS", "SMTP_TLS=false"),
        ({}, LOGIN, "SMTPNotSupportedError: SMTP AUTH", "không hỗ trợ mã hóa"),
        (
            {"EHLO": "250-here\r\n250 AUTH PLAIN"},
            LOGIN | {"SMTP_PASSWORD": "bí mật"},
            "UnicodeEncodeError",
            "chữ có dấu",
        ),
        ({"MAIL": "553 not yours"}, {}, "SMTPSenderRefused: 553 not yours", "MAIL_FROM"),
        ({"RCPT": "550 no such user"}, {}, "SMTPRecipientsRefused: 550 no such", "người nhận này"),
        ({"BODY": "554 spam"}, {}, "SMTPDataError: 554 spam", "thư rác"),
        ({"MAIL": ""}, {}, "SMTPServerDisconnected: ", "ngắt kết nối"),
        ({"": "554 go away"}, {}, "SMTPConnectError: 554 go away", "từ chối kết nối"),
    ],
)
def test_what_a_mail_server_refuses_is_named(
    app: Flask,
    admin: AdminBrowser,
    replies: Mapping[str, str],
    changes: dict[str, Any],
    shown: str,
    words: str,
) -> None:
    with mail_server(replies) as (settings, mails):
        app.config.update(settings | changes)
        page = admin.send("/admin/connections", to=TO).text
    assert not mails
    assert "Chưa gửi được thư thử." in page
    assert shown in page and words in page
    error = shown.partition(":")[0]
    failed = ("mail.test", {"state": "failed", "error": error})
    assert people.audit_entries(app, "system") == [failed]


def test_a_server_that_is_away_is_named(app: Flask, admin: AdminBrowser) -> None:
    page = admin.send("/admin/connections", to=TO).text
    assert "ConnectionRefusedError" in page and "Không có gì trả lời ở cổng này" in page


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "SMTP_HOST"),
        (TimeoutError("timed out"), "tường lửa"),
        (UnicodeError("label empty"), "SMTP_HOST"),
    ],
)
def test_failures_of_the_network_are_named(
    admin: AdminBrowser, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    monkeypatch.setattr("smtplib.SMTP.connect", _raising(error))
    page = admin.send("/admin/connections", to=TO).text
    assert f"<code>{type(error).__name__}" in page and words in page


def _raising(error: Exception) -> Callable[..., None]:
    def connect(*_: Any, **__: Any) -> None:
        raise error

    return connect


def test_the_page_shows_settings_and_no_password(app: Flask, admin: AdminBrowser) -> None:
    app.config.update(SMTP_HOST="mail.example.vn", **LOGIN)
    page = admin.get("/admin/connections")
    assert "mail.example.vn" in page and "bi mat" not in page
    assert f'value="{NAME}"' in page  # the own address is proposed
    assert "Nhập đúng" not in field_error(page, "to")
    assert "thư điện tử" in field_error(
        admin.refused("/admin/connections", to="0912 345 678"), "to"
    )


def test_without_a_mail_server_the_page_says_what_to_set(app: Flask, admin: AdminBrowser) -> None:
    app.config.update(SMTP_HOST="")
    page = admin.get("/admin/connections")
    command = "scripts/settings SMTP_HOST=… SMTP_USER=… SMTP_PASSWORD=… MAIL_FROM=…"
    assert f">{command}</textarea>" in page
    assert 'name="to"' not in page
    assert "Chưa có máy chủ thư" in admin.refused("/admin/connections", to=TO)
    assert 'href="/admin/connections"' in admin.get("/admin")


def test_ten_test_mails_an_hour(app: Flask, admin: AdminBrowser) -> None:
    with mail_server() as (settings, mails):
        app.config.update(settings)
        answers = [admin.send("/admin/connections", to=TO) for _ in range(11)]
    assert len(mails) == 10
    assert answers[-1].status_code in (422, 429)
    assert "Quá nhiều yêu cầu" in answers[-1].text
