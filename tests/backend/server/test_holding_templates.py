"""A server goes on with the templates that it began with, whatever is checked out beneath it."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backend.app import create_app
from backend.server.gunicorn.web import preload_templates


@pytest.mark.long
def test_pages_are_made_of_the_templates_of_the_start(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fresh = create_app(DATABASE_URL=app.config["DATABASE_URL"], VAR_DIR=tmp_path)
    preload_templates(fresh)

    def gone(*asked: object) -> None:
        raise FileNotFoundError

    assert fresh.jinja_env.loader is not None
    monkeypatch.setattr(fresh.jinja_env.loader, "get_source", gone)
    names = fresh.jinja_env.list_templates(extensions=["html"])
    assert len(names) > 50
    for name in names:
        assert fresh.jinja_env.get_template(name).name == name


@pytest.mark.long
def test_a_next_start_compiles_changed_templates_alone(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def start() -> list[str]:
        """Load all templates; return the names of those that were compiled."""
        fresh = create_app(DATABASE_URL=app.config["DATABASE_URL"], VAR_DIR=tmp_path)
        compiled, compile_one = [], fresh.jinja_env.compile

        def noted(source: str, name: str, filename: str) -> Any:
            compiled.append(name)
            return compile_one(source, name, filename)

        monkeypatch.setattr(fresh.jinja_env, "compile", noted)
        loader = fresh.jinja_env.loader
        assert loader is not None
        get_source = loader.get_source

        def changed(environment: Any, name: str) -> Any:
            source, *rest = get_source(environment, name)
            return (source + changes.get(name, ""), *rest)

        monkeypatch.setattr(loader, "get_source", changed)
        preload_templates(fresh)
        return compiled

    changes: dict[str, str] = {}
    assert len(start()) > 50
    assert start() == []
    changes["web/public/unit.html"] = "<!-- newer -->"
    assert start() == ["web/public/unit.html"]
    assert (tmp_path / "templates").stat().st_mode & 0o077 == 0
