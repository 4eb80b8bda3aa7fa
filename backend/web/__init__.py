"""HTML pages; no figure of its own."""
