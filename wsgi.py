"""The WSGI application: `gunicorn -c config/gunicorn.py wsgi:app`, `flask --app wsgi …`."""

import os

# Before numpy is imported: threads of its linear algebra wait in a loop for the next product, which
# is a third of the processor time of the country's statistics and saves a few milliseconds of it
# (docs/measured.md).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from backend.app import create_app

app = create_app()
