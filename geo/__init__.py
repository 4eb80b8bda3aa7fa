"""Positions and polygons: the commune of a position, and whether a position is plausible."""
