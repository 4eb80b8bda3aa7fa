"""Words of attribution."""

TEXTS: dict[str, tuple[str, str]] = {}
