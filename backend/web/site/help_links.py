"""The part of the guides for each page: one table from endpoints to a guide and its section."""

# Names of the guides in addresses, by language.
GUIDES: dict[str, dict[str, str]] = {
    "volunteers": {"vi": "nguoi-do", "en": "volunteers"},
    "leaders": {"vi": "doi-truong", "en": "leaders"},
    "organisers": {"vi": "nguoi-to-chuc", "en": "organisers"},
    "officials": {"vi": "can-bo", "en": "officials"},
    "admins": {"vi": "quan-tri", "en": "admins"},
}

# Guide and section by blueprint; a page of `PAGES` has its own.
BLUEPRINTS: dict[str, tuple[str, str | None]] = {
    "web": ("officials", "figures"),
    "data": ("officials", "figures"),
    "do": ("volunteers", None),
    "board": ("organisers", "running"),
    "setup": ("organisers", "starting"),
    "desk": ("officials", "desk"),
    "office": ("officials", "desk"),
    "documents": ("officials", "report"),
    "seal": ("officials", "report"),
    "admin": ("admins", None),
    "account_pages": ("leaders", "account"),
    "office_sign_in": ("leaders", "account"),
}
PAGES: dict[str, tuple[str, str | None]] = {
    "web.join": ("volunteers", "first"),
    "web.sign_in": ("leaders", "account"),
    "web.invitation": ("leaders", "account"),
    "do.withdraw": ("volunteers", "withdrawal"),
    "do.apps": ("volunteers", "apps"),
    "board.team": ("leaders", "team"),
    "board.plan": ("organisers", "plan"),
    "board.slips": ("organisers", "plan"),
    "board.signals": ("organisers", "signals"),
    "board.corrected": ("organisers", "corrections"),
    "board.contributed": ("organisers", "contributions"),
    "desk.samples": ("officials", "samples"),
    "desk.sample": ("officials", "samples"),
    "desk.signals": ("officials", "signals"),
    "desk.exclusions": ("officials", "signals"),
    "desk.exclude": ("officials", "signals"),
    "desk.vnnic": ("officials", "vnnic"),
    "desk.deputies": ("officials", "deputies"),
    "desk.reports": ("officials", "report"),
    "desk.report": ("officials", "report"),
    "desk.due": ("officials", "report"),
    "desk.letterhead": ("officials", "report"),
    "admin.mail": ("admins", "mail"),
    "admin.webhooks": ("admins", "webhooks"),
    "admin.webhook": ("admins", "webhooks"),
    "admin.people": ("admins", "people"),
    "admin.person": ("admins", "people"),
    "admin.officials": ("admins", "officials"),
    "admin.sessions": ("admins", "people"),
    "admin.succession": ("admins", "succession"),
    "admin.organisations": ("admins", "organisations"),
    "admin.targets": ("admins", "targets"),
    "admin.target": ("admins", "targets"),
    "admin.sets": ("admins", "boundaries"),
    "admin.check": ("admins", "boundaries"),
    "admin.jobs": ("admins", "jobs"),
    "admin.rules": ("admins", "jobs"),
    "admin.withdrawals": ("admins", "privacy"),
    "admin.audit": ("admins", "privacy"),
}


def help_of(endpoint: str | None) -> tuple[str | None, str | None]:
    """Return the guide and the section of a page; a guide of None is the list of all."""
    if endpoint is None:
        return None, None
    blueprint = endpoint.partition(".")[0]
    return PAGES.get(endpoint) or BLUEPRINTS.get(blueprint) or (None, None)
