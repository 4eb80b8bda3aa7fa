"""Words of importing."""

TEXTS: dict[str, tuple[str, str]] = {}
