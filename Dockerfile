# The app alone; compose.yaml adds PostgreSQL and nginx.
# The Python of Debian 13; the test suite ran on it, with the browser tests.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

RUN useradd --system --user-group --home-dir /srv/dosong --shell /usr/sbin/nologin dosong \
    && install -d -o dosong -g dosong -m 0700 /var/lib/dosong
WORKDIR /srv/dosong

# First what changes seldom.
COPY requirements.txt ./
RUN pip install --require-hashes --no-deps --only-binary :all: -r requirements.txt

COPY wsgi.py LICENSE ./
COPY config config
COPY geo geo
COPY backend backend
# The documents that pages name, and the guides of the help pages.
COPY docs/*.md docs/
COPY docs/vi docs/vi
COPY docs/guide docs/guide
COPY docs/pictures/guide docs/pictures/guide
RUN pybabel --quiet compile --directory backend/i18n/locale \
    && python -m compileall -q backend config geo

USER dosong
ENV VAR_DIR=/var/lib/dosong
VOLUME /var/lib/dosong
EXPOSE 8000
HEALTHCHECK --start-period=5m --interval=30s --timeout=5s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '8000') + '/readyz', timeout=4)"]

# Migrates, loads units and boundaries, then serves. Without DATABASE_URL it starts a database of
# its own in VAR_DIR.
CMD ["python", "-m", "backend.server"]
