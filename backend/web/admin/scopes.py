"""What a role is over, by its name; and what an admin may choose from."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from backend.accounts.models import Role
from backend.campaigns.models import Team
from backend.database.extensions import db
from backend.organisations.models import Cluster, Organisation
from backend.units.models import Unit

MODELS: dict[str, Any] = {
    "team": Team,
    "organisation": Organisation,
    "cluster": Cluster,
    "unit": Unit,
}
# A select of more is no choice any more; a province has some hundred.
ORGANISATIONS_MOST = 500


def names_of(roles: Iterable[Role]) -> dict[tuple[str, int], str]:
    """The names of what roles are over, by kind and number."""
    wanted: dict[str, set[int]] = {}
    for role in roles:
        if role.scope_id is not None:
            wanted.setdefault(role.scope_kind, set()).add(role.scope_id)
    return {
        (kind, row.id): row.name
        for kind, ids in wanted.items()
        for row in db.session.execute(
            select(MODELS[kind].id, MODELS[kind].name).where(MODELS[kind].id.in_(ids))
        )
    }


def organisations() -> list[tuple[int, str]]:
    """The organisations that last, in Vietnamese order."""
    lasting = select(Organisation.id, Organisation.name).where(Organisation.ended_at.is_(None))
    order = (Organisation.sort_key.collate("C"), Organisation.id)
    rows = db.session.execute(lasting.order_by(*order).limit(ORGANISATIONS_MOST))
    return [(row.id, row.name) for row in rows]
