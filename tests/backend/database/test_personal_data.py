"""Every table with data of people says for what it has them, and how long they are kept."""

from flask import Flask

from backend.database.extensions import db
from tests.tools.docs_generator.database import personal_tables

PERSONAL = {
    "actor", "address", "approver_name", "device_id", "display_name", "email", "latitude", "phone",
    "signer", "telephone", "token_hash", "user_id", "volunteer_id",
}  # fmt: skip
# A unit's centre; positions of hamlets and places that offices state.
OF_UNITS = {"units", "hamlets", "places"}


def test_tables_with_people_say_for_what_and_how_long(app: Flask) -> None:  # loads the models
    with_people = {
        name
        for name, table in db.metadata.tables.items()
        if PERSONAL & set(table.columns.keys()) and name not in OF_UNITS
    }
    assert len(with_people) > 20
    assert with_people - set(personal_tables()) == set()
