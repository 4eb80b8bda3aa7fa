"""The map of signals on the page of a commune, by operator and technology."""

import re

from flask import Flask
from flask.testing import FlaskClient

from tests.support.measurements import make_release
from tests.support.radio import COMMUNE, recorded

PAGE = f"/unit/{COMMUNE}?month=2024-11&lang=en"


def section(client: FlaskClient, **query: str) -> str:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    found = re.search(r'<section class="panel" aria-labelledby="radio">.*?</section>',
                      client.get(PAGE + more).text, re.DOTALL)  # fmt: skip
    return found[0] if found else ""


def test_the_page_shows_released_cells_in_words_and_numbers(
    app: Flask, client: FlaskClient
) -> None:
    recorded(app, *([-97, -101] for _ in range(5)))
    assert section(client) == ""
    make_release(app)
    shown = section(client)
    assert "Signal of the networks on volunteers&#39; ways" in shown
    assert 'aria-current="true">Viettel · 4G</a>' in shown
    assert "fair: -101 dBm (best -97), 5 phones" in shown
    assert re.search(r"fair, from -105: <strong>1 cell</strong>", shown)
    assert re.search(r"no service: <strong>0 cells</strong>", shown)
    assert ">-101</text>" in shown and "format=geojson" in shown


def test_the_operator_and_technology_are_chosen_by_links(app: Flask, client: FlaskClient) -> None:
    recorded(app, *([-97, None] for _ in range(5)))
    recorded(app, *([-80] for _ in range(5)), operator="VinaPhone", technology="5G", mode="SA")
    recorded(app, *([-90] for _ in range(5)), operator=None)
    make_release(app)
    shown = section(client)
    links = re.findall(r'href="([^"]+)#radio"', shown.partition("<details")[0])
    assert len(links) == 4 and "Unknown operator · 4G" in shown
    none = section(client, radio="Viettel-none")
    assert 'aria-current="true">Viettel · no service</a>' in none and ">×</text>" in none
    fast = section(client, radio="VinaPhone-5G")
    assert "strong: -80 dBm" in fast and 'aria-current="true">VinaPhone · 5G</a>' in fast
    assert section(client, radio="x") == shown  # an unknown choice shows the first
