"""Names of codes on pages: states, kinds and roles of the database and the API."""

from collections.abc import Mapping

from backend.i18n.catalogues import N_, NP_

# By noun: code and English text.
LABELS: Mapping[str, Mapping[str, str]] = {
    # places and their figures
    "network": {"mobile": N_("Mobile"), "fixed": N_("Fixed line"), "unknown": N_("Unknown")},
    "levels": {"province": N_("Provinces"), "district": N_("Districts"), "commune": N_("Communes")},
    "level": {"province": N_("Province"), "district": N_("District"), "commune": N_("Commune")},
    "sample_count": {"received": N_("Received"), "valid": N_("Valid"), "counted": N_("Counted")},
    "sample_count_meaning": {
        "received": N_("Every stored test in a commune here, including failed tests."),
        "valid": N_(
            "Finished, with a usable position, time and network, and values that can be real."
        ),
        "counted": N_(
            "Valid, not a repeat: repeated tests of one phone in one place within 4 hours "
            "count as one."
        ),
    },
    # Parts of the counted number.
    "assurance": {
        "witnessed": NP_("part", "confirmed by the measuring host"),
        "ticketed": NP_("part", "measured at a registered host that does not sign"),
        "claimed": NP_("part", "reported by the phone alone"),
        "imported": NP_("part", "imported from files by decision of an admin"),
        "withdrawn": NP_("part", "of phones that have withdrawn since"),
    },
    "basis": {
        "received": N_("samples received"),
        "valid": N_("valid samples"),
        "counted": NP_("basis", "counted samples"),
    },
    "effect": {"not_valid": N_("not valid"), "not_counted": N_("valid, not counted")},
    "boundary_notice": {
        "approximate": N_(
            "<strong>Approximate boundaries.</strong> Official boundaries are not installed: "
            "communes are drawn around their known centres, so samples near a border may be "
            "misplaced."
        ),
        "derived": N_(
            "<strong>Derived boundaries.</strong> The boundaries of this month were rebuilt from "
            "other sources; they are not an official publication."
        ),
    },
    "column_type": {
        "string": NP_("column", "text"),
        "integer": NP_("column", "whole number"),
        "number": NP_("column", "number"),
        "boolean": NP_("column", "yes or no"),
    },
    "map_boundaries": {
        "approximate": N_("Approximate boundaries"),
        "derived": N_("Boundaries derived from other sources"),
    },
    "map_step": {
        "none": N_("no samples"),
        "started": N_("under 25%"),
        "quarter": N_("25% to under 50%"),
        "half": N_("50% to under 75%"),
        "most": N_("75% to under 100%"),
        "reached": N_("target reached"),
    },
    "unit_group": {
        "lacking": N_("Below target"),
        "none": N_("No samples yet"),
        "reached": N_("Target reached"),
        "listed": N_("Samples"),
    },
    "unit_group_of_communes": {
        "lacking": N_("Places with communes below target"),
        "reached": N_("All communes reached the target"),
    },
    "quality_reference": {
        "download_40": N_("4G samples of 40 Mbps down or more (QĐ 36/QĐ-TTg)"),
        "download_100": N_("5G samples of 100 Mbps down or more (QCVN 126:2021)"),
        "upload_30": N_("5G samples of 30 Mbps up or more (QCVN 126:2021)"),
        "ping_50": N_("5G samples of 50 ms latency or less (QCVN 126:2021)"),
    },
    # where the median lies from a reference
    "above_least": {
        "above": N_("median above the reference level"),
        "below": N_("median below the reference level"),
        "unclear": N_("not enough samples to conclude"),
    },
    "above_most": {
        "above": N_("median above the reference level (slower)"),
        "below": N_("median below the reference level (faster)"),
        "unclear": N_("not enough samples to conclude"),
    },
    "against_month_before": {
        "higher": N_("higher than last month, beyond chance; perhaps other people measured"),
        "lower": N_("lower than last month, beyond chance; perhaps other people measured"),
    },
    "use": {
        "web": N_("Web browsing"),
        "audio": N_("Music and radio"),
        "video": N_("Watching video"),
        "conference": N_("Video meetings, online lessons"),
        "backup": N_("Sending large files, online backup"),
        "gaming": N_("Online games"),
    },
    "picture_metric": {
        "download_mbps": N_("Download"),
        "upload_mbps": N_("Upload"),
        "ping_ms": N_("Latency"),
        "ping_download_ms": N_("Latency during a download"),
        "ping_upload_ms": N_("Latency during an upload"),
    },
    "median_map": {
        "download_mbps": N_("Median download"),
        "upload_mbps": N_("Median upload"),
        "ping_ms": N_("Median latency"),
        "ping_download_ms": N_("Median latency during a download"),
        "ping_upload_ms": N_("Median latency during an upload"),
    },
    "median_change": {
        "higher": N_("higher"),
        "lower": N_("lower"),
        "same": N_("no clear difference"),
    },
    "weekday_short": {
        "1": NP_("weekday", "Mon"),
        "2": NP_("weekday", "Tue"),
        "3": NP_("weekday", "Wed"),
        "4": NP_("weekday", "Thu"),
        "5": NP_("weekday", "Fri"),
        "6": NP_("weekday", "Sat"),
        "7": NP_("weekday", "Sun"),
    },
    "requirement": {
        "download_mbps": N_("download above {threshold} Mbps"),
        "upload_mbps": N_("upload above {threshold} Mbps"),
        "ping_ms": N_("latency below {threshold} ms"),
    },
    # fields of forms and addresses that people know, where an error names them
    "field": {
        "before_day": N_("Day"),
        "code": N_("Unit"),
        "level": N_("Level"),
        "metric": N_("Figure"),
        "network": N_("Network"),
        "operator": N_("Operator"),
        "page": N_("Page"),
        "reason": N_("Reason"),
        "show": N_("Show"),
        "sort": N_("Order"),
        "state": N_("State"),
        "technology": N_("Technology"),
        "unit": N_("Unit"),
    },
    "workspace": {
        "board": N_("Campaigns"),
        "desk": N_("Workspace of officials"),
        "admin": N_("Administration"),
    },
    "role": {
        "team_leader": N_("Team leader"),
        "organiser": N_("Organiser"),
        "official": N_("Official of an area"),
        "observer": N_("Observer of the country"),
        "admin": N_("Admin"),
    },
    "scope_kind": {
        "system": N_("the whole system"),
        "unit": N_("Unit"),
        "cluster": N_("Cluster of communes"),
        "organisation": N_("Organisation"),
        "team": N_("Team"),
        "campaign": N_("Campaign"),
    },
    # the measuring page
    "speed_figure": {
        "down": N_("Download"),
        "up": N_("Upload"),
        "ping": N_("Ping"),
        "jitter": N_("Jitter"),
    },
    "position_step": {
        "android_1": N_("Press the icon to the left of the page address (a lock or sliders)."),
        "android_2": N_("Choose “Permissions” → “Location” → “Allow”."),
        "android_3": N_(
            "Pull down the phone’s top bar and switch “Location” on, with high accuracy."
        ),
        "ios_1": N_("Open Settings → Privacy & Security → Location Services and switch it on."),
        "ios_2": N_("In the list choose Safari → “While Using”, and switch “Precise Location” on."),
        "ios_3": N_(
            "Back on this page press “aA” beside the address → Website Settings → Location → Allow."
        ),
    },
    # campaigns
    "campaign_state": {
        "draft": N_("draft"),
        "open": NP_("campaign", "open"),
        "closed": N_("closed"),
        "archived": N_("archived"),
    },
    "campaign_page": {
        "today": N_("Today"),
        "ended": N_("How it ended"),
        "teams": NP_("page", "Teams"),
        "plan": N_("Plan"),
        "signals": N_("Suspicious samples"),
        "settings": N_("Settings"),
    },
    "contributions_by": {
        "team": N_("By team"),
        "member": N_("By member"),
        "unit": N_("By commune"),
        "day": N_("By day"),
        "organisation": N_("By organisation"),
    },
    "contributions_of": {
        "team": N_("Team"),
        "member": N_("Member"),
        "unit": N_("Commune"),
        "day": N_("Day"),
        "organisation": N_("Organisation"),
    },
    "team_type": {
        "youth": N_("Youth team"),
        "community_digital": N_("Community digital team"),
        "staff": N_("Staff"),
        "other": NP_("team", "Other"),
    },
    "invitation_state": {
        "unsent": NP_("invitation", "not sent yet"),
        "copied": NP_("invitation", "copied"),
        "expired": NP_("invitation", "link expired"),
        "accepted": NP_("invitation", "has joined"),
    },
    "team_column": {
        "name": N_("Team"),
        "type": N_("Type"),
        "home_commune": N_("Home commune"),
        "capacity_per_day": N_("Samples per day"),
        "leader": N_("Leader"),
    },
    "import_row": {
        "create": N_("added"),
        "update": N_("changed"),
        "unchanged": N_("unchanged"),
        "error": N_("has an error"),
    },
    "official_row": {
        "invite": N_("will be invited"),
        "renew": N_("gets a new link"),
        "grant": N_("gets the role, has an account"),
        "confirm": N_("account not confirmed: the role waits for a new link"),
        "unchanged": N_("has the role already"),
        "empty": N_("left out: no contact"),
        "error": N_("has an error"),
    },
    "join_code_state": {
        "in_force": NP_("join code", "in force"),
        "expired": N_("expired"),
        "used_up": N_("used up"),
    },
    "signal_state": {
        "open": NP_("signal", "open"),
        "explained": N_("explained"),
        "excluded": N_("excluded"),
    },
    "signal_queue": {
        "open": N_("To review"),
        "explained": N_("Explained"),
        "excluded": N_("Excluded"),
        "all": N_("All"),
    },
    "queue_effect": {
        "campaign": N_(
            "Excluding takes the samples of the signal’s phones on its days out of the campaign’s "
            "figures; the counts of communes stay. Undoing counts them again."
        ),
        "unit": N_(
            "Excluding takes all samples of the signal’s phones in this area and month out of the "
            "counts. Undoing counts them again."
        ),
    },
    "plan_refusal": {
        "day_passed": N_("That day is over."),
        "outside_campaign": N_("That day is outside the campaign."),
        "plan_closed": N_("The campaign is closed."),
        "network_not_measured": N_("The campaign does not measure this kind."),
    },
    "plan_reason": {
        "pinned": N_("Pinned by the organiser"),
        "own": N_("Own commune first"),
        "reaches": N_("The plan brings it to its target"),
        "helps": N_("Reduces its shortfall"),
        "phones": N_("Enough samples, but few phones or outings: measure with other phones"),
    },
    # the desk of an official
    "unit_task": {
        "lacking": N_("Missing"),
        "not_started": N_("Not started"),
        "needs_teams": N_("Needs teams"),
        "out_of_reach": N_("Cannot make it"),
        "planned": N_("Planned in full"),
        "on_pace": N_("On pace"),
        "unknown": N_("Not in VNNIC’s table"),
        "missed": N_("Target missed"),
        "reached": N_("Reached"),
    },
    "place_state": {
        "recorded": N_("Recorded by the office"),
        "sent": N_("Sent to the operator"),
        "answered": N_("Answered by the operator"),
        "refused": N_("Refused, no plan yet"),
        "remeasure": N_("To be measured again"),
        "covered": N_("Has coverage now"),
        "uncovered": N_("Still without coverage"),
        "wrong": N_("Not a place without coverage"),
        "duplicate": N_("Already in the list"),
    },
    "outreach_kind": {
        "conference": N_("Conference, training"),
        "launch": N_("Launch, march"),
        "visits": N_("From house to house"),
        "media": N_("Loudspeakers, social media"),
        "document": N_("Document of the office"),
    },
    "outreach_audience": {
        "residents": N_("Residents"),
        "officials": N_("Officials"),
    },
    "outreach_by": {
        "province": N_("The province"),
        "commune": N_("Offices of communes"),
        "team": N_("Teams"),
    },
    "connection": {
        "mobile": N_("mobile network"),
        "wifi": N_("Wi-Fi"),
        "ethernet": N_("cable"),
        "unknown": N_("not known"),
    },
    "sample_source": {
        "app": N_("a measuring app"),
        "manual": N_("entered by hand"),
        "import": N_("imported from a file"),
    },
    "report_state": {
        "draft": N_("Draft"),
        "frozen": N_("Frozen"),
        "approved": N_("Approved"),
        "superseded": N_("Superseded"),
    },
    "report_check": {
        "month_over": N_("The month is not over yet."),
        "month_over_done": N_("The month is over."),
        "boundaries": N_("Boundaries are approximate: figures cannot be frozen on them."),
        "boundaries_done": N_("Boundaries are good enough."),
        "targets": N_("A target rests on no document of your office or the ministry."),
        "targets_done": N_("Targets rest on a document."),
        "days": N_("Days without any sample: {n}."),
        "days_done": N_("Samples on every day of the month."),
        "signals": N_("Open signals of gaming: {n}."),
        "signals_done": N_("No open signal of gaming."),
        "vnnic": N_("VNNIC’s figures are not imported."),
        "vnnic_part": N_("{network}: VNNIC’s figures of {n} of {whole} communes."),
        "vnnic_part_done": N_("{network}: VNNIC’s figures of {n} of {whole} communes."),
        "references": N_("No document is named that the letter answers."),
        "references_done": N_("The documents that the letter answers are named."),
        "pages": N_("The letter takes about {n} pages: shorten it to 2 or fewer."),
        "pages_done": N_("The letter takes about {n} pages."),
    },
    "report_hint": {
        "direction": N_("For example: documents issued, meetings, campaigns, announcements."),
        "results": N_("For example: results that the figures do not show."),
        "shortcomings": N_("For example: storms, few devices, why some communes lack samples."),
        "tasks": N_("For example: where, when and by whom the samples are made up."),
        "proposals": N_("For example: what the ministry or the operators should do."),
    },
    "report_file": {
        "docx": N_("Letter (Word)"),
        "xlsx": N_("Tables (Excel)"),
        "zip": N_("Raw tables (CSV in a ZIP)"),
        "json": N_("Machine-readable data (JSON)"),
    },
    "letterhead_field": {
        "superior": N_("Superior agency"),
        "agency": N_("Issuing agency"),
        "symbol": N_("Symbol"),
        "place": NP_("letter", "Place"),
        "recipients": NP_("letter", "To"),
        "copies": N_("Copies to"),
        "titles": N_("Lines above the signature"),
        "signer": N_("Name of the signer"),
        "headings": N_("Headings of a report’s sections"),
        "references": N_("Documents that letters answer"),
    },
    "letterhead_hint": {
        "recipients": N_("One per line."),
        "copies": N_("One per line."),
        "titles": N_("One per line; all but the last begin with TM., KT., TL., TUQ. or Q."),
        "headings": N_("Five, one per line, in this order; a section without content is left out."),
        "references": N_(
            "One per line, as a letter cites it: Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm"
            " 2024 của Bộ Thông tin và Truyền thông về việc … Without any, letters of a commune"
            " cite those of the province."
        ),
    },
    "place_answer": {
        "update": N_("recorded"),
        "unchanged": N_("no new answer"),
        "error": N_("error"),
    },
    "vnnic_row": {
        "create": N_("new"),
        "update": N_("replaces"),
        "unchanged": N_("as before"),
        "error": N_("error"),
    },
    # pages of admins
    "admin_section": {
        "overview": N_("Overview"),
        "users": N_("Users"),
        "places": N_("Boundaries and targets"),
        "connections": N_("Connections"),
        "log": N_("Log"),
    },
    "admin_page": {
        "index": N_("State"),
        "notices": N_("Notices to phones"),
        "connections": N_("Mail and sign-in"),
        "webhooks": N_("Webhooks"),
        "sets": N_("Boundaries"),
        "people": N_("People"),
        "organisations": N_("Organisations"),
        "clusters": N_("Clusters of communes"),
        "targets": N_("Targets"),
        "withdrawals": N_("Withdrawals"),
        "audit": N_("Audit log"),
    },
    "event": {
        "verdict.changed": N_("The verdict on a sample changed"),
        "commune.reached": N_("A commune reached its target"),
        "report.sealed": N_("A report was sealed"),
        "deadline.set": N_("A deadline was set"),
        "deadline.near": N_("A deadline is near"),
        "signal.opened": N_("A signal was opened"),
        "source.failed": N_("A source of reports failed"),
    },
    "webhook_disabled": {
        "by_admin": N_("Disabled by an admin."),
        "failing": N_("Disabled: nothing could be delivered for five days."),
        "gone": N_("Disabled: the receiver answered that it is gone (410)."),
        "events_deleted": N_(
            "Disabled: the next events are so old that they were deleted. Replay from a later "
            "number."
        ),
    },
    "webhook_error": {
        "timeout": N_("no answer within 10 seconds"),
        "refused": N_("connection refused"),
        "broken": N_("connection ended without an answer"),
        "tls": N_("certificate or encryption not valid"),
        "name_unknown": N_("name of the host unknown"),
        "address_forbidden": N_("address of the host not public"),
    },
    "check": {
        "configuration": N_("Configuration"),
        "database": N_("Database"),
        "migrations": N_("Database version"),
        "boundaries": NP_("check", "Boundaries"),
        "clock": N_("Clock"),
        "disk": N_("Disk"),
        "public_counts": N_("Public counts"),
        "settings_file": N_("File of settings"),
        "keys": N_("Secret keys"),
        "seal_keys": N_("Seal keys"),
        "report_sources": N_("Sources of reports"),
        "people": N_("People with positions"),
        "audit_log": N_("Chain of the audit log"),
        "second_factors": N_("Two-factor authentication"),
        "sign_ins": N_("Wrong sign-ins"),
        "counting": N_("Proof of samples"),
        "measuring_hosts": N_("Measuring hosts"),
        "office_sign_in": N_("Sign-in with the office's accounts"),
        "backups": N_("Backups"),
        "jobs": N_("Background jobs"),
        "webhooks": N_("Webhooks"),
        "signals": N_("Suspicious samples"),
    },
    "check_meaning": {
        "configuration": N_(
            "A server that is open to the network must run in production mode and know its proxy."
        ),
        "database": N_(
            "PostgreSQL must answer, be recent, and not let the serving role delete audit entries."
        ),
        "migrations": N_("The tables must have the version that this software expects."),
        "boundaries": N_(
            "With approximate boundaries a sample near a border may be placed in the wrong commune."
        ),
        "clock": N_("A wrong clock moves samples to another day."),
        "disk": N_(
            "Without free space new samples are refused; phones keep them and send them later."
        ),
        "public_counts": N_("The public sees the counts of communes as of the last full hour."),
        "settings_file": N_("Each setting should stand in one place."),
        "keys": N_("Only the server may read secret keys."),
        "seal_keys": N_("Reports must be sealed with keys that this server trusts."),
        "people": N_("The number of people whose positions are stored decides what the law asks."),
        "audit_log": N_("Each night a digest fixes the entries of the day before."),
        "second_factors": N_(
            "The secret key has changed: people with two-factor authentication cannot sign in."
        ),
        "sign_ins": N_("Somebody who guesses passwords keeps a person from signing in elsewhere."),
        "counting": N_("Samples should count only if a measuring host confirmed them."),
        "measuring_hosts": N_("Each must answer and sign; one that is down gets no tests."),
        "office_sign_in": N_(
            "The provider must answer, and each rule must give a role over something that exists."
        ),
        "backups": N_("A daily backup is needed; without one a broken disk loses the data."),
        "jobs": N_("A background job failed: speeds or maps are no longer updated."),
        "webhooks": N_("A receiver of events takes none: its program has old figures."),
        "report_sources": N_("The reports of other servers must arrive, with a seal that fits."),
        "signals": N_("Samples are searched for suspicious signals every night."),
    },
    "counts_from": {
        "witnessed": N_("signed by the measuring host"),
        "ticketed": N_("with a ticket of a registered host"),
        "claimed": N_("reported by the phone alone"),
    },
    "read": {  # what a person read of others
        "cells": N_("Read cells of few phones"),
        "contacts": N_("Read contacts of offices"),
        "members": N_("Read names of volunteers"),
        "notes": N_("Read places without a connection"),
        "people": N_("Read the list of people"),
        "samples": N_("Read single samples"),
        "signals": N_("Read samples of a signal"),
    },
    "check_state": {"well": N_("good"), "warning": N_("warning"), "wrong": N_("has an error")},
    "guide": {
        "volunteers": N_("Measure with a phone, also where there is no network"),
        "leaders": N_("Gather a team, follow its samples"),
        "organisers": N_("Set up a campaign, its teams and posters, and steer it"),
        "officials": N_("Read the figures, check samples, send the monthly report"),
        "admins": N_("Invite people, install boundaries, keep the installation healthy"),
    },
    "first_run": {
        "operator": N_("Name the operator and a contact"),
        "tls": N_("Open the site by https"),
        "mail": N_("Connect a mail server"),
        "backup": N_("Make a backup every day"),
        "boundaries": N_("Install commune boundaries"),
        "official": N_("Invite the first official"),
    },
    # where settings are written, and how they come into force
    "started_by": {
        "serve": N_(
            "The settings are written into a file that the server reads as it starts; they apply "
            "after: scripts/serve --reload"
        ),
        "systemd": N_(
            "The settings are written into a file that the server reads as it starts; type it in "
            "the folder of the software, as root. They apply after: systemctl reload dosong"
        ),
        "compose": N_(
            "The settings are written into a file that the server reads as it starts; they apply "
            "after: docker compose restart app"
        ),
    },
    "first_run_reason": {
        "operator": N_("They stand in the footer of each page and in the consent of volunteers."),
        "tls": N_(
            "Browsers give a position only to encrypted pages. Install a certificate, then set the "
            "address by which people open the site."
        ),
        "mail": N_("Invitations, reminders and daily summaries are then sent by e-mail."),
        "backup": N_(
            "This step is done after the first backup; docs/operator.md has a timer. Copy "
            "VAR_DIR/backup_key to another place: nothing else decrypts a backup."
        ),
        "boundaries": N_("Until then samples near a border may be placed in the wrong commune."),
        "official": N_("Officials see their communes, check samples and send the monthly report."),
    },
    "mail_setting": {
        "SMTP_HOST": N_("Mail server"),
        "SMTP_PORT": N_("Port"),
        "SMTP_TLS": N_("Encryption (STARTTLS)"),
        "SMTP_USER": N_("User name"),
        "SMTP_PASSWORD": N_("Password"),
        "MAIL_FROM": N_("Sender"),
    },
    "oidc_setting": {
        "OIDC_ISSUER": N_("Address of the provider"),
        "OIDC_CLIENT_ID": N_("Name of this installation there"),
        "OIDC_NAME": N_("Text of the button"),
        "OIDC_RULES": N_("Rules that give roles"),
    },
    # what failed, and what to do
    "mail_failure": {
        "login": N_(
            "The mail server rejected the user name or password. Check SMTP_USER and "
            "SMTP_PASSWORD; Gmail and Outlook need an app password."
        ),
        "letters": N_(
            "SMTP_USER or SMTP_PASSWORD has letters with accents, which this sign-in cannot send."
        ),
        "not_supported": N_(
            "The mail server offers no encryption (STARTTLS) or no sign-in on this port. "
            "Check SMTP_PORT, usually 587; for a relay inside the office set SMTP_TLS=false."
        ),
        "sender": N_("The mail server does not accept the sender. Check MAIL_FROM."),
        "recipient": N_("The mail server does not accept this recipient. Check the address."),
        "refused_text": N_("The mail server refused the mail itself, for instance as spam."),
        "disconnected": N_(
            "The mail server ended the connection. Check SMTP_PORT: 465 expects another kind of "
            "encryption; use 587."
        ),
        "greeting": N_("The mail server refused the connection. Its answer says why."),
        "protocol": N_("The mail server answered in an unexpected way."),
        "encryption": N_(
            "No encrypted connection: the server’s certificate is invalid, or the port is wrong."
        ),
        "host": N_("There is no server of this name. Check SMTP_HOST and the DNS of this server."),
        "closed": N_("Nothing answers on this port. Check SMTP_HOST, SMTP_PORT and the firewall."),
        "time": N_(
            "No answer in time. Check SMTP_HOST, SMTP_PORT (587, not 465), and whether the "
            "firewall lets mail out."
        ),
        "network": N_("The mail server cannot be reached over the network."),
    },
    "job": {
        "reassign": N_("Reassign communes"),
        "remove_demo": N_("Remove the demo"),
        "check_set": N_("Check a boundary set"),
        "try_set": N_("Compute what a boundary set moves"),
        "load_set": N_("Add a boundary set"),
    },
    "job_state": {
        "waiting": N_("waiting"),
        "running": N_("running"),
        "done": N_("done"),
        "failed": N_("failed"),
    },
    "boundary_finding": {
        "another_list": N_("Different list"),
        "twice": N_("Duplicate code"),
        "malformed": N_("Invalid code"),
        "invalid": N_("Invalid shape"),
        "away": N_("Outside Vietnam"),
        "unknown": N_("Unknown code"),
        "missing": N_("No polygon"),
        "overlap": N_("Overlap"),
        "gap": N_("Gap"),
        "strayed": N_("Centre in another unit"),
        "adrift": N_("Centre outside all units"),
        "area": N_("Area differs"),
        "repaired": N_("Repaired"),
    },
    "boundary_finding_meaning": {
        "another_list": N_(
            "More than half of the codes are not listed: another system, or another column."
        ),
        "twice": N_("Two polygons have one code."),
        "malformed": N_("A code is not digits."),
        "invalid": N_("The shape could not be repaired."),
        "away": N_("Wrong coordinate system, or swapped axes."),
        "unknown": N_("Not in the list; will be added to it."),
        "missing": N_("A listed unit that is missing in the file."),
        "overlap": N_("Two units overlap."),
        "gap": N_("An enclosed area that belongs to no unit."),
        "strayed": N_("The known centre of a unit is in another unit."),
        "adrift": N_("The known centre is outside all units."),
        "area": N_("Differs by more than 5 percent from the published area."),
        "repaired": N_("An invalid shape that was repaired."),
    },
    # reasons of GEOS for an invalid shape
    "shape_fault": {
        "Self-intersection": N_("Self-intersection"),
        "Ring Self-intersection": N_("Ring Self-intersection"),
        "Too few points in geometry component": N_("Too few points in geometry component"),
        "Hole lies outside shell": N_("Hole lies outside shell"),
        "Holes are nested": N_("Holes are nested"),
        "Interior is disconnected": N_("Interior is disconnected"),
        "Nested shells": N_("Nested shells"),
        "Duplicate Rings": N_("Duplicate Rings"),
        "Invalid Coordinate": N_("Invalid Coordinate"),
        "Ring is not closed": N_("Ring is not closed"),
        "Repeated Point": N_("Repeated Point"),
    },
    "boundary_quality": {
        "published": N_("published"),
        "derived": N_("derived"),
        "approximate": N_("approximate"),
    },
    "import_act": {
        "official.import": N_("Invitation of officials"),
        "team.import": N_("List of teams"),
        "membership.import": N_("Past memberships"),
        "vnnic.import": N_("VNNIC’s count"),
        "units.load": N_("Boundary set"),
        "import": N_("Import of samples started"),
        "imported": NP_("import", "Samples"),
    },
    "rule_effect": {
        "not_valid": N_("not valid"),
        "not_counted": N_("not counted"),
        "mark": N_("a mark only"),
    },
    "organisation_type": {
        "youth_union": N_("Youth Union"),
        "community_digital_team": N_("Community digital team"),
        "department": N_("Department"),
        "operator": NP_("organisation type", "Operator"),
        "other": N_("Other"),
    },
    "target_purpose": {
        "target": N_("Monthly target"),
        "assessment": N_("Minimum number for an assessment"),
    },
    "withdrawal_channel": {
        "app": N_("app"),
        "restore": N_("restore of a backup"),
        "code": N_("withdrawal code"),
        "letter": N_("letter"),
        "email": N_("e-mail"),
        "telephone": N_("telephone"),
        "in_person": N_("in person"),
    },
}
