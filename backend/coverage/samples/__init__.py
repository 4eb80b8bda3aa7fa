"""Single samples for officials of the area."""
