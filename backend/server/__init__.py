"""Start and end what the project runs: the embedded PostgreSQL and gunicorn."""
