"""Rules from claims of an OpenID provider to roles: a TOML file of the operator."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from backend.fields import Json
from backend.organisations.grants import RoleRequest
from backend.organisations.references import UnitCode

# The fields of a rule that name what its role is over, and the field of the API that takes it.
SCOPES = {
    "team_leader": ("team",),
    "organiser": ("organisation",),
    "official": ("unit", "cluster"),
    "observer": (),
    "admin": (),
}
NAMES = frozenset({"name", "claim", "value", "role"})
OF_UNIT = frozenset({"level", "system"})
LEVELS = ("province", "district", "commune")
SYSTEMS = ("2024", "2025")
# Of a rule's name, which is stored with each role and in the audit log.
MAX_NAME = 100
# Claims that a person can set at many providers, and the claim that the provider verified them.
VERIFIED_BY = {"email": "email_verified", "phone_number": "phone_number_verified"}


class RuleError(ValueError):
    """The file of rules cannot be used; the message names the rule."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A role over one thing for people with a value in a claim.

    `scope` is the id of a team, organisation or cluster, or the code of a unit; None for admins.
    """

    name: str
    claim: str
    value: str
    role: str
    kind: str | None = None  # unit, cluster, organisation, team
    scope: str | int | None = None
    level: str | None = None
    system: str | None = None

    def reference(self, system: str) -> RoleRequest:
        """Return the role as a request of the API; units without a system are of `system`."""
        code = self.scope if isinstance(self.scope, str) else ""
        number = self.scope if isinstance(self.scope, int) else None
        unit: UnitCode = {"system": self.system or system, "level": self.level, "code": code}
        return {
            "role": self.role,
            "scope_id": number if self.kind in ("team", "organisation") else None,
            "unit": unit if self.kind == "unit" else None,
            "cluster_id": number if self.kind == "cluster" else None,
            "valid_to": None,
        }


def read_rules(path: Path | None) -> tuple[Rule, ...]:
    """Read the rules; none without a file. RuleError where the file cannot be used."""
    if path is None:
        return ()
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RuleError(f"{path.name}: {error}") from error
    return parse_rules(content)


def parse_rules(content: Mapping[str, Json]) -> tuple[Rule, ...]:
    """Return the rules of a parsed file: a list of tables `rule`."""
    tables = content.get("rule", [])
    if unknown := set(content) - {"rule"}:
        raise RuleError(f"unknown: {', '.join(sorted(unknown))}; each rule begins with [[rule]]")
    listed = tables if isinstance(tables, list) else [tables]
    tables_of_rules = [table for table in listed if isinstance(table, dict)]
    if not isinstance(tables, list) or len(tables_of_rules) < len(tables):
        raise RuleError("each rule begins with [[rule]]")
    rules = tuple(_parse(table, at) for at, table in enumerate(tables_of_rules, 1))
    names = [rule.name for rule in rules]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RuleError(f"two rules have the name {twice[0]}")
    return rules


def matching(rules: Sequence[Rule], claims: Mapping[str, Json]) -> tuple[Rule, ...]:
    """Return the rules whose claim has their value."""
    return tuple(rule for rule in rules if rule.value in claim_values(claims, rule.claim))


def absent_claims(rules: Sequence[Rule], claims: Mapping[str, Json]) -> list[str]:
    """Return the claims of rules that a person lacks altogether: the provider did not send them."""
    return sorted({rule.claim for rule in rules if _look_up(claims, rule.claim) is None})


def subject_of(claims: Mapping[str, Json]) -> str:
    """Return the account at the provider, which is verified to be a text."""
    return cast(str, claims["sub"])


def claim_values(claims: Mapping[str, Json], name: str) -> frozenset[str]:
    """Return the texts in a claim: itself, or those in a list.

    A name with dots is a path unless a claim has that name. An address or a number that the
    provider did not verify has no value: a person may have typed anything.
    """
    verified = VERIFIED_BY.get(name)
    if verified is not None and claims.get(verified) is not True:
        return frozenset()
    value = _look_up(claims, name)
    values = value if isinstance(value, list) else [value]
    return frozenset(one for one in values if isinstance(one, str))


def _look_up(claims: Mapping[str, Json], name: str) -> Json:
    value: Json = dict(claims)
    for step in [name] if name in claims else name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _parse(table: Mapping[str, Json], at: int) -> Rule:
    name = table.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise RuleError(f"rule {at} needs a name of at most {MAX_NAME} letters")
    role = table.get("role")
    if not isinstance(role, str) or role not in SCOPES:
        raise RuleError(f"rule {name}: role must be one of {', '.join(SCOPES)}")
    claim, wanted_value = (_required_text(name, field, table) for field in ("claim", "value"))
    kinds = [kind for kind in ("unit", "cluster", "organisation", "team") if kind in table]
    if len(kinds) != bool(SCOPES[role]) or not set(kinds) <= set(SCOPES[role]):
        wanted = " or ".join(SCOPES[role])
        raise RuleError(f"rule {name}: the role {role} is over {wanted or 'the whole system'}")
    kind = kinds[0] if kinds else None
    known = NAMES | {kind} | (OF_UNIT if kind == "unit" else frozenset())
    if unknown := sorted(set(table) - known):
        raise RuleError(f"rule {name}: {unknown[0]} is not understood")
    level = _choice(name, "level", table, LEVELS)
    system = _choice(name, "system", table, SYSTEMS)
    scope = _scope(name, kind, table)
    return Rule(name, claim, wanted_value, role, kind, scope, level, system)


def _required_text(name: str, field: str, table: Mapping[str, Json]) -> str:
    value = table.get(field)
    if not isinstance(value, str) or not value:
        raise RuleError(f"rule {name}: {field} must be a text")
    return value


def _scope(name: str, kind: str | None, table: Mapping[str, Json]) -> str | int | None:
    if kind is None:
        return None
    value = table[kind]
    if kind == "unit":
        if isinstance(value, str):
            return value
        raise RuleError(f"rule {name}: {kind} must be a code in quotes")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise RuleError(f"rule {name}: {kind} must be a number")


def _choice(name: str, field: str, table: Mapping[str, Json], choices: Sequence[str]) -> str | None:
    value = table.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or value not in choices:
        raise RuleError(f"rule {name}: {field} must be one of {', '.join(choices)}")
    return value
