"""Named steps of the way to a target, which maps and legends colour."""

# From the first that fits, in percent of the target.
STEPS: tuple[tuple[str, float], ...] = (
    ("reached", 100.0),
    ("half", 50.0),
    ("quarter", 25.0),
    ("started", 0.0),
)
NONE = "none"
NAMES = (NONE, *(name for name, _ in reversed(STEPS)))


def step(basis: int, target: int | None) -> str:
    """The step of a unit that has so many samples; without a target it has begun or not."""
    if not basis:
        return NONE
    if not target:
        return "started"
    return next(name for name, least in STEPS if 100 * basis >= least * target)
