"""What a person may not see is, for them, not there."""

from backend.accounts.access import Actor, Scope, require
from backend.errors import Problem


def require_person(actor: Actor) -> None:
    """401 to nobody, whatever is asked for and whether it is there or not."""
    if not actor.signed_in:
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})


def require_hidden(actor: Actor, see: str, act: str, scope: Scope) -> None:
    """404 to who may not even see it, 403 to who sees it but may not do this."""
    require(actor, see, scope, hidden=True)
    require(actor, act, scope)
