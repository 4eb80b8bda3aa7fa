"""The end of a campaign: what its closing tells, and thanks to organisers, leaders and phones."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import update

from backend.campaigns.models import Campaign
from backend.database.extensions import db
from backend.drawing import draw
from tests.support.clock import FakeClock
from tests.support.contributions import add_measurement, volunteers
from tests.support.people import account, sign_in, unit_id
from tests.support.plans import HERE, NEAR, Cast

ORGANISER, LEADER = "ban@example.vn", "doi@example.vn"


@pytest.fixture
def cast(app: Flask, clock: FakeClock) -> Cast:
    """A campaign with two teams; in the first one of two members chose a name."""
    cast = Cast(app, HERE, NEAR)
    cast.first, cast.second = cast.team("Đội Một"), cast.team("Đội Hai", NEAR)
    account(app, ORGANISER, "organiser", cast.organisation)
    account(app, LEADER, "team_leader", cast.first)
    lan, nameless = volunteers(app, "Lan", None)
    with app.app_context():
        for team, person, n in ((cast.first, lan, 3), (cast.first, nameless, 2),
                                (cast.second, nameless, 1)):  # fmt: skip
            for _ in range(n):
                add_measurement(cast.campaign, team, unit=unit_id(app, HERE), volunteer=person)
        db.session.commit()
    cast.page = f"/campaigns/{cast.campaign}"
    return cast


def set_state(cast: Cast, state: str) -> None:
    with cast.app.app_context():
        db.session.execute(update(Campaign).filter_by(id=cast.campaign).values(state=state))
        db.session.commit()


def read(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path, query_string={"lang": "vi"})
    assert answer.status_code == status, answer.text
    return re.sub(r"\s+", " ", answer.text)


def test_closing_tells_what_stops_and_changes_no_figure(client: FlaskClient, cast: Cast) -> None:
    token = sign_in(client, ORGANISER)["X-CSRF-Token"]
    settings = read(client, f"{cast.page}/settings")
    assert f'href="{cast.page}/end' in settings and '<option value="closed"' not in settings
    page = read(client, f"{cast.page}/end")
    for words in ("Số liệu không đổi. Sau khi đóng, mã và áp phích không dùng được nữa.",
                  "2 mã tham gia và áp phích đi kèm", "được tính"):  # fmt: skip
        assert words in page
    [go] = re.findall(r'name="go"\s+value="(\w{64})"', page)
    figures = f"/api/v1/campaigns/{cast.campaign}/contributions"
    counted = client.get(figures).json
    again = client.post(f"{cast.page}/end", data={"csrf_token": token, "go": "0" * 64})
    assert "Có thay đổi" in again.text or "Something has changed" in again.text
    done = client.post(f"{cast.page}/end", data={"csrf_token": token, "go": go})
    assert (done.status_code, done.location) == (303, cast.page)
    assert client.get(f"/api/v1/campaigns/{cast.campaign}").json["state"] == "closed"
    assert client.get(f"{cast.page}/end").location == cast.page
    assert client.get(figures).json == counted


@pytest.mark.parametrize(
    ("who", "says", "never", "certificates"),
    [(ORGANISER, ["Cảm ơn các đội!", ">6<", "Đội Hai", "Báo cáo tổng kết"], [], 3),
     (LEADER, ["Đội đã góp", ">5<", "Đội Một"], ["Đội Hai", "Báo cáo tổng kết"], 2)],
)  # fmt: skip
def test_the_page_of_a_closed_campaign_thanks_its_people(
    client: FlaskClient,
    cast: Cast,
    who: str,
    says: list[str],
    never: list[str],
    certificates: int,
) -> None:
    set_state(cast, "closed")
    sign_in(client, who)
    page = read(client, cast.page)
    assert all(one in page for one in says) and not any(one in page for one in never)
    assert "Lan" not in page  # names stand on certificates alone
    sheet = client.get(f"{cast.page}/certificates.pdf")
    assert sheet.data.startswith(b"%PDF") and sheet.headers["Cache-Control"] == "no-store"
    assert len(re.findall(rb"/Type /Page\b", sheet.data)) == certificates
    other = client.get(f"{cast.page}/certificates.pdf?team={cast.second}")
    assert other.status_code == (200 if who == ORGANISER else 403)
    assert client.get(f"{cast.page}/summary").status_code == other.status_code


def test_while_a_campaign_runs_nobody_is_thanked(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, ORGANISER)
    assert "Cảm ơn các đội!" not in read(client, cast.page)
    for part in ("thanks.png", "certificates.pdf"):
        assert client.get(f"{cast.page}/{part}").status_code == 404


@pytest.mark.parametrize(("publish", "figures"), [("live", True), ("after_approval", False)])
def test_the_picture_of_thanks_has_no_more_than_public_counts(
    client: FlaskClient,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    publish: str,
    figures: bool,
) -> None:
    drawn: list[str] = []

    def see(template: str, **values: Any) -> str:
        drawn.append(draw(template, **values))
        return drawn[-1]

    monkeypatch.setattr("backend.coverage.contributions.certificates.draw", see)
    cast.app.config["PUBLISH"] = publish
    set_state(cast, "closed")
    sign_in(client, LEADER)
    answer = client.get(f"{cast.page}/thanks.png")
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.width == 1080
    said = re.sub(r"<[^>]*>", "|", drawn[0])
    assert "Đội Một · Đội Hai" in said and "Lan" not in said
    assert ("|6|" in said) is figures and "|5|" not in said


def test_the_summary_for_the_province(client: FlaskClient, cast: Cast) -> None:
    cast.team("Đội Ba")  # takes part without a sample
    sign_in(client, ORGANISER)
    page = read(client, f"{cast.page}/summary")
    assert page.count('class="leaf"') == 2
    for words in (
        "Phường Trưng Vương",
        "Đội Hai",
        '<dd class="figure">6</dd>',
        '<dt>Đội có mẫu được tính</dt><dd class="figure">2</dd>',
        "VNNIC",
        "trên 2 xã, phường",
    ):
        assert words in page
