"""Take away the reports of a demo; what was begun on its months is real again without it."""

from sqlalchemy import text

from backend.database.extensions import db

REMOVE = text("delete from reports where demo and (state <> 'draft' or edition > 1)")
KEEP = text("update reports set demo = false where demo")


def remove_demo_reports() -> None:
    """Remove what was frozen of made-up figures; a first draft shows those that are left."""
    db.session.execute(REMOVE)
    db.session.execute(KEEP)
    db.session.commit()
