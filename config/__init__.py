"""How an installation is configured: settings, the gunicorn file, deployment examples."""
