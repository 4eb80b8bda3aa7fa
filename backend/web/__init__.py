"""HTML pages; they compute no figure of their own."""
