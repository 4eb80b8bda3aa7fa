"""The consent text: its version, purposes and languages."""

from functools import cache
from pathlib import Path
from string import Template
from typing import TypedDict

from backend.database.extensions import setting
from backend.i18n.catalogues import N_, Language, gettext

# Raised with every material change of the text. Devices with an older consent stay valid, and their
# answers are marked as outdated. Text 3 of a development version named what no other one names.
CURRENT = "4"
VERSIONS = ("1", "2", "3", "4")
# The versions whose text names what a phone sends, and that notes are used to ask operators to act.
NAMED_IN = {"samples": VERSIONS, "notes": ("2", "3", "4"), "operators": ("4",)}

TEMPLATES = Path(__file__).parents[1] / "templates"

# code: English text
PURPOSES: dict[str, str] = {
    "locate": N_("To find the commune in which each measurement lies."),
    "count": N_(
        "To check whether a measurement is valid and count the samples of each area by month."
    ),
    "note": N_("To publish where phones reached no network, from five volunteers on."),
    "operators": N_("To let officials ask operators to act where there is no connection."),
    "attribute": N_("To credit the contribution to the volunteer's team."),
    "publish": N_(
        "To publish figures about the quality of the Internet that are tied to no person."
    ),
}


class Purpose(TypedDict):
    """One purpose of the collection."""

    code: str
    text: str


class Operator(TypedDict):
    """The operator of this installation."""

    name: str
    contact: str


class Consent(TypedDict):
    """The consent text in force."""

    version: str
    language: Language
    text: str
    purposes: list[Purpose]
    sensitive: bool  # in the words of the law
    operator: Operator
    retention_days: int  # of exact positions


def statement(language: Language) -> Consent:
    """Return the consent text in force with the settings of this installation that it names."""
    name = setting("OPERATOR_NAME") or gettext("(the operator is not named yet)", language)
    contact = setting("OPERATOR_CONTACT") or gettext("(not given yet)", language)
    retention_days = setting("RETENTION_DAYS")
    text = _template(language).substitute(
        version=CURRENT,
        operator_name=name,
        operator_contact=contact,
        retention_days=retention_days,
    )
    return {
        "version": CURRENT,
        "language": language,
        "text": text,
        "purposes": [
            {"code": code, "text": gettext(text, language)} for code, text in PURPOSES.items()
        ],
        "sensitive": True,
        "operator": {"name": name, "contact": contact},
        "retention_days": retention_days,
    }


@cache
def _template(language: Language) -> Template:
    return Template((TEMPLATES / f"consent.{language}.txt").read_text(encoding="utf-8"))
