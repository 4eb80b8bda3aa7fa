"""Pages of signing in with the account of the office: to the provider, and back from it."""

from flask import Response, current_app, make_response, redirect, request

from backend.accounts.authentication import actor, keep_private, session_cookie, sign_in_context
from backend.database.extensions import roll_back
from backend.errors import Problem
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.oidc import service as oidc
from backend.oidc.browser import callback_url, current_provider, pending_cookie, read_pending
from backend.oidc.service import begin_sign_in
from backend.oidc.transactions import PendingSignIn
from backend.web.site.blueprint import READ_WRITE, PageBlueprint
from backend.web.site.forms import new_form, redirect_to, render_form
from backend.web.site.schemas import LangQuery
from backend.web.site.sign_in import OIDC_CODES, local_path

office = PageBlueprint("office_sign_in", __name__, url_prefix="/sign-in/office")

# Six digits, or a recovery code with its dashes.
MAX_CODE = 30


@office.page("")
def begin(query: LangQuery) -> Response:
    """Redirect to the provider, where the person signs in."""
    provider, path = current_provider(), local_path(request.args.get("next"))
    if provider is None:
        return redirect_to("web.sign_in", query)
    try:
        url, pending = begin_sign_in(
            provider, sign_in_context(), callback_url(), path, query["lang"]
        )
    except Problem as problem:
        return _back(problem, path, query["lang"])
    response = make_response(redirect(url, 303))
    response.headers.add("Set-Cookie", pending_cookie(pending))
    return keep_private(response)


@office.page("/callback", None)
def finish() -> Response:
    """Sign in by the answer of the provider, or link the account of the signed-in person."""
    provider, context = current_provider(), sign_in_context()
    pending = read_pending("provider")
    if provider is None or pending is None:
        return _back(Problem(401, "oidc_expired"), None, None)
    rules = current_app.config["OIDC_RULES"]
    try:
        done = oidc.finish(provider, pending, request.args, actor(), context, rules)
    except Problem as problem:
        roll_back()
        return _back(problem, pending.path, pending.lang, linking=pending.link_to is not None)
    if done.pending:
        response = redirect_to("office_sign_in.enter_code", {"lang": pending.lang})
    else:
        response = _open(pending)
    if done.secret:
        response.headers.add("Set-Cookie", session_cookie(done.secret))
    response.headers.add("Set-Cookie", pending_cookie(done.pending))
    return keep_private(response)


@office.page("/code", methods=READ_WRITE)
def enter_code(query: LangQuery) -> Response:
    """Enter the code of the second factor after the provider has named the person."""
    actor()  # a form of a signed-in person needs its token
    context, form = sign_in_context(), new_form(query)
    pending = read_pending("code")
    if pending is None:
        return _back(Problem(401, "oidc_expired"), None, query["lang"])
    if request.method == "POST":
        code = (request.form.get("code") or "").strip()[:MAX_CODE]
        try:
            secret = oidc.finish_code(pending, code, context)
        except Problem as problem:
            roll_back()
            if problem.code in OIDC_CODES:
                return _back(problem, pending.path, query["lang"])
            form.errors["code"] = message(problem.code, form.language)
        else:
            response = _open(pending)
            response.headers.add("Set-Cookie", session_cookie(secret))
            response.headers.add("Set-Cookie", pending_cookie(None))
            return keep_private(response)
    return keep_private(render_form("web/account/code.html", query, form))


def _open(pending: PendingSignIn) -> Response:
    """Redirect to the page for which the person signed in."""
    if pending.link_to:
        return redirect_to("account_pages.show_account", {"lang": pending.lang}, linked="yes")
    if pending.path:
        return make_response(redirect(pending.path, 303))
    return redirect_to("web.work", {"lang": pending.lang})


def _back(
    problem: Problem, path: str | None, lang: Language | None, *, linking: bool = False
) -> Response:
    """Redirect to the page where the sign-in began, which says what went wrong."""
    if problem.code not in OIDC_CODES:
        raise problem
    page = "account_pages.show_account" if linking and actor().signed_in else "web.sign_in"
    response = redirect_to(page, {"lang": lang}, problem=problem.code, next=path)
    response.headers.add("Set-Cookie", pending_cookie(None))
    return keep_private(response)
