"""Units before and after the reform of July 2025, on their pages."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.statistics import release
from tests.support.clock import FakeClock
from tests.support.counts import count
from tests.support.measurements import measurement_row, members, store_rows
from tests.support.people import unit_id

DU, PHU_LUONG = "05611", "05611"  # Thị trấn Đu of 2024, and Xã Phú Lương of 2025
OLD_DISTRICT = "168"  # Huyện Phú Lương


@pytest.fixture
def today(clock: FakeClock) -> None:
    clock.now = datetime(2026, 11, 27, 5, tzinfo=UTC)


def words(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_commune_says_what_it_was_made_of(app: Flask, client: FlaskClient, today: None) -> None:
    count(app, PHU_LUONG, 5, "2026-10")
    page = words(client, f"/unit/{PHU_LUONG}?month=2026-10")
    assert "Từ 01/7/2025, hình thành từ:" in page and 'href="/reform/2024/05611"' in page
    # The month before the reform leads to a choice of the former units.
    count(app, DU, 7, "2024-11")
    page = words(client, f"/unit/{PHU_LUONG}?month=2026-10")
    assert "/reform/2025/05611?month=2024-11" in page


def test_a_former_month_is_a_choice_of_predecessors(
    app: Flask, client: FlaskClient, today: None
) -> None:
    count(app, DU, 7, "2024-11")
    page = words(client, f"/reform/2025/{PHU_LUONG}?month=2024-11")
    assert "4 đơn vị cũ. Hãy chọn đơn vị cần xem số liệu." in page
    assert "Thị trấn Đu" in page and 'href="/unit/05611?month=2024-11&amp;network=mobile"' in page
    # The code is another unit's in that month: its page says so and offers the same choice.
    page = words(client, "/unit/05611?month=2024-11")
    assert "Đơn vị cũ, đến hết ngày 30/6/2025." in page
    assert "Xã Phú Lương hình thành từ 4 đơn vị cũ" in page
    assert page.count('<strong aria-current="page">Thị trấn Đu</strong>') == 1


@pytest.mark.slow
def test_a_district_leads_to_its_communes_and_their_speeds(
    app: Flask, client: FlaskClient, today: None
) -> None:
    unit, ids = unit_id(app, PHU_LUONG, "2025"), members(app, 24)
    for n in range(48):
        at = datetime(2026, 10, 1 + n % 20, 3, n, tzinfo=UTC)
        row = measurement_row(unit, at, download_mbps=20.0 + n, device_id=ids[n % 24])
        store_rows(app, row | {"assurance": "witnessed"})
    before = words(client, f"/reform/2024/{OLD_DISTRICT}")
    assert "Địa bàn cũ nay thuộc 4 đơn vị." in before and "48 / 300" in before
    assert "43,5 Mbps" not in before  # speeds are those of the release
    assert "Tốc độ sẽ có từ lần công bố tháng đầu tiên." in before
    with app.app_context():
        assert release.make("2026-10", datetime(2026, 11, 16, 5, tzinfo=UTC))
    after = words(client, f"/reform/2024/{OLD_DISTRICT}")
    assert "43,5 Mbps" in after and "bản công bố tháng 10/2026" in after
    assert "Thị trấn Đu" in after  # what Xã Phú Lương took over of the district


def test_figures_that_wait_for_approval_are_not_shown(
    app: Flask, client: FlaskClient, today: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    count(app, PHU_LUONG, 40, "2026-10")
    assert "40 / 300" in words(client, f"/reform/2024/{OLD_DISTRICT}?month=2026-10")
    monkeypatch.setitem(app.config, "PUBLISH", "after_approval")
    assert "40 / 300" not in words(client, f"/reform/2024/{OLD_DISTRICT}?month=2026-10")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/reform/2024/99999", 404), ("/reform/2023/168", 404), ("/reform/2024/%00", 404),
        ("/reform/2024/168?month=2030-01", 422), ("/reform/2025/19", 200),
        ("/reform/2024/168?month=2024-11", 200), ("/reform/2024/318", 200),
    ],
)  # fmt: skip
def test_addresses_of_units(client: FlaskClient, today: None, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_a_search_leads_to_what_became_of_a_unit(client: FlaskClient, today: None) -> None:
    def leads(text: str) -> str:
        answer = client.get("/search", query_string={"q": text})
        return answer.headers["Location"] if answer.status_code == 302 else ""

    assert leads("tt du, huyen phu luong") == f"/unit/{PHU_LUONG}"
    assert leads("huyen phu luong") == f"/reform/2024/{OLD_DISTRICT}"
    page = words(client, "/search?q=tp+hcm")
    assert page.index("Thành phố Hồ Chí Minh") < page.index("Phường An Đông")
