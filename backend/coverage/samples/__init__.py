"""Single samples for the officials of their area."""
