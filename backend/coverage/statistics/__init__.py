"""Statistics of speeds, their history, hours and cells."""
