"""Processes: the embedded PostgreSQL, backups, gunicorn, supervision."""
