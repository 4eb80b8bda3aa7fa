"""GET /api/v1/consent: what a person agrees to."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

CONSENT = "/api/v1/consent"


def test_text_is_vietnamese_unless_english_is_asked_for(client: FlaskClient) -> None:
    vietnamese, english = (
        client.get(CONSENT),
        client.get(CONSENT, headers={"Accept-Language": "en"}),
    )
    assert vietnamese.status_code == english.status_code == 200
    assert vietnamese.json["language"] == vietnamese.headers["Content-Language"] == "vi"
    assert english.json["language"] == "en"
    assert "dữ liệu cá nhân nhạy cảm" in vietnamese.json["text"]
    assert "sensitive personal data" in english.json["text"]
    assert "Accept-Language" in vietnamese.headers["Vary"]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_text_names_law_operator_retention_and_ways_out(
    app: Flask, client: FlaskClient, language: str
) -> None:
    app.config.update(
        OPERATOR_NAME="Sở KH&CN Thái Nguyên", OPERATOR_CONTACT="0208 3855 692", RETENTION_DAYS=180
    )
    answer = client.get(CONSENT, headers={"Accept-Language": language}).json
    for words in ("91/2025/QH15", "356/2025", "Sở KH&CN Thái Nguyên", "0208 3855 692", "180"):
        assert words in answer["text"]
    assert "$" not in answer["text"]
    assert answer["operator"] == {"name": "Sở KH&CN Thái Nguyên", "contact": "0208 3855 692"}
    assert answer["retention_days"] == 180
    assert answer["sensitive"] is True
    assert answer["version"] == "4"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_purposes_are_those_of_the_text(client: FlaskClient, language: str) -> None:
    answer = client.get(CONSENT, headers={"Accept-Language": language}).json
    assert [purpose["code"] for purpose in answer["purposes"]] == [
        "locate",
        "count",
        "note",
        "operators",
        "attribute",
        "publish",
    ]
    for purpose in answer["purposes"]:
        assert f"- {purpose['text']}\n" in answer["text"]


def test_an_operator_that_is_not_named_is_said_so(app: Flask, client: FlaskClient) -> None:
    app.config.update(OPERATOR_NAME="", OPERATOR_CONTACT="")
    assert "chưa khai báo" in client.get(CONSENT).json["operator"]["name"]
