"""GET /units/{code}/successors and /predecessors: the way across the reform of July 2025."""

import pytest
from flask.testing import FlaskClient


def get(client: FlaskClient, path: str) -> tuple[int, dict]:
    answer = client.get(f"/api/v1/units/{path}")
    return answer.status_code, answer.get_json(force=True)


def test_a_commune_has_its_successor(client: FlaskClient) -> None:
    status, old = get(client, "05443/successors")
    assert status == 200
    assert (old["code"], old["name"], old["system"]) == ("05443", "Phường Trưng Vương", "2024")
    assert old["items"] == [
        {
            "code": "05443",
            "name": "Phường Phan Đình Phùng",
            "province": "Tỉnh Thái Nguyên",
            "relation": "full",
        }
    ]


def test_the_two_ways_agree(client: FlaskClient) -> None:
    new = get(client, "05443/predecessors")[1]
    assert (new["name"], new["system"]) == ("Phường Phan Đình Phùng", "2025")
    assert len(new["items"]) > 1
    for old in new["items"]:
        successors = get(client, f"{old['code']}/successors")[1]["items"]
        assert "05443" in [one["code"] for one in successors]
        assert old["relation"] == ("full" if len(successors) == 1 else "partial")


@pytest.mark.parametrize(
    "path", ["99999/successors", "99999/predecessors", "19/successors", "0%005443/predecessors"]
)
def test_an_unknown_commune_is_404(client: FlaskClient, path: str) -> None:
    status, problem = get(client, path)
    assert (status, problem["code"]) == (404, "unit_unknown")
