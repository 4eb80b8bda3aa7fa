"""Words of contributions."""

TEXTS: dict[str, tuple[str, str]] = {}
