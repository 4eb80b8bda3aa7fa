"""Words of joining."""

TEXTS: dict[str, tuple[str, str]] = {}
