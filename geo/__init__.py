"""Numbers and polygons: where a position lies and whether it is plausible."""
