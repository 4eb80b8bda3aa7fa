"""States of a place without coverage, and which one may follow which; pure."""

from typing import Literal

State = Literal[
    "recorded",  # the office states it
    "sent",  # the office has told the operator
    "answered",  # the operator names a measure and a day
    "refused",  # the operator has no plan
    "remeasure",  # the operator is done: to be measured again
    "covered",
    "uncovered",  # measured again, and still without coverage
    "wrong",  # there is coverage, or there is no such place
    "duplicate",
]
STATES: tuple[State, ...] = (
    *("recorded", "sent", "answered", "refused", "remeasure", "covered", "uncovered"),
    *("wrong", "duplicate"),
)  # fmt: skip
# Nothing is to be done about these.
CLOSED: frozenset[State] = frozenset({"covered", "wrong", "duplicate"})
# Nothing of these goes to an operator. Of all others only those notes are evidence that were made
# under a consent that names operators.
INTERNAL: frozenset[State] = frozenset({"recorded", "wrong", "duplicate"})
_DROPPED: tuple[State, ...] = ("wrong", "duplicate")
NEXT: dict[State, tuple[State, ...]] = {
    "recorded": ("sent", *_DROPPED),
    "sent": ("answered", "refused", "remeasure", *_DROPPED),
    "answered": ("remeasure", "answered", "refused"),
    "refused": ("sent", "answered", "remeasure"),
    "remeasure": ("covered", "uncovered", "remeasure"),
    "covered": ("remeasure",),
    "uncovered": ("sent", "answered", "remeasure"),
    "wrong": (),
    "duplicate": (),
}
# States after which the office tells the operator.
UNSENT: tuple[State, ...] = tuple(state for state, after in NEXT.items() if "sent" in after)


def following(state: State, *, correction: bool) -> tuple[State, ...]:
    """Return the states that may follow; a correction may set any other one."""
    if correction:
        return tuple(one for one in STATES if one != state)
    return NEXT[state]
