"""Boundary sets for tests, made of the built-in cells instead of official polygons."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from flask import Flask
from geopandas import GeoDataFrame
from sqlalchemy import create_engine, func, select, text

from backend.database.extensions import db
from backend.units.models import Unit
from geo import approximate

# Communes of Thái Nguyên that differ between the test set of November 2024 and the list of units.
REPLACED, WITHOUT_POLYGON, FOREIGN = "05443", "05446", "05999"


@cache
def built_in() -> GeoDataFrame:
    """Return the approximate set of 2024, built once."""
    return approximate.build("2024")


def november() -> GeoDataFrame:
    """Return Thái Nguyên with one commune replaced and one without a polygon."""
    frame = built_in()
    frame = frame[(frame["province_code"] == "19") & (frame["code"] != WITHOUT_POLYGON)].copy()
    changed = frame["code"] == REPLACED
    frame.loc[changed, ["code", "name", "type"]] = [FOREIGN, "Xã Bến Đò", "Xã"]
    return frame.reset_index(drop=True)


def write_catalogue(folder: Path, **sets: dict[str, object]) -> None:
    """Write a sets.toml; values are TOML source."""
    tables = [
        f"[{name}]\n" + "\n".join(f"{field} = {value}" for field, value in table.items())
        for name, table in sets.items()
    ]
    (folder / "sets.toml").write_text("\n".join(tables))


@contextmanager
def units_restored(app: Flask) -> Iterator[None]:
    """Remove at the end the sets and units that a test installed, and restore validities."""
    with app.app_context():
        last_unit = db.session.scalar(select(func.max(Unit.id)))
        db.session.remove()
    try:
        yield
    finally:
        engine = create_engine(app.config["DATABASE_OWNER_URL"])
        with engine.begin() as connection:
            for statement in (
                "delete from boundaries b using boundary_sets s "
                "where s.id = b.set_id and s.quality <> 'approximate'",
                "delete from boundary_sets where quality <> 'approximate'",
                f"delete from units where id > {last_unit}",
                "update units set valid_from = null, valid_to = '2025-06-30' where system = '2024' "
                "and (valid_from is not null or valid_to <> '2025-06-30')",
                "update units set valid_from = '2025-07-01', valid_to = null where system = '2025' "
                "and (valid_to is not null or valid_from <> '2025-07-01')",
            ):
                connection.execute(text(statement))
        engine.dispose()
        app.extensions["locator"].refresh()
