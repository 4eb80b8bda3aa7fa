"""Months of measurements as GeoParquet files."""
