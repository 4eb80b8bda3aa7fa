"""/campaigns/N/corrections: what was corrected so far."""

import re
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.memberships.models import Correction
from tests.support.people import account, sign_in
from tests.support.plans import HERE, Cast

NAME = "ban@example.vn"


def test_one_correction_is_one_row_whatever_it_moved(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, HERE)
    one, other = cast.team("Đội Một"), cast.team("Đội Hai")
    account(app, NAME, "organiser", cast.organisation)
    for reason, moved in (("Đo hộ", (one, one, None)), ("Nhầm đội", (one,))):
        with app.app_context():
            db.session.add_all(
                Correction(campaign_id=cast.campaign, measurement_id=uuid4(), before_team_id=team,
                           team_id=other, reason=reason)
                for team in moved
            )  # fmt: skip
            db.session.commit()
    sign_in(client, NAME)
    page = client.get(f"/campaigns/{cast.campaign}/corrections?lang=vi").text
    rows = re.findall(r'<tr><th scope="row">(.*?) <small>.*?</th>\s*(.*?)</tr>', page, re.DOTALL)
    assert [(why, re.findall(r"<td[^>]*>(.*?)</td>", row)[:3]) for why, row in rows] == [
        ("Nhầm đội", ["Đội Một", "Đội Hai", "1"]),
        ("Đo hộ", ["Đội Một, (không đội nào)", "Đội Hai", "3"]),
    ]
