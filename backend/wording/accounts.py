"""Words of accounts."""

TEXTS: dict[str, tuple[str, str]] = {}
