"""Open data of published months."""
