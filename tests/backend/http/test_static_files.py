"""The files of pages: kept for ever under an address that names their edition."""

import re

import pytest
from flask.testing import FlaskClient

from backend.http.static_files import FOLDER, current_edition

EDITION = current_edition()


def test_pages_name_files_by_their_edition(client: FlaskClient) -> None:
    page = client.get("/").text
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(named) > 5
    assert all(one.startswith(f"/static/{EDITION}/") for one in named)


@pytest.mark.parametrize("name", ["style.css", "do/app.js", "vendor/maplibre/maplibre-gl.mjs"])
def test_what_has_an_edition_is_kept_for_ever(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/static/{EDITION}/{name}", buffered=True)
    assert answer.data == (FOLDER / name).read_bytes()
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    again = {"If-None-Match": answer.headers["ETag"]}
    with client.get(f"/static/{EDITION}/{name}", headers=again) as known:
        assert known.status_code == 304


@pytest.mark.parametrize("place", ["", f"{EDITION[::-1]}/"])
def test_what_names_another_edition_or_none_is_asked_for_again(
    client: FlaskClient, place: str
) -> None:
    answer = client.get(f"/static/{place}style.css", buffered=True)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["none.css", "../app.py", "%2e%2e/app.py", "do", ""])
def test_nothing_else_is_given(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{EDITION}/{name}").status_code == 404


def test_scripts_load_by_addresses_relative_to_their_own() -> None:
    """An address from the root would leave the edition."""
    for path in [*FOLDER.glob("*.*s"), *FOLDER.glob("do/*.*s")]:
        assert not re.search(r'["(]/static/', path.read_text(encoding="utf-8")), path.name
