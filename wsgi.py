"""The WSGI application: `gunicorn -c config/gunicorn.py wsgi:app`, `flask --app wsgi …`."""

from backend.app import create_app

app = create_app()
