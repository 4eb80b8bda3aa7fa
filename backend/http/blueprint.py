"""The blueprint of API endpoints."""

from typing import Any

from flask_smorest import Blueprint as SmorestBlueprint

from backend.http.arguments import Parser


class Blueprint(SmorestBlueprint):  # type: ignore[misc] # flask-smorest brings no types
    """flask-smorest's blueprint below /api/v1, with a parser that answers errors as problems."""

    def __init__(
        self,
        name: str,
        import_name: str,
        parser: Parser | None = None,
        url_prefix: str = "/api/v1",
        **options: Any,
    ) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix, **options)
        self.ARGUMENTS_PARSER = parser or Parser()
