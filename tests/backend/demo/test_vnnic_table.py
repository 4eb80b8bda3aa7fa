"""VNNIC's table of the demo: read like a real one, and gone with the demo."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.database.extensions import db
from backend.demo.service import remove
from backend.demo.users import demo_official, make_users
from backend.demo.vnnic_table import RESIDENTS, SHARE_PERCENT, TOO_FEW, add_table
from tests.support import people

NOW = datetime(2025, 2, 10, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def later(clock: Any) -> None:
    clock.now = NOW


def test_the_table_counts_to_yesterday_and_goes_with_the_demo(
    app: Flask, client: FlaskClient
) -> None:
    people.unit_id(app, "19", level="province")
    organisation = people.organisation(app)
    people.team(app, organisation)
    campaign = people.campaign(app, organisation)
    with app.app_context():
        of_demo = text("update campaigns set demo = true where id = :it")
        db.session.execute(of_demo, {"it": campaign})
        db.session.execute(text("insert into demo_months (month) values ('2025-02')"))
        make_users(NOW)
        communes = db.session.execute(
            text("""
            select u.id from units u join units p on p.id = u.province_id
            where p.code = '19' and u.level = 'commune' and u.valid_to is not null
            order by u.code limit 2
            """)
        ).scalars()
        for unit_id, counted in zip(communes, (100, 42), strict=True):
            row = {"unit": unit_id, "counted": counted}
            db.session.execute(COUNTED, row)
        db.session.commit()
        add_table(demo_official(), NOW)
        rows = db.session.execute(
            text("""
            select u.code, v.samples, v.day, v.draft, d.counted
            from vnnic_counts v join units u on u.id = v.unit_id
                left join unit_days d on d.unit_id = u.id and d.month = v.month
            """)
        ).all()
        assert {(f"{row.day}", row.draft) for row in rows} == {("2025-02-09", False)}
        by_residents = {row.code: int(row.code) * 37 % RESIDENTS for row in rows}
        measured = [row for row in rows if row.counted]
        assert len(measured) == 2
        for row in rows:
            samples = by_residents[row.code] + (row.counted or 0) * SHARE_PERCENT // 100
            assert row.samples == (samples if samples >= TOO_FEW else None)
        assert {row.samples is None for row in rows} == {True, False}
        # A month without demo samples has a table of others.
        other = text("update vnnic_counts set month = '2024-12' where samples is not null")
        db.session.execute(other)
        db.session.commit()
        remove(lambda done, of: None)
        left = db.session.execute(text("select month from vnnic_counts")).scalars().all()
        assert set(left) == {"2024-12"}


COUNTED = text("""
    insert into unit_days (unit_id, month, day, network, received, valid, counted)
    values (:unit, '2025-02', date '2025-02-03', 'mobile', :counted, :counted, :counted)
""")
