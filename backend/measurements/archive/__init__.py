"""Archives of months of measurements as GeoParquet files."""
