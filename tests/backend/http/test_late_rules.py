"""Rules of addresses are compiled when the first address is made."""

from flask import Flask, url_for

from backend.http.framework import LateRule


def test_a_rule_compiled_late_makes_the_same_addresses() -> None:
    app = Flask(__name__)
    app.url_rule_class = LateRule
    app.add_url_rule("/teams/<rule>/days/<int:day>", "day", defaults={"part": "all"})
    app.add_url_rule("/teams/<rule>/days/<int:day>/<part>", "day")
    with app.test_request_context():
        for _ in range(2):
            assert url_for("day", rule="a b", day=3, part="all") == "/teams/a%20b/days/3"
            assert url_for("day", rule="a", day=3, part="x", sort="n") == "/teams/a/days/3/x?sort=n"
