"""Reminders by mail: to the contacts of one's own area, once, and with a result by name."""

import threading
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.contacts.models import UnitContact
from backend.database.extensions import db
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.people import LONG_AGO, audit_entries
from tests.support.smtp_server import mail_server

NAME = "binh@example.vn"
PAGE = "/desk/area/19/remind/mail?month=2024-11&level=commune"
HOA, THU = ("05443", "Nguyễn Thị Hoa", "hoa@example.vn"), ("05446", "Lê Thu", "thu@example.vn")
ELSEWHERE = ("00001", "Trần An", "an@example.vn")  # in Hà Nội


@pytest.fixture
def token(app: Flask, client: FlaskClient) -> str:
    """The official of Thái Nguyên has signed in, on the 20th of a month without samples."""
    scope = people.unit_id(app, "19", level="province")
    people.account(app, NAME, "official", scope, display_name="Trần Thị Bình")
    app.config["SMTP_HOST"] = ""
    return people.sign_in(client, NAME)["X-CSRF-Token"]


def contact(app: Flask, code: str, name: str, email: str | None, **more: Any) -> str:
    """Store a contact; return its value in the form."""
    with app.app_context():
        values = {"phone": "+84912345678", "changed_at": LONG_AGO, "email": email, **more}
        row = UnitContact(unit_id=people.unit_id(app, code), name=name, **values)
        db.session.add(row)
        db.session.commit()
        return str(row.id)


def send(client: FlaskClient, token: str, *contacts: str, page: str = PAGE) -> Any:
    return client.post(page, data={"csrf_token": token, "contact": list(contacts)})


def read(mail: bytes) -> EmailMessage:
    message = message_from_bytes(mail, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_the_chosen_contacts_get_a_mail_each(app: Flask, client: FlaskClient, token: str) -> None:
    hoa = contact(app, *HOA, office="Phó Chủ tịch")
    thu = contact(app, *THU)
    contact(app, "05449", "Không có thư", None)
    with mail_server() as (settings, mails):
        app.config.update(settings)
        way = client.get("/desk/area/19/remind?month=2024-11&level=commune").text
        assert "/desk/area/19/remind/mail?" in way and "2 đầu mối có địa chỉ thư" in way
        desk = client.get("/desk/area/19?month=2024-11&level=commune").text
        assert "/desk/area/19/remind/mail?show=not_started&amp;" in desk
        shown = client.get(PAGE).text
        assert f'value="{hoa}" checked' in shown and f'value="{thu}" checked' in shown
        assert "chưa có địa chỉ thư:" in shown and "Kính gửi: " in shown
        assert mails == []
        page = send(client, token, hoa).text
    assert "Đã gửi 1 thư." in page and "hoa@example.vn" in page and "thu@example.vn" not in page
    [mail] = mails
    message = read(mail)
    assert (message["To"], message["Reply-To"]) == ("hoa@example.vn", NAME)
    assert message["Subject"] == "Phường Trưng Vương: số mẫu đo tháng 11/2024"
    text = message.get_content().replace("\r\n", "\n")
    assert "0/300 mẫu · 0 máy" in text and "còn thiếu 300 mẫu." in text and "Trần Thị Bình" in text
    assert text.startswith("Kính gửi: Nguyễn Thị Hoa, Phó Chủ tịch\n\nPhường Trưng Vương, ")
    assert "&amp;" not in text and "&#39;" not in text and "\n\n\n" not in text
    assert "\nhttp://localhost/unit/05443\n" in text
    scope = f"unit:{people.unit_id(app, '19', level='province')}"
    [(_, details)] = [one for one in audit_entries(app, scope) if one[0] == "reminder.mail"]
    expected = {"month": "2024-11", "network": "mobile", "contacts": [int(hoa)], "failed": 0}
    assert details == expected and "hoa" not in str(details)


@pytest.mark.slow
def test_a_second_click_sends_nothing(
    app: Flask, client: FlaskClient, token: str, clock: FakeClock
) -> None:
    hoa = contact(app, *HOA)
    with mail_server() as (settings, mails):
        app.config.update(settings)
        clients = [app.test_client() for _ in range(3)]
        tokens = [people.sign_in(one, NAME)["X-CSRF-Token"] for one in clients]
        clicks = [
            threading.Thread(target=send, args=(one, sent, hoa))
            for one, sent in zip(clients, tokens, strict=True)
        ]
        for click in clicks:
            click.start()
        for click in clicks:
            click.join()
        assert len(mails) == 1
        page = send(client, token, hoa).text
        assert "Đã nhắc trong 12 giờ qua (1)" in page and "hoa@example.vn" in page
        shown = client.get(PAGE).text
        assert f'value="{hoa}" disabled' in shown and "đã nhắc lúc" in shown
        clock.now += timedelta(hours=12)
        token = people.sign_in(client, NAME)["X-CSRF-Token"]
        assert "Đã gửi 1 thư." in send(client, token, hoa).text
    assert len(mails) == 2


def test_a_refused_mail_is_named_and_can_be_sent_again(
    app: Flask, client: FlaskClient, token: str
) -> None:
    hoa = contact(app, *HOA)
    with mail_server({"RCPT": "550 no such user"}) as (settings, mails):
        app.config.update(settings)
        page = send(client, token, hoa).text
        assert "1 thư chưa gửi được." in page and "hoa@example.vn" in page and not mails
    with mail_server() as (settings, mails):
        app.config.update(settings)
        assert "Đã gửi 1 thư." in send(client, token, hoa).text
        assert len(mails) == 1


@pytest.mark.slow
def test_only_contacts_of_the_own_area(app: Flask, client: FlaskClient, token: str) -> None:
    other = contact(app, *ELSEWHERE)
    hoa = contact(app, *HOA)
    with mail_server() as (settings, mails):
        app.config.update(settings)
        assert "an@example.vn" not in client.get(PAGE).text
        assert "Hãy chọn ít nhất một đầu mối." in send(client, token, other).text
        send(client, token, other, hoa)
        elsewhere = "/desk/area/01/remind/mail?month=2024-11&level=commune"
        assert client.get(elsewhere).status_code == 404
        assert send(client, token, other, page=elsewhere).status_code == 404
        below = app.test_client()  # a commune's official writes to no other commune
        people.account(app, "lan@example.vn", "official", people.unit_id(app, "05446"))
        sent = people.sign_in(below, "lan@example.vn")["X-CSRF-Token"]
        assert send(below, sent, hoa).status_code == 404
    assert [read(mail)["To"] for mail in mails] == ["hoa@example.vn"]


def test_a_group_and_a_month_that_is_over(app: Flask, client: FlaskClient, token: str) -> None:
    hoa = contact(app, *HOA)
    with mail_server() as (settings, mails):
        app.config.update(settings)
        for query in ("&show=out_of_reach", "&month=2024-10"):
            page = PAGE.replace("?month=2024-11", "?") if "month" in query else PAGE
            assert "Chưa có đầu mối nào có địa chỉ" in client.get(f"{page}{query}").text
            assert "Hãy chọn" in send(client, token, hoa, page=f"{page}{query}").text
    assert mails == []


@pytest.mark.slow
def test_without_a_mail_server_the_own_program_is_offered(
    app: Flask, client: FlaskClient, token: str
) -> None:
    hoa = contact(app, *HOA)
    assert "mailto:?bcc=hoa@example.vn" in client.get(PAGE.replace("/mail", "")).text
    assert "Phần mềm chưa gửi được thư" in client.get(PAGE).text
    assert "Chưa có máy chủ thư" in send(client, token, hoa).text


@pytest.mark.slow
def test_twenty_sendings_an_hour(app: Flask, client: FlaskClient, token: str) -> None:
    hoa = contact(app, *HOA)
    with mail_server() as (settings, _):
        app.config.update(settings)
        answers = [send(client, token, hoa).text for _ in range(21)]
    assert "Quá nhiều yêu cầu" in answers[20] and "Quá nhiều yêu cầu" not in answers[19]


def test_a_removed_contact_leaves_no_reminder(app: Flask, client: FlaskClient, token: str) -> None:
    hoa = contact(app, *HOA)
    with mail_server() as (settings, _):
        app.config.update(settings)
        send(client, token, hoa)
    gone = client.post(f"/desk/area/19/contacts/{hoa}/remove", data={"csrf_token": token})
    assert gone.status_code == 303
    with app.app_context():
        assert db.session.execute(db.text("select count(*) from contact_reminders")).scalar() == 0
