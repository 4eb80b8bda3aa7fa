"""Monthly reports and open data."""
