"""Import of many teams from one table."""
