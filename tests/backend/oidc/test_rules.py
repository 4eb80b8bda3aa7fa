"""The rules from claims to roles: which match, and which file is refused in which words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.oidc.rules import Rule, RuleError, claim_values, matching, parse_rules, read_rules

FILE = """
[[rule]]
name = "officials of Thái Nguyên"
claim = "groups"
value = "/do-song/thai-nguyen"
role = "official"
unit = "19"
level = "province"

[[rule]]
name = "youth union"
claim = "realm_access.roles"
value = "organiser"
role = "organiser"
organisation = 12

[[rule]]
name = "administrators"
claim = "groups"
value = "/it"
role = "admin"
"""


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(FILE, "utf-8")
    officials, union, admins = read_rules(path)
    assert (officials.kind, officials.scope, officials.level) == ("unit", "19", "province")
    assert (union.kind, union.scope, union.claim) == ("organisation", 12, "realm_access.roles")
    assert (admins.role, admins.kind) == ("admin", None)
    assert read_rules(None) == ()


@pytest.mark.parametrize(("claims", "names"), [
    ({"groups": ["/do-song/thai-nguyen", "/other"]}, ["officials of Thái Nguyên"]),
    ({"groups": "/do-song/thai-nguyen"}, ["officials of Thái Nguyên"]),
    ({"realm_access": {"roles": ["organiser"]}}, ["youth union"]),
    ({"realm_access.roles": "organiser"}, ["youth union"]),
    ({"groups": ["/it"], "realm_access": {"roles": ["organiser"]}},
     ["youth union", "administrators"]),
    ({"groups": "/it/"}, []), ({"groups": ["/IT"]}, []), ({"groups": {"/it": True}}, []),
    ({"groups": [["/it"]]}, []), ({"groups": None}, []), ({"realm_access": ["roles"]}, []),
    ({}, []),
])  # fmt: skip
def test_a_rule_matches_its_value_alone(
    tmp_path: Path, claims: dict[str, object], names: list[str]
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(FILE, "utf-8")
    assert [rule.name for rule in matching(read_rules(path), claims)] == names


@pytest.mark.parametrize("verified", [None, False, "true", 1, "yes"])
def test_an_address_that_is_not_verified_gives_nothing(verified: object) -> None:
    claims = {"email": "a@office.vn", "email_verified": verified}
    assert claim_values(claims, "email") == frozenset()
    assert claim_values({**claims, "email_verified": True}, "email") == {"a@office.vn"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(["a", "a.b", "b"]), JSON), st.text())
def test_no_claim_breaks_a_rule(claims: dict[str, object], value: str) -> None:
    rules = [Rule("one", "a.b", value, "admin"), Rule("two", "b", value, "admin")]
    for rule in matching(rules, claims):
        assert value in claim_values(claims, rule.claim)


ADMIN = '[[rule]]\nname = "n"\nclaim = "c"\nvalue = "v"\n'


@pytest.mark.parametrize(("text", "message"), [
    ("[[rule]", "rules.toml: "),
    ("[rule]\nname = 'n'", r"begins with \[\[rule\]\]"),
    ("[[rules]]\nname = 'n'", "unknown: rules"),
    ("[[rule]]\nrole = 'admin'", "rule 1 needs a name"),
    (ADMIN + "role = 'root'", "rule n: role must be one of"),
    (ADMIN + "role = 'admin'\nunit = '19'", "rule n: the role admin is over the whole system"),
    (ADMIN + "role = 'official'", "rule n: the role official is over unit or cluster"),
    (ADMIN + "role = 'official'\nteam = 3", "rule n: the role official is over unit or cluster"),
    (ADMIN + "role = 'official'\nunit = '19'\ncluster = 3", "is over unit or cluster"),
    (ADMIN + "role = 'official'\nunit = 19", "rule n: unit must be a code in quotes"),
    (ADMIN + "role = 'team_leader'\nteam = '3'", "rule n: team must be a number"),
    (ADMIN + "role = 'team_leader'\nteam = true", "rule n: team must be a number"),
    (ADMIN + "role = 'official'\nunit = '19'\nlevel = 'ward'", "level must be one of"),
    (ADMIN + "role = 'admin'\nlevel = 'province'", "rule n: level is not understood"),
    (ADMIN + "role = 'admin'\nvalues = ['a']", "rule n: values is not understood"),
    (ADMIN.replace('"v"', "1") + "role = 'admin'", "rule n: value must be a text"),
    (ADMIN.replace('"c"', '""') + "role = 'admin'", "rule n: claim must be a text"),
    (2 * (ADMIN + "role = 'admin'\n"), "two rules have the name n"),
])  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(RuleError, match=message):
        read_rules(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"gone\.toml"):
        read_rules(tmp_path / "gone.toml")
    assert parse_rules({}) == ()
