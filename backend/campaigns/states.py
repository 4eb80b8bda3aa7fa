"""The life of a campaign: which state follows which, and what may change in each."""

from collections.abc import Collection

# state: those that may follow. What was published never becomes a draft again; an archived one
# stands as it is.
FOLLOWING: dict[str, frozenset[str]] = {
    "draft": frozenset({"open"}),
    "open": frozenset({"closed"}),
    "closed": frozenset({"archived", "open"}),
    "archived": frozenset(),
}
STATES = tuple(FOLLOWING)
NETWORKS = ("mobile", "fixed")  # counted apart, in this order
NEW_STATES = ("draft", "open")

# Who earned what rests on these: once others can join, changing them moves earnings.
MOVING = frozenset({"first_day", "last_day", "areas", "networks", "cap"})


def refusal(state: str, changed: Collection[str], following: str, may_move: bool) -> str | None:
    """Why these changes of a campaign in a state cannot be made; None where they can."""
    if following != state and following not in FOLLOWING[state]:
        return "state_not_reachable"
    if changed and state == "archived":
        return "campaign_archived"
    if state != "draft" and not may_move and MOVING & set(changed):
        return "campaign_running"
    return None
