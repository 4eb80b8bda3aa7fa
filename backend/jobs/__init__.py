"""Long jobs that admins start from a page."""
