"""Maps drawn by the server, and vector tiles."""
