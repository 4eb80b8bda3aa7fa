"""Official letters that ask operators to act on places without coverage."""
