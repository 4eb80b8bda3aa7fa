"""The first page and the API's page, as a browser without scripts gets them."""

import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.database.extensions import db
from backend.devices.consent import CURRENT
from backend.i18n.formats import number
from backend.measurements.recording.models import DemoMonth, Measurement
from backend.units.models import Unit
from backend.web.public import service
from tests.support.clock import FakeClock
from tests.support.daily_counts import add_counts, count
from tests.support.devices import bearer, register, sample
from tests.support.live_server import serving_app
from tests.support.requirements import counting_from

ROOT = Path(__file__).parents[4]
THAI_NGUYEN = "/unit/19?month=2024-11"


class Read(HTMLParser):
    """What matters of a page: its tags with their attributes, and what a person reads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data + " "


def read(client: FlaskClient, path: str, **headers: str) -> Read:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return Read(answer.text)


def fill(
    app: Flask,
    n: int,
    month: str = "2024-11",
    category: str = "counted",
    units: int = 1,
    after: int = 0,
) -> None:
    """Count n samples in each of some communes of Thái Nguyên, the first ones by code."""
    with app.app_context():
        province = select(Unit.id).where(Unit.level == "province", Unit.code == "19")
        query = select(Unit.id).where(
            Unit.level == "commune", Unit.province_id.in_(province), Unit.system == "2024"
        )
        for unit in db.session.scalars(query.order_by(Unit.code).offset(after).limit(units)).all():
            row = {"unit_id": unit, "network": "mobile", "category": category, "n": n}
            add_counts([{**row, "day": date.fromisoformat(f"{month}-01")}])
        db.session.commit()


@pytest.mark.parametrize(
    "path", ["/", THAI_NGUYEN, "/unit/19/widget?month=2024-11", "/do/", "/seal"]
)
def test_every_page_says_that_claims_count(app: Flask, client: FlaskClient, path: str) -> None:
    note = "Hệ thống này tính cả mẫu do điện thoại tự báo, không cần máy chủ đo xác nhận."
    with counting_from(app, "claimed"):
        assert note in client.get(path).text
    for counts_from in ("ticketed", "witnessed"):
        with counting_from(app, counts_from):
            assert note not in client.get(path).text


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", THAI_NGUYEN, "/docs"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_in_both_languages(client: FlaskClient, path: str, language: str) -> None:
    by_browser = client.get(path, headers={"Accept-Language": language})
    by_link = client.get(f"{path}{'&' if '?' in path else '?'}lang={language}")
    for answer in (by_browser, by_link):
        assert answer.status_code == 200
        assert f'<html lang="{language}">' in answer.text
        assert answer.headers["Content-Language"] == language
        assert "Accept-Language" in answer.headers["Vary"]


def test_vietnamese_unless_asked_otherwise(client: FlaskClient) -> None:
    assert ("html", {"lang": "vi"}) in read(client, "/").tags
    assert ("html", {"lang": "vi"}) in read(client, "/", **{"Accept-Language": "fr, de"}).tags


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", THAI_NGUYEN, "/docs"])
def test_nothing_inline_and_nothing_from_elsewhere(
    app: Flask, client: FlaskClient, path: str
) -> None:
    fill(app, 3)
    policy = client.get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert "script-src 'self'" in policy
    for tag, attributes in read(client, path).tags:
        assert tag != "style"
        assert tag != "script" or attributes["src"]
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        if attributes.get("rel") == "canonical":  # an address, which nothing loads
            continue
        for name in ("src", "href"):
            assert (attributes.get(name) or "/").startswith(("/", "#")), attributes


def test_what_a_page_loads_is_there(client: FlaskClient) -> None:
    wanted = {
        str(attributes.get("src") or attributes.get("href"))
        for tag, attributes in read(client, "/docs").tags
        if tag in ("script", "img", "link")
    }
    style = (ROOT / "backend/static/style.css").read_text()
    wanted |= {"/static/" + url for url in re.findall(r'url\("([^"]+)"\)', style)}
    assert len(wanted) >= 6
    for path in wanted:
        with client.get(path) as answer:
            assert answer.status_code == 200, path


@pytest.mark.parametrize("place", ["backend/static/vendor", "tests/browser/vendor"])
def test_vendored_files_are_as_recorded(place: str) -> None:
    folder = ROOT / place
    record = (folder / "VENDORED.md").read_text()
    listed = dict(re.findall(r"\| (\S+) \| `([0-9a-f]{64})` \|", record))
    found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    del found["VENDORED.md"]
    assert {name: sha256(path.read_bytes()).hexdigest() for name, path in found.items()} == listed


@pytest.mark.slow
def test_the_page_shows_coverage_s_figures_and_no_other(app: Flask, client: FlaskClient) -> None:
    fill(app, 1234, units=2)
    fill(app, 299, category="repeat", units=3)
    query = "/api/v1/coverage?month=2024-11&parent=19&level=commune&network=mobile"
    summary = client.get(query).get_json()["summary"]
    words = read(client, THAI_NGUYEN).words
    for name in ("received", "valid", "counted"):
        assert number(summary[name], "vi") in words
    assert "2 trên 172 xã, phường đạt 300 mẫu" in words
    assert number(summary["share"] * 100, "vi", 2) == "1,16" and "1,16%" in words
    assert "theo số liệu Đo Sóng" in words
    assert "2.468" in words and "2,468" in read(client, THAI_NGUYEN + "&lang=en").words
    assert "Máy này đã có mẫu được tính ở gần đây trong 4 giờ qua." in words


def test_who_lacks_most_stands_first(app: Flask, client: FlaskClient) -> None:
    fill(app, 150)
    fill(app, 149, after=1)
    fill(app, 300, after=2, category="counted_by_admin")
    words = read(client, THAI_NGUYEN).words
    # A commune without samples lacks most; the rest of a long list is folded.
    groups = ("Xem cả 171 đơn vị", " 151 ", "150 150 150 150", "Đã đạt mục tiêu")
    order = [words.index("Còn thiếu mẫu"), *(words.rindex(text) for text in groups)]
    assert order == sorted(order)
    assert "300 mẫu nhập từ tệp theo quyết định của quản trị viên" in words


def test_the_end_of_a_long_list_is_folded(app: Flask, client: FlaskClient) -> None:
    fill(app, 5, units=40)
    page = read(client, THAI_NGUYEN)
    assert page.words.count("Xem cả 172 đơn vị") == 1
    [folded] = [
        attributes for tag, attributes in page.tags if attributes.get("class") == "opens rest"
    ]
    assert "open" not in folded
    rows = [attributes for tag, attributes in page.tags if attributes.get("scope") == "row"]
    assert len(rows) >= 172  # all are in the page, for its search


@pytest.mark.parametrize("path", [THAI_NGUYEN, "/unit/19/widget?month=2024-11"])
def test_a_province_reached_the_target_when_all_its_communes_did(
    app: Flask, client: FlaskClient, path: str
) -> None:
    fill(app, 320, units=2)  # 640 samples: more than the target of the province itself
    some = read(client, path).words
    assert "2 trên 172 xã, phường đạt 300 mẫu" in some and "Tổng cộng 640 mẫu." in some
    assert "✓ Đạt" not in some.partition("Tổng cộng")[0]
    fill(app, 300, units=170, after=2)
    assert "172 trên 172 xã, phường đạt 300 mẫu ✓ Đạt" in read(client, path).words


def test_the_previous_month_of_a_running_one_ends_on_the_same_day(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = datetime(2024, 11, 20, 12, tzinfo=UTC)
    count(app, "05443", ("2024-10-05", 3), ("2024-10-30", 4), ("2024-11-01", 5))
    words = read(client, "/unit/05443?month=2024-11").words
    assert "Tháng trước, tính đến cùng ngày: 3 mẫu." in words
    assert "Tháng trước: " not in words
    clock.now = datetime(2024, 12, 20, 12, tzinfo=UTC)
    assert "Tháng trước: 7 mẫu." in read(client, "/unit/05443?month=2024-11").words


def test_months_before_the_first_sample_of_a_server_are_no_zeros(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = datetime(2024, 12, 20, 12, tzinfo=UTC)
    count(app, "05443", ("2024-10-30", 4), ("2024-12-01", 5))
    page = client.get("/unit/05443?month=2024-12").text
    bars = re.findall(r'class="tip" aria-hidden="true">([^<]+): <b>(\d+)</b>', page)
    assert bars == [("10/2024", "4"), ("11/2024", "0"), ("12/2024", "5")]
    assert "Tháng trước" in page
    count(app, "05446", ("2024-12-02", 6))  # its first month: the server is older
    assert "Mười hai tháng" not in read(client, "/unit/05446?month=2024-12").words
    first = read(client, "/unit/05443?month=2024-10").words
    assert "Mười hai tháng" not in first and "Tháng trước:" not in first


@pytest.mark.slow
def test_the_counted_number_has_its_parts(app: Flask, client: FlaskClient) -> None:
    path = f"{THAI_NGUYEN}&lang="
    fill(app, 40)
    assert "Tất cả là mẫu chỉ do điện thoại báo." in read(client, f"{path}vi").words
    assert "All reported by the phone alone." in read(client, f"{path}en").words
    fill(app, 1234, category="counted_witnessed")
    fill(app, 5, after=1, category="counted_ticketed")
    words = read(client, f"{path}vi").words
    assert (
        "Trong đó: 1.234 mẫu được máy chủ đo xác nhận; 5 mẫu đo với máy chủ đã đăng ký, không ký"
        " xác nhận; 40 mẫu chỉ do điện thoại báo." in words
    )
    assert "nhập từ tệp" not in words and "rút lại sự đồng ý" not in words
    assert "Of these: 1,234 confirmed by the measuring host" in read(client, f"{path}en").words


@pytest.mark.slow
def test_from_the_country_to_a_province_to_its_communes(app: Flask, client: FlaskClient) -> None:
    fill(app, 300)
    country = read(client, "/?month=2024-11")
    links = [str(attributes.get("href")) for tag, attributes in country.tags if tag == "a"]
    province = next(link for link in links if link.startswith("/unit/19?"))
    assert "1 / 172" in country.words
    assert "1 trên 172 xã, phường" in read(client, province).words
    districts = read(client, "/unit/19?month=2024-11&level=district").words
    assert "Nơi còn xã, phường thiếu mẫu" in districts


def test_a_post_shows_on_the_page(client: FlaskClient, clock: FakeClock) -> None:
    phone = register(client)
    body = sample(clock.now - timedelta(minutes=1))
    answer = client.post("/api/v1/measurements", json=body, headers=bearer(phone["token"]))
    assert answer.status_code == 201
    assert answer.get_json()["unit"]["name"] in read(client, "/unit/19?month=2024-11").words


def test_without_a_month_the_newest_with_data(app: Flask, client: FlaskClient) -> None:
    assert "Tháng 11/2024" in read(client, "/").words
    fill(app, 5, "2024-08")
    fill(app, 0, "2024-10")
    fill(app, 5, "2025-02")  # after this test's today: a phone's clock was wrong
    words = read(client, "/").words
    assert "Cả nước · Tháng 08/2024" in words and "02/2025" not in words
    with app.app_context():
        row = {"unit_id": None, "network": "mobile", "category": "counted", "n": 1}
        add_counts([{**row, "day": date(2024, 9, 3)}])
        db.session.commit()
    assert "Cả nước · Tháng 09/2024" in read(client, "/").words


def test_a_month_without_samples_says_how_to_send_one(client: FlaskClient) -> None:
    page = read(client, "/?month=2024-10")
    assert "Tháng này chưa có mẫu nào" in page.words
    assert "http://localhost/api/v1" in page.words
    assert "./scripts/serve --demo" in page.words
    assert f'"version": "{CURRENT}"' in page.words
    assert any(attributes.get("href") == "/do/" for tag, attributes in page.tags if tag == "a")


def test_no_target_before_the_letter(app: Flask, client: FlaskClient) -> None:
    fill(app, 500, "2024-10")
    words = read(client, "/unit/19?month=2024-10").words
    assert "Tháng này chưa có mục tiêu" in words
    assert "đạt 300 mẫu" not in words


@pytest.mark.slow
def test_a_demo_month_says_so(app: Flask, client: FlaskClient) -> None:
    assert "Số liệu minh họa." not in read(client, THAI_NGUYEN).words
    spread = [f"/unit/19/{one}?month=2024-11&lang=vi" for one in ("widget", "picture.png")]
    widget, picture = (client.get(path).data for path in spread)
    with app.app_context():
        db.session.add(DemoMonth(month="2024-11"))
        db.session.commit()
    assert "Số liệu minh họa." in read(client, THAI_NGUYEN).words
    mark = "SỐ LIỆU MINH HỌA".encode()
    assert mark in client.get(spread[0]).data and mark not in widget
    assert client.get(spread[1]).data != picture
    assert "Số liệu minh họa." not in read(client, "/?month=2024-10").words


@pytest.mark.parametrize(
    ("quality", "said"),
    [
        ("approximate", "Ranh giới gần đúng."),
        ("derived", "Ranh giới dựng lại."),
        (None, "Chưa có ranh giới"),
        ("published", None),
    ],
)
def test_what_the_boundaries_are_worth(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, quality: str | None, said: str | None
) -> None:
    coverage = service.coverage

    def with_quality(*asked: Any) -> dict[str, Any]:
        return coverage(*asked) | {"boundaries": {"set": quality, "quality": quality}}

    if quality != "approximate":
        monkeypatch.setattr(service, "coverage", with_quality)
    words = read(client, THAI_NGUYEN).words
    shown = [
        t for t in ("Ranh giới gần đúng.", "Ranh giới dựng lại.", "Chưa có ranh giới") if t in words
    ]
    assert shown == ([said] if said else [])


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/?month=2024-13", 422, "Tháng không đúng, ví dụ 10/2026."),
        ("/unit/19?month=2024-12", 422, "Tháng này chưa đến."),
        ("/?network=5g", 422, "Mạng: không phải giá trị được phép."),
        ("/unit/19?lang=fr", 422, "Không phải giá trị được phép."),
        ("/unit/zz", 404, "Không có đơn vị này vào ngày đó."),
        ("/search?q=%00", 422, "Có ký tự NUL."),
    ],
)
def test_a_wrong_address_is_explained(
    client: FlaskClient, path: str, status: int, message: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert message in answer.text


def test_no_district_after_the_reform(client: FlaskClient, clock: FakeClock) -> None:
    clock.now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert client.get("/?month=2026-10&level=district").status_code == 422
    words = read(client, "/?month=2026-10").words
    assert "trên 3.321 xã, phường" in words and "Quận, huyện" not in words


def test_what_others_append_to_a_link_is_passed_over(client: FlaskClient) -> None:
    page = read(client, "/?month=2024-11&_external=1&_scheme=javascript&endpoint=x&utm_source=zalo")
    links = [str(attributes["href"]) for tag, attributes in page.tags if tag == "a"]
    assert not [link for link in links if "javascript" in link or "zalo" in link]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_readmes_lines_measure_and_count(app: Flask, tmp_path: Path) -> None:
    lines = readme_lines("README.md")
    assert lines == readme_lines("README.vi.md") and len(lines) == 3
    with counting_from(app, "witnessed"), serving_app(app) as url:
        script = "\n".join(lines).replace("http://127.0.0.1:8000", url)
        script = script.replace("var/phone.json", str(tmp_path / "phone.json"))
        ran = subprocess.run(
            ["sh", "-ec", script], input="yes\n", capture_output=True, text=True, timeout=60
        )
    assert ran.returncode == 0, ran.stderr
    for part in ('"outcome": "accepted"', '"counted": true', '"assurance": "witnessed"'):
        assert part in ran.stdout
    assert '"summary":' in ran.stdout
    with app.app_context():
        [row] = db.session.scalars(select(Measurement))
    assert (row.counted, row.assurance) == (True, "witnessed")


def readme_lines(name: str) -> list[str]:
    """Return the commands of the README's API part, without comments."""
    [block] = re.findall(r"```sh\n(URL=.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
    return [line for line in block.splitlines() if not line.startswith("#")]


def test_search_engines_find_one_address_of_a_unit(client: FlaskClient) -> None:
    rules = client.get("/robots.txt", buffered=True)
    assert rules.mimetype == "text/plain" and "Disallow: /api/" in rules.text
    for month, address in (
        ("2024-11", "http://localhost/unit/19?network=mobile"),
        ("2024-10", "http://localhost/unit/19?network=mobile&month=2024-10"),
    ):
        page = read(client, f"/unit/19?month={month}")
        [link] = [one for tag, one in page.tags if tag == "link" and one["rel"] == "canonical"]
        assert link["href"] == address
