"""The web server's processes."""
