"""The part of the guides for each page: one table from endpoints to a guide and its section."""

# Names of the guides in addresses, by language.
GUIDES: dict[str, dict[str, str]] = {
    "volunteers": {"vi": "nguoi-do", "en": "volunteers"},
    "leaders": {"vi": "doi-truong", "en": "leaders"},
    "organisers": {"vi": "nguoi-to-chuc", "en": "organisers"},
    "officials": {"vi": "can-bo", "en": "officials"},
    "admins": {"vi": "quan-tri", "en": "admins"},
}

# Guide and section by blueprint.
BLUEPRINTS: dict[str, tuple[str, str | None]] = {
    "web": ("officials", "figures"),
    "data": ("officials", "figures"),
    "do": ("volunteers", None),
    "board": ("organisers", "running"),
    "setup": ("organisers", "starting"),
    "desk": ("officials", "desk"),
    "office": ("officials", "desk"),
    "places": ("officials", "places"),
    "seal": ("officials", "report"),
    "admin": ("admins", None),
    "account_pages": ("leaders", "account"),
    "office_sign_in": ("leaders", "account"),
}
# The pages with a section of their own, by guide and section.
SECTIONS = {
    ("leaders", "account"): "web.sign_in web.invitation",
    ("volunteers", "withdrawal"): "do.withdraw",
    ("volunteers", "apps"): "do.apps",
    ("leaders", "team"): "board.team board.outreach",
    ("organisers", "plan"): "board.plan board.slips",
    ("organisers", "signals"): "board.signals",
    ("organisers", "corrections"): "board.corrected",
    ("organisers", "contributions"): "board.teams",
    ("officials", "samples"): "desk.samples desk.sample",
    ("officials", "signals"): "desk.signals desk.exclusions desk.exclude",
    ("officials", "vnnic"): "desk.vnnic",
    ("officials", "deputies"): "account_pages.deputies",
    ("officials", "outreach"): "office.outreach office.outreach_import",
    ("officials", "provinces"): "desk.provinces desk.province",
    ("officials", "report"): "desk.reports desk.report desk.letterhead",
    ("admins", "mail"): "admin.connections",
    ("admins", "webhooks"): "admin.webhooks admin.webhook",
    ("admins", "people"): "admin.people admin.person",
    ("admins", "officials"): "admin.officials",
    ("admins", "organisations"): "admin.organisations",
    ("admins", "clusters"): "admin.clusters",
    ("admins", "targets"): "admin.targets admin.target",
    ("admins", "boundaries"): "admin.sets admin.check",
    ("admins", "privacy"): "admin.withdrawals admin.audit",
}
PAGES = {page: place for place, pages in SECTIONS.items() for page in pages.split()}


# Where the guide of leaders tells of a page that they share with organisers.
OF_LEADERS = {"plan": "contributions", "contributions": "contributions"}


def help_of(endpoint: str | None, leads: bool = False) -> tuple[str | None, str | None]:
    """Return the guide and the section of a page; a guide of None is the list of all.

    `leads`: the reader leads a team and organises nothing.
    """
    if endpoint is None:
        return None, None
    blueprint = endpoint.partition(".")[0]
    guide, section = PAGES.get(endpoint) or BLUEPRINTS.get(blueprint) or (None, None)
    if leads and guide == "organisers":
        return "leaders", OF_LEADERS.get(section or "", "team")
    return guide, section
