"""A server goes on with the templates that it began with, whatever is checked out beneath it."""

import time

import pytest
from flask import Flask

from backend.app import create_app
from backend.server.gunicorn.web import preload_templates


@pytest.mark.slow
def test_pages_are_made_of_the_templates_of_the_start(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = create_app(DATABASE_URL=app.config["DATABASE_URL"], VAR_DIR=app.config["VAR_DIR"])
    began = time.monotonic()
    preload_templates(fresh)
    print(f"all templates in {time.monotonic() - began:.1f} s")

    def gone(*asked: object) -> None:
        raise FileNotFoundError

    assert fresh.jinja_env.loader is not None
    monkeypatch.setattr(fresh.jinja_env.loader, "get_source", gone)
    names = fresh.jinja_env.list_templates(extensions=["html"])
    assert len(names) > 50
    for name in names:
        assert fresh.jinja_env.get_template(name).name == name
