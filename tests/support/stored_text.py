"""Search every table for a text: what must not be stored is in none of them."""

from collections.abc import Iterable

from flask import Flask
from sqlalchemy import text

from backend.database.extensions import db


def tables_with(app: Flask, words: Iterable[str]) -> list[str]:
    """Return the tables of which a row contains one of the words, as `table: word`."""
    found = []
    with app.app_context():
        for table in db.metadata.sorted_tables:
            rows = f"select 1 from {table.name} t where cast(t as text) ilike :word limit 1"
            for word in words:
                if db.session.scalar(text(rows), {"word": f"%{word}%"}):
                    found.append(f"{table.name}: {word}")
        db.session.rollback()
    return found
