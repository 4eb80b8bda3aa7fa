"""Which target was in force: rows with a validity, never constants."""

from datetime import date

from sqlalchemy import or_, select

from backend.coverage.models import Target
from backend.extensions import db


def target_on(day: date, level: str, network: str) -> Target | None:
    """The target of a level and network on a day; None where nobody set one."""
    query = (
        select(Target)
        .where(
            Target.level == level,
            Target.network == network,
            Target.valid_from <= day,
            or_(Target.valid_to.is_(None), Target.valid_to >= day),
        )
        .order_by(Target.valid_from.desc())
        .limit(1)
    )
    return db.session.scalar(query)
