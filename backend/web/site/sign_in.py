"""Shared by the pages where people sign in: the page to open next, the provider's name, errors."""

import re

from flask import current_app, request

from backend.i18n.catalogues import N_
from backend.oidc.browser import current_provider
from backend.web.site.pages import Translator

# A path of this server. Browsers ignore tabs and line ends: "/<tab>/other.example" leads elsewhere.
LOCAL_PATH = re.compile(r"/(?![/\\])[^\t\n\r]*")

# Problems of a sign-in at the provider that a page names; texts are in backend.i18n.messages.
OIDC_CODES = frozenset(
    {
        *("oidc_away", "oidc_cancelled", "oidc_expired", "oidc_invalid", "oidc_linked"),
        *("oidc_name_taken", "oidc_no_role", "oidc_refused", "oidc_taken"),
    }
)
SOME_ACCOUNT = N_("the account of your office")


def local_path(wanted: str | None) -> str | None:
    """Return a requested path of this server; None for another address."""
    return wanted if wanted and LOCAL_PATH.fullmatch(wanted) else None


def provider_name(translator: Translator) -> str | None:
    """Return what the operator calls the provider's accounts; None without a provider."""
    if current_provider() is None:
        return None
    return current_app.config["OIDC_NAME"] or str(translator.gettext(SOME_ACCOUNT))


def problem_of_sign_in(translator: Translator) -> str | None:
    """Return the text of the problem in this page's address, if it names one."""
    code = request.args.get("problem")
    return translator.message(code) if code in OIDC_CODES else None
