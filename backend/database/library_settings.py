"""Settings of Flask-SQLAlchemy and flask-smorest."""

from collections.abc import Mapping
from typing import Any


def library_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Derive the settings of Flask-SQLAlchemy and flask-smorest from ours."""
    return {
        "SQLALCHEMY_DATABASE_URI": config["DATABASE_URL"],
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_size": config["DATABASE_POOL"],
            "max_overflow": 0,
            "pool_timeout": config["DATABASE_TIMEOUT_S"],
            "connect_args": {
                "connect_timeout": max(2, config["DATABASE_TIMEOUT_S"]),
                **({} if config["DATABASE_PREPARED"] else {"prepare_threshold": None}),
            },
        },
        "API_TITLE": "Đo Sóng",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/api/v1",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "info": {"description": "Speed tests of mobile and fixed networks, by commune."},
            "servers": [{"url": "/"}],
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "session": {"type": "apiKey", "in": "cookie", "name": "dosong_session"},
                }
            },
        },
        "PROPAGATE_EXCEPTIONS": False,
    }
