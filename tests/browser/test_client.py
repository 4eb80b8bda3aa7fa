"""docs/clients/measure.mjs in a browser: the reference client in JavaScript."""

from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Page

from backend.database.extensions import db
from backend.measurements.recording.models import Measurement

CLIENT = Path(__file__).parents[2] / "docs" / "clients" / "measure.mjs"
MEASURE = """async ({ profile, agreed }) => {
    const client = await import("/measure.mjs");
    const state = await client.register("", () => agreed);
    if (!state) return null;
    const location = { latitude: 21.5942, longitude: 105.8482, accuracy_m: 12 };
    const network = { kind: "mobile", mcc: "452", mnc: "04" };
    await client.measure("", state, { location, network, profile });
    const saved = [];
    const answers = await client.post("", state, (now) => saved.push(now.unsent.length));
    return { answers, saved };
}"""


def run(page: Page, served: str, **options: Any) -> Any:
    page.route(
        f"{served}/measure.mjs",
        lambda route: route.fulfill(path=CLIENT, content_type="text/javascript"),
    )
    page.goto("/")
    return page.evaluate(MEASURE, {"profile": "small", "agreed": True, **options})


def test_its_sample_is_witnessed_and_counts(app: Flask, served: str, page: Page) -> None:
    done = run(page, served)
    [answer] = done["answers"]
    assert (answer["outcome"], answer["assurance"]) == ("accepted", "witnessed")
    assert answer["counted"] is True
    assert done["saved"] == [0]
    with app.app_context():
        [row] = db.session.query(Measurement).all()
    assert row.download_mbps and row.upload_mbps and row.ping_ms


def test_without_consent_it_sends_nothing(app: Flask, served: str, page: Page) -> None:
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    assert run(page, served, agreed=False) is None
    assert "POST" not in sent
