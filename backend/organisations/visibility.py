"""What a person may not see is, for them, not there."""

from backend.accounts.access import Actor, Scope, require


def require_hidden(actor: Actor, see: str, act: str, scope: Scope) -> None:
    """404 to whoever may not even see it, 403 to whoever sees it but may not do this."""
    require(actor, see, scope, hidden=True)
    require(actor, act, scope)
