"""Words of planning."""

TEXTS: dict[str, tuple[str, str]] = {}
