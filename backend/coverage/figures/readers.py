"""Who is reading figures, as a view finds out."""

from backend.accounts.access import PUBLIC, Actor
from backend.accounts.authentication import actor
from backend.database.extensions import setting
from backend.errors import Problem


def reader() -> Actor | None:
    """Who asks, where figures wait for approval; nobody looks for that while they are live.

    A token that is no person's, as a phone's, reads what everybody reads.
    """
    if setting("PUBLISH") == "live":
        return None
    try:
        return actor()
    except Problem:
        return PUBLIC
