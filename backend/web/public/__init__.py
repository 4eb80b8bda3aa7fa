"""Public pages: the country, units, search, seals."""
