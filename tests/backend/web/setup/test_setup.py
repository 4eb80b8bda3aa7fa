"""Organisers set up campaigns on pages: drafts, lists of teams, leaders, codes, posters."""

import io
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.login_names import format_phone
from backend.accounts.models import OneTimeLink, User
from backend.campaign_setup.models import CampaignDraft, OrganisationLogo
from backend.campaign_setup.team_lines import read_text
from backend.campaigns.models import Campaign, JoinCode, Team
from backend.database.extensions import db
from backend.drawing import draw
from backend.memberships.models import Membership, Volunteer
from backend.web.setup.service import CodedTeam, poster_teams, poster_texts, qr
from tests.support.admin_client import field_error
from tests.support.clock import FakeClock
from tests.support.people import (
    LONG_AGO,
    PASSWORD,
    account,
    organisation,
    person,
    sign_in,
    take_part,
    team,
    unit_id,
)
from tests.support.qr_codes import read_qr
from tests.support.sql_statements import execute

ORGANISER = "lan@example.vn"
LIST = "Chi đoàn 1\tPhường Trưng Vương\t40\t912 345 678\nChi đoàn 2\nChi đoàn 3\t\t\tan@example.vn"


class Organiser:
    """A browser of an organiser of Thái Nguyên without scripts."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        home = unit_id(app, "19", level="province")
        self.app, self.client = app, client
        self.organisation = organisation(app, unit_id=home)
        account(app, ORGANISER, "organiser", self.organisation)
        self.token = sign_in(client, ORGANISER)["X-CSRF-Token"]

    def post(self, path: str, status: int = 303, **fields: Any) -> Any:
        data = {"csrf_token": self.token, **fields}
        answer = self.client.post(path, data=data, content_type="multipart/form-data")
        answer.request.environ["wsgi.input"].close()  # a file, if it is large
        assert answer.status_code == status, answer.text
        return answer

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def draft(self, **changes: Any) -> str:
        fields = {
            "organisation_id": self.organisation, "name": "Tháng đo mạng",
            "first_day": "2024-11-20", "last_day": "2024-12-31", "networks": "mobile",
            "areas": "Thành phố Thái Nguyên", "telephone": "0912345678", "state": "open", **changes,
        }  # fmt: skip
        return str(self.post("/campaigns/new", **fields).location)

    def started(self) -> int:
        made = self.post(self.draft(), teams=LIST, go="start").location
        self.campaign = int(re.findall(r"/campaigns/(\d+)/ready", made)[0])
        return self.campaign


@pytest.fixture
def organiser(app: Flask, client: FlaskClient) -> Organiser:
    app.config["OPERATOR_NAME"] = "Sở KH&CN"  # without it no poster is printed
    return Organiser(app, client)


@pytest.mark.slow
def test_a_campaign_starts_with_its_teams_codes_and_leaders(organiser: Organiser) -> None:
    page = organiser.get("/campaigns/new?lang=vi")
    assert "Tỉnh Thái Nguyên (19)" in page and 'value="2024-11-20"' in page
    steps = organiser.draft()
    checked = organiser.post(steps, 200, teams=LIST + "\nChi đoàn 1", go="start").text
    assert "Chi đoàn 1" in checked and "1 dòng" in checked
    made = organiser.post(steps, teams=LIST, go="start").location
    again = organiser.post(steps, teams=LIST, go="start").location
    assert made == again  # a double tap
    with organiser.app.app_context():
        codes = db.session.scalars(select(JoinCode)).all()
        assert len(codes) == 3 and {one.campaign_id for one in codes} == {codes[0].campaign_id}
        assert db.session.scalars(select(Campaign.state)).all() == ["open"]
        assert set(db.session.scalars(select(Team.type))) == {"youth"}
    page = organiser.get(made)
    assert "0912 345 678" in page and page.count(">chưa gửi<") == 2
    organiser.post(made, go="links")
    page = organiser.get(made)
    assert page.count("/invitation#") == 2 and "đội trưởng Chi đoàn 1" in page


def test_links_of_leaders_survive_and_one_is_renewed_alone(
    organiser: Organiser, app: Flask, clock: FakeClock
) -> None:
    ready = f"/campaigns/{organiser.started()}/ready?lang=vi"
    organiser.post(ready, go="links")
    before = links_of(organiser, ready)
    clock.now += timedelta(hours=1)
    closed = organiser.get(ready)  # the buttons that end a sent link are not in the way
    assert closed.count("/renew") == closed.count("Cấp lại đường dẫn …") == 2
    assert links_of(organiser, ready) == {} and "Hiện các đường dẫn" in organiser.get(ready)
    organiser.post(ready, 403, go="show")
    organiser.post(ready, go="show", password_again=PASSWORD)
    assert links_of(organiser, ready) == before and len(before) == 2
    noting = re.findall(r'data-note="([^"]+)"', organiser.get(ready))
    organiser.post(noting[0], 204)
    assert organiser.get(ready).count(">đã chép<") == 1
    with app.app_context():
        stored = db.session.execute(select(OneTimeLink.__table__)).all()
    assert not any(secret.encode() in bytes(str(stored), "utf-8") for secret in before.values())
    first, second = list(before)
    organiser.post(f"/campaigns/{organiser.campaign}/leaders/{first}/renew")
    after = links_of(organiser, ready)
    assert after[first] != before[first] and after[second] == before[second]
    assert ">đã chép<" not in organiser.get(ready)  # the new link was not sent
    slips = organiser.get(f"/campaigns/{organiser.campaign}/leaders/slips")
    assert all(secret in slips for secret in after.values()) and slips.count("<svg") == 2
    asked = {"secret": after[second]}
    about = organiser.client.post("/invitation/about", data=asked).json
    assert (about["teams"], about["campaigns"]) == (["Chi đoàn 3"], ["Tháng đo mạng"])
    assert about["organisations"] and about["name"] == "an@example.vn"
    accepting = asked | {"password": "đường dài mưa xa"}
    assert app.test_client().post("/api/v1/invitations/accept", json=accepting).status_code == 200
    assert organiser.client.post("/invitation/about", data=asked).status_code == 404
    assert list(links_of(organiser, ready)) == [first] and ">đã vào<" in organiser.get(ready)
    clock.now += timedelta(days=8)
    organiser.token = sign_in(organiser.client, ORGANISER)["X-CSRF-Token"]
    assert ">hết hạn<" in organiser.get(ready)
    organiser.post(ready, go="links")
    assert list(links_of(organiser, ready)) == [first]


def test_the_invitation_of_an_organiser_names_the_organisation(
    organiser: Organiser, app: Flask
) -> None:
    client = app.test_client()
    role = {"role": "organiser", "scope_id": organiser.organisation}
    sent = {"name": "moi@example.vn", "roles": [role]}
    made = client.post("/api/v1/invitations", json=sent, headers=person(app, "admin"))
    secret = made.json["link"].partition("#")[2]
    about = client.post("/invitation/about", data={"secret": secret}).json
    assert about["organises"] == ["Tỉnh Đoàn Thái Nguyên"] and about["teams"] == []
    assert "Bạn được mời tổ chức" in client.get("/invitation?lang=vi").text


def links_of(organiser: Organiser, page: str) -> dict[str, str]:
    """Return the secrets that a page shows, by the ids of the leaders."""
    shown = re.findall(r'id="message-(\d+)"[^>]*>[^<]*/invitation#(\S+)', organiser.get(page))
    return dict(shown)


def test_a_draft_saves_itself_and_belongs_to_its_person(organiser: Organiser, app: Flask) -> None:
    saved = organiser.post("/campaigns/drafts/save", 200, name="Nửa ch", areas="Xã V").json
    organiser.post(f"/campaigns/drafts/{saved['id']}/save", 200, name="Nửa chừng", areas="")
    assert "Nửa chừng" in organiser.get("/campaigns")
    assert 'value="Nửa chừng"' in organiser.get(f"/campaigns/drafts/{saved['id']}")
    account(app, "khac@example.vn", "organiser", organiser.organisation)
    other = app.test_client()
    sign_in(other, "khac@example.vn")
    assert other.get(f"/campaigns/drafts/{saved['id']}").status_code == 404
    organiser.post(f"/campaigns/drafts/{saved['id']}/remove")
    with app.app_context():
        assert db.session.scalars(select(CampaignDraft)).all() == []


def test_old_drafts_expire_with_their_contacts(organiser: Organiser, app: Flask) -> None:
    organiser.post("/campaigns/drafts/save", 200, name="Cũ", teams="Đội 1\t0912 345 678")
    execute(app, update(CampaignDraft).values(updated_at=LONG_AGO))
    organiser.post("/campaigns/drafts/save", 200, name="Mới")
    done = app.test_cli_runner().invoke(args=["privacy", "expire"])
    assert done.exit_code == 0, done.output
    with app.app_context():
        [left] = db.session.scalars(select(CampaignDraft.content))
    assert left["name"] == "Mới"


def test_the_area_is_asked_by_name_within_the_province(organiser: Organiser) -> None:
    wrong = {"19 Lào Cai": "unit_code_and_name", "Hà Nội": "unit_outside"}
    fields = {"organisation_id": organiser.organisation, "name": "A", "networks": "mobile",
              "first_day": "2025-11-20", "last_day": "2025-12-31"}  # fmt: skip
    for text in wrong:
        page = organiser.post("/campaigns/new", 200, **fields, areas=text).text
        assert 'aria-invalid="true"' in page, text
    page = organiser.post("/campaigns/new", 200, **fields, areas="Huyện Phú Lương\nXã Đồng Hỷ").text
    ticked = re.findall(r'name="areas_choice" value="([^"]+)" checked', page)
    assert "Xã Vô Tranh, Tỉnh Thái Nguyên (05521)" in ticked or len(ticked) >= 4
    assert "Xã Đồng Hỷ, Tỉnh Thái Nguyên" in page
    organiser.post("/campaigns/new", **fields, areas="Xã Đồng Hỷ", areas_choice=ticked)


def test_a_file_is_chosen_once_and_former_teams_join_only_when_chosen(
    organiser: Organiser, app: Flask
) -> None:
    former = team(app, organiser.organisation, "Đội cũ")
    left = team(app, organiser.organisation, "Đội khác")
    steps = organiser.draft()
    file = (io.BytesIO("Tên đội,Loại đội\nĐội A,Cán bộ\n".encode()), "doi.csv")
    page = organiser.post(steps, 200, file=file, former=[str(former)]).text
    assert "Đội A\t\t\t\tCán bộ" in page and f'value="{former}" checked' in page
    made = organiser.post(
        steps, teams="Đội A\t\t\t\tCán bộ", former=[str(former)], go="start"
    ).location
    teams = organiser.get(made.replace("ready", "teams"))
    assert "Đội A" in teams and "Đội cũ" in teams and "Đội khác" not in teams
    assert "Đội khác" in organiser.get(made.replace("ready", "teams/add"))
    organiser.post(made.replace("ready", "teams/add"), former=[str(left)], go="start")
    assert "Đội khác" in organiser.get(made.replace("ready", "teams"))


AGAIN = "Chi đoàn 1\nChi đoàn 2\tPhường Trưng Vương\nchi đoàn  1"


@pytest.mark.parametrize(
    ("listed", "error", "shown"),
    [
        ("Đội A\tPhường Trưng Vương\tnhiều\t0912345678",
         "Số mẫu mỗi ngày: chỉ nhập số, ví dụ 40.", "nhiều"),
        ("Đội A\tPhường Trưng Vương\t-3", "Số mẫu mỗi ngày: nhập số từ 0 trở lên", "-3"),
        ("Đội A\tPhường Trưng Vương\t40\t12", "Đội trưởng: phải là địa chỉ", "12"),
        ("Đội A\tPhường Sai Tên\t40", "Xã, phường của đội: không có xã", "Phường Sai Tên"),
        (AGAIN, "Đội: trùng với dòng 1.", "chi đoàn 1"),
        ("Đội A, Trưng Vương, Thành phố Thái Nguyên, 40", None, "40"),
    ],
)  # fmt: skip
def test_an_error_names_its_cell_and_the_line_that_the_table_shows(
    organiser: Organiser, listed: str, error: str | None, shown: str
) -> None:
    page = organiser.post(f"{organiser.draft()}?lang=vi", 200, teams=listed, go="check").text
    [table] = re.findall(r"<tbody>.*?</tbody>", page, re.DOTALL)
    assert f">{shown}<" in table
    faults = re.findall(r'class="fault">([^<]*)', table)
    assert [one.startswith(error or "-") for one in faults] == [True] * bool(error)


@pytest.mark.slow
def test_a_team_is_added_changed_led_and_ended(organiser: Organiser, app: Flask) -> None:
    campaign = organiser.started()
    board = f"/campaigns/{campaign}"
    added = organiser.post(f"{board}/teams/add", teams="Đội mới\tTrưng Vương", go="start")
    page = organiser.get(f"{added.location}?lang=vi")
    assert "Phường Trưng Vương" in page and "/do/#" in page
    organiser.post(f"{added.location}/change", name="Đội mới hơn", type="staff", version="1",
                   capacity_per_day="25")  # fmt: skip
    invited = organiser.post(f"{added.location}/leaders", contact="0987654321").location
    assert "/invitation#" in organiser.get(invited)
    page = organiser.get(added.location)
    assert "Đội mới hơn" in page and "0987 654 321" in page and "chưa gửi" in page
    code = re.findall(r'class="letters">(\w{4} \w{4})<', page)
    organiser.post(f"{added.location}/code")
    assert code == re.findall(r'class="letters">(\w{4} \w{4})<', organiser.get(added.location))
    organiser.post(f"{added.location}/code", sure="yes")
    old = {"code": code[0].replace(" ", "")}
    poster = organiser.client.post("/api/v1/join-codes/check", json=old)  # hangs on a wall
    assert (poster.status_code, poster.json["organiser"]["telephone"]) == (410, "+84912345678")
    assert code != re.findall(r'class="letters">(\w{4} \w{4})<', organiser.get(added.location))
    [ending] = re.findall(r'action="([^"]+/leaders/\d+/end)', page)
    organiser.post(ending)
    assert "0987 654 321" not in organiser.get(added.location)
    organiser.post(f"{added.location}/leave", sure="yes")
    assert "Đội mới hơn" not in organiser.get(f"{board}/teams")
    organiser.post(f"{board}/teams/add", former=[added.location.rpartition("/")[2]], go="start")
    organiser.post(f"{added.location}/end", sure="yes", version="2")
    assert "Đội mới hơn" not in organiser.get(f"{board}/teams/add")


def test_an_account_leads_a_team_without_a_link(organiser: Organiser, app: Flask) -> None:
    campaign = organiser.started()
    account(app, "co.roi@example.vn")
    with app.app_context():
        [one] = db.session.scalars(select(Team.id).where(Team.name == "Chi đoàn 2"))
    page = f"/campaigns/{campaign}/teams/{one}"
    organiser.post(f"{page}/leaders", contact="co.roi@example.vn")
    assert "co.roi@example.vn" in organiser.get(page)
    wrong = organiser.post(f"{page}/leaders", 422, contact="không phải").text
    assert field_error(wrong, "contact") and "name:" not in wrong
    with app.app_context():
        assert db.session.scalar(select(User.id).where(User.name == "không phải")) is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "PNG"),
        (b"GIF89a", "PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 100, "PNG"),
        (b"0" * 2_000_001, "2 MB"),
    ],
)
def test_a_logo_is_a_small_picture(organiser: Organiser, content: bytes, text: str) -> None:
    campaign = organiser.started()
    file = (io.BytesIO(content), "logo.png")
    page = organiser.post(f"/campaigns/{campaign}/contact?lang=vi", 422, file=file).text
    assert text in page


def test_a_poster_says_place_and_time_as_the_page_behind_it_does(
    organiser: Organiser, app: Flask, clock: FakeClock
) -> None:
    campaign = organiser.started()
    with app.app_context():
        texts = poster_texts(campaign, clock.now)
        [team, *_] = db.session.scalars(select(Team).order_by(Team.id))
        code = CodedTeam(team.id, team.name, "ABCDEFGH", None, None)
        [poster] = poster_teams([code], "https://do.example.vn/", texts.first_day)
        drawn = draw("web/setup/poster.svg", texts=texts, team=poster, qr=qr(poster.link))
    assert texts.area == "thành phố Thái Nguyên" and texts.map
    [scale] = re.findall(r'scale\(([\d.]+)\)" stroke="#ffffff"', drawn)
    assert 70 < texts.map.width * float(scale) < 78  # the area has the width beside the code
    assert (
        "đo mạng 20 giây" in drawn
        and "khoảng 20 giây" in app.test_client().get("/do/?lang=vi").text
    )


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="poppler is not installed")
def test_posters_of_all_teams_are_one_pdf(organiser: Organiser, app: Flask, tmp_path: Path) -> None:
    campaign, drawn = organiser.started(), io.BytesIO()
    Image.new("RGB", (900, 600), "#0b5a7c").save(drawn, "JPEG", comment=b"secret")
    file = (io.BytesIO(drawn.getvalue()), "logo.jpg")
    organiser.post(f"/campaigns/{campaign}/contact", file=file, telephone="0912345678")
    with app.app_context():
        [logo] = db.session.scalars(select(OrganisationLogo.png))
        codes = set(db.session.scalars(select(JoinCode.code)))
    stored = Image.open(io.BytesIO(logo))
    assert (stored.format, max(stored.size)) == ("PNG", 512) and b"secret" not in logo
    pdf = organiser.client.get(f"/campaigns/{campaign}/posters.pdf")
    assert pdf.status_code == 200 and pdf.data.startswith(b"%PDF")
    (tmp_path / "all.pdf").write_bytes(pdf.data)
    for words in (["pdftoppm", "-r", "72", "-png", "all.pdf", "page"],
                  ["pdftotext", "-layout", "all.pdf", "text"]):  # fmt: skip
        subprocess.run(words, cwd=tmp_path, check=True)
    links = {read_qr(path) for path in tmp_path.glob("page-*.png")}
    assert {link.partition("/do/#")[2] for link in links} == codes
    text = (tmp_path / "text").read_text()
    assert "0912 345 678" in text and "Quét mã" in text and "Chi đoàn 3" in text


def test_an_old_campaign_has_posters_only_of_teams_that_take_part(
    organiser: Organiser, app: Flask
) -> None:
    campaign = organiser.started()
    with app.app_context():
        [one] = db.session.scalars(select(Team.id).where(Team.name == "Chi đoàn 1"))
    organiser.post(f"/campaigns/{campaign}/teams/{one}/leave", sure="yes")
    printed = f"/campaigns/{campaign}/posters.pdf?team={one}"
    assert organiser.client.get(printed).status_code == 404
    take_part(app, campaign, one)
    assert organiser.client.get(printed).status_code == 200
    app.config["OPERATOR_NAME"] = ""  # a poster names the controller of the data
    for page in ("ready", f"teams/{one}"):
        shown = organiser.get(f"/campaigns/{campaign}/{page}?lang=vi")
        assert "máy chủ chưa khai báo đơn vị vận hành" in shown and "posters.pdf" not in shown
        assert "OPERATOR_NAME" not in shown
    refused = organiser.client.get(printed)
    assert refused.status_code == 409 and "chưa khai báo đơn vị vận hành" in refused.text


def test_teams_without_a_code_get_them_at_once(organiser: Organiser, app: Flask) -> None:
    campaign = organiser.started()
    team_id = team(app, organiser.organisation, "Đội không mã")
    with app.app_context():
        volunteer = Volunteer()
        db.session.add(volunteer)
        db.session.flush()
        joined = {"campaign_id": campaign, "team_id": team_id, "period": Range(LONG_AGO, None)}
        db.session.add(Membership(volunteer_id=volunteer.id, **joined))
        db.session.commit()
    ready, page = f"/campaigns/{campaign}/ready", f"/campaigns/{campaign}/teams/{team_id}"
    assert "1 đội chưa có mã" in organiser.get(ready) and "Tạo mã" in organiser.get(page)
    organiser.post(ready, go="codes")
    assert "chưa có mã" not in organiser.get(ready)
    assert "Đội chưa có mã tham gia." not in organiser.get(page)
    with app.app_context():
        db.session.execute(update(JoinCode).values(revoked_at=LONG_AGO))
        db.session.execute(update(Campaign).values(state="closed"))
        db.session.commit()
    assert "Tạo mã" not in organiser.get(page) and "chưa có mã nên" not in organiser.get(ready)
    assert "In tất cả áp phích" not in organiser.get(f"/campaigns/{campaign}/teams")
    organiser.post(ready, go="codes")
    with app.app_context():
        assert not db.session.scalars(select(JoinCode).where(JoinCode.revoked_at.is_(None))).all()


@pytest.mark.parametrize(
    ("stored", "shown"),
    [("+84912345678", "0912 345 678"), ("+842438251234", "02438 251 234"), ("+6591234567",) * 2],
)
def test_a_telephone_number_is_read_aloud(stored: str, shown: str) -> None:
    assert format_phone(stored) == shown


def test_lines_without_a_header_are_read_by_their_content() -> None:
    [one, two] = read_text("1\tĐội A\t40\tXã Vô Tranh\t0912 345 678\n2\tĐội B")
    assert (one.name, one.home_commune, one.capacity_per_day) == ("Đội A", "Xã Vô Tranh", "40")
    assert (one.leader, two.name) == ("0912 345 678", "Đội B")
    [three] = read_text("Đội C, Xã Vô Tranh, Thái Nguyên")
    assert three.home_commune == "Xã Vô Tranh, Thái Nguyên"
    [four] = read_text(
        "Đội D\tXã Vô Tranh\t-3\tsai@"
    )  # wrong, and not a part of the commune's name
    assert (four.home_commune, four.capacity_per_day, four.leader) == ("Xã Vô Tranh", "-3", "sai@")
