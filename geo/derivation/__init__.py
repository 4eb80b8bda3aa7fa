"""How geo/data was made; run by scripts/derive-geo-data, never by the application."""
