"""A month of phones that differ: one commune with many of them, eleven with few."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from flask import Flask
from sqlalchemy import select

from backend.coverage.statistics import refresh
from backend.database.extensions import db
from backend.units.models import Unit
from tests.support.measurements import NINE, make_release, measurement_row, phones, store_rows

HERE, PROVINCE = "05443", "19"
OPERATORS = (("Viettel", 1.0, 50), ("VinaPhone", 1.05, 30), ("Vietnamobile", 0.2, 30))


def rows_of(
    unit: int, ids: list[UUID], each: int, rng: np.random.Generator, operator: str, ratio: float
) -> list[dict[str, Any]]:
    """Return samples of phones that differ from one another, on several days."""
    speeds = 60 * ratio * rng.lognormal(0, 0.5, len(ids))
    return [
        measurement_row(
            unit, NINE + timedelta(hours=12 * at), device_id=one, operator=operator,
            download_mbps=float(speed * rng.lognormal(0, 0.6)), upload_mbps=float(speed / 4),
            ping_ms=(wait := float(rng.lognormal(3, 0.4))), ping_download_ms=3 * wait,
        )
        for one, speed in zip(ids, speeds, strict=True)
        for at in range(each)
    ]  # fmt: skip


def uneven_month(app: Flask, *, released: bool = True) -> None:
    """Store a commune with 110 phones, and eleven with three phones of 30 samples each."""
    rng = np.random.default_rng(4)
    with app.app_context():
        province = select(Unit.id).where(Unit.code == PROVINCE, Unit.level == "province")
        query = select(Unit.id, Unit.code).where(
            Unit.level == "commune", Unit.system == "2024", Unit.province_id.in_(province)
        )
        units = {row.code: row.id for row in db.session.execute(query.order_by(Unit.code))}
    rows = []
    for operator, ratio, number in OPERATORS:
        rows += rows_of(units[HERE], phones(app, number), 4, rng, operator, ratio)
    for code in [code for code in units if code != HERE][:11]:
        rows += rows_of(units[code], phones(app, 6), 15, rng, "Viettel", 1.0)
    store_rows(app, *rows)
    with app.app_context():
        refresh.refresh(NINE)
    if released:
        make_release(app)
