"""What an answer says is wrong."""

from werkzeug.test import TestResponse


def wrong_fields(answer: TestResponse) -> list[tuple[str, str]]:
    """Return each field that a 422 names, with its code."""
    assert answer.status_code == 422, answer.text
    return [(error["field"], error["code"]) for error in (answer.json or {})["errors"]]
