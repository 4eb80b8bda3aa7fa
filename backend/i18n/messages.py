"""The texts that users read for the codes that the API raises."""

from backend.i18n.catalogues import N_, gettext
from backend.i18n.languages import Language

# code: English text; {names} are filled from the error's parameters.
TEXTS: dict[str, str] = {
    # problems
    "bad_request": N_("The request cannot be read."),
    "not_json": N_("The body is not valid JSON."),
    "bad_gzip": N_("The gzip data is damaged or cut off."),
    "unauthorized": N_("The token is missing or no longer valid."),
    "forbidden": N_("You may not do this."),
    "not_found": N_("There is no such thing here."),
    "method_not_allowed": N_("This address does not take that method."),
    "conflict": N_("This id is already in use for other content."),
    "length_required": N_("The request must tell the length of its body."),
    "too_large": N_("The body is too large."),
    "address_too_long": N_("The address is too long."),
    "head_too_large": N_("The head of the request is too large."),
    "unsupported_media_type": N_("Only application/json is taken."),
    "invalid": N_("One or more fields cannot be used."),
    "too_many_requests": N_("Too many requests; try again later."),
    "unavailable": N_("The service is away for a moment; try again."),
    "busy": N_("The server has too much to do; try again in some seconds."),
    "internal": N_("Something went wrong in the server."),
    "consent_required": N_("Your explicit consent is required."),
    "already_registered": N_("This device is already registered."),
    "attestation_required": N_("An attestation of the app is required."),
    "withdrawal_code_unknown": N_(
        "No device has this withdrawal code; it may have been withdrawn already."
    ),
    "withdrawn": N_(
        "Your consent is withdrawn, with effect at once. Device, positions, exact times and "
        "original bodies are deleted; what remains are anonymous figures of the area."
    ),
    "level_unknown_then": N_("This level did not exist in that month."),
    "in_future": N_("This moment has not come yet."),
    "month_in_future": N_("This month has not begun."),
    "unit_unknown": N_("There is no such unit on that day."),
    "set_unknown": N_("There is no such boundary set."),
    "set_exists": N_("A boundary set of this name is there already; choose another name."),
    # fields
    "not_cursor": N_("Not a cursor that this API gave."),
    "required": N_("This field is missing."),
    "null": N_("This field must not be null."),
    "not_object": N_("Must be an object."),
    "not_list": N_("Must be a list."),
    "not_text": N_("Must be a string."),
    "not_number": N_("Must be a finite number."),
    "not_whole": N_("Must be a whole number."),
    "not_bool": N_("Must be true or false."),
    "not_uuid": N_("Must be a UUID."),
    "not_time": N_("Must be an ISO 8601 time with an offset."),
    "not_day": N_("Must be a day, YYYY-MM-DD."),
    "not_month": N_("Must be a month, YYYY-MM."),
    "out_of_range": N_("The value is out of range."),
    "too_long": N_("Too long."),
    "wrong_length": N_("Too few or too many items."),
    "not_one_of": N_("Not one of the allowed values."),
    "has_nul": N_("Holds a NUL character."),
    "not_unicode": N_("Holds half a character (a lone surrogate)."),
    "too_deep": N_("Nested too deeply."),
    "unknown_field": N_("Unknown field."),
    "id_taken": N_("This id is already in use for other content."),
    # accounts
    "not_accepted_yet": N_(
        "This person has not accepted the invitation yet; grant more once they have a password."
    ),
    "sign_in_failed": N_("The name or the password is wrong."),
    "totp_required": N_("Enter the six digits that your authenticator app shows."),
    "totp_wrong": N_("The six digits are wrong, too old or used already."),
    "totp_on": N_("The second factor is on; switch it off before setting up another."),
    "totp_not_offered": N_("Setting up a second factor was not begun."),
    "totp_needed": N_("An admin has to set up the second factor first."),
    "csrf_failed": N_(
        "The page's protecting token is missing or does not fit; load the page again."
    ),
    "session_required": N_("This is for a person who has signed in, not for a program's token."),
    "link_not_valid": N_("The link is unknown, used or too old."),
    "account_exists": N_("This name has an account already; grant a further role to that."),
    "last_admin": N_("This is the last admin; make somebody else one first."),
    "too_many_tokens": N_("There are too many tokens; revoke those no longer in use."),
    "not_a_name": N_("Must be an e-mail address or a telephone number."),
    "password_short": N_("A password has at least 10 characters."),
    "password_common": N_("This password is too easy to guess."),
    "password_is_name": N_("The password must not contain the name."),
    "password_wrong": N_("The password is wrong."),
    "scope_unknown": N_("There is no such team, organisation or unit."),
    "scope_not_taken": N_("This role does not take such a scope."),
    "unit_ambiguous": N_("Units of several levels have this code; name the level."),
    "unit_ended": N_("This unit exists no more."),
    "in_the_past": N_("This moment has passed."),
    # jobs and boundary sets
    "job_open": N_("This work waits or runs already."),
    "set_file_kind": N_(
        "No boundary file that can be read: GeoJSON, GeoPackage, GeoParquet, or a ZIP of a "
        "shapefile or GeoJSON is wanted."
    ),
    "set_file_damaged": N_("The ZIP is damaged or has a password."),
    "set_file_large": N_("Unpacked, the ZIP is too large or has too many files."),
    "set_memory": N_(
        "The set needs more memory than SET_MEMORY_MB allows: leave fewer vertices in its shapes, "
        "or ask the operator to allow more."
    ),
    "set_file_unsafe": N_("The ZIP names files outside of its own folder."),
    "set_file_several": N_("The ZIP holds several sets; leave one in it."),
    "upload_gone": N_("The file is no longer kept; send it again."),
    # archives
    "archive_of_running_month": N_("The month is not over: it is not archived yet."),
    "archive_missing": N_("There is no archive of this month."),
    "archive_damaged": N_("The archive is damaged, or was altered."),
    "archive_differs": N_("The database differs from the archive: archive the month again."),
    "archive_holds_more": N_(
        "The archive holds more measurements than the database: restore the month first."
    ),
    # decisions of officials in their area
    "ids_or_device": N_("Name measurements or the number of one device, not both."),
    "not_in_unit": N_("There is no such sample in this unit and month."),
    "device_unknown": N_("No device has this number in this unit and month."),
    "device_ambiguous": N_("Two devices have this number in this month: name the samples."),
    "signal_unknown": N_("There is no such sign in this unit and month."),
    "areas_or_cluster": N_("Name units or a cluster of communes, not both."),
    "no_such_cluster": N_("There is no such cluster of communes."),
    "cluster_ended": N_("This cluster of communes has ended."),
    "units_ended": N_("These units ended before that day."),
    "sample_counted": N_("The sample counts."),
    "sample_valid_not_counted": N_("The sample is valid, but does not count:"),
    "sample_not_valid": N_("The sample is not valid:"),
    "unit_or_cluster": N_("Name a unit or a cluster of communes."),
    "no_own_area": N_("Only the official whose area it is lends it."),
    "deputy_too_long": N_("An area is lent for a year at most."),
    "deputy_unknown": N_("Nobody else signs in with this name."),
    "already_lifted": N_("This decision has been taken back already."),
    # attribution to teams
    "team_not_in_campaign": N_("This team takes no part in the campaign."),
    "ids_or_filter": N_("Choose by ids or by a filter, not by both."),
    "too_many_chosen": N_("Too many measurements at once; narrow the filter."),
    "over_cap": N_("Over the campaign's daily limit of a device; the commune still counts it."),
    "excluded_in_campaign": N_(
        "The organiser took it out of the campaign's figures; the commune still counts it."
    ),
    # organisations, teams and campaigns
    "precondition_required": N_("Send If-Match with the version (ETag) that you saw."),
    "precondition_failed": N_(
        "Somebody else changed this first; look at it again, then change it."
    ),
    "blank": N_("Needs at least one letter or digit."),
    "name_taken": N_("This name is taken already, perhaps by one that has ended."),
    "no_such_unit": N_("There is no such unit in that system and level."),
    "no_such_organisation": N_("There is no such organisation."),
    "parent_loop": N_("An organisation cannot lie below itself or below one of its own."),
    "organisation_ended": N_("The organisation of this team has ended."),
    "team_ended": N_("This team has ended."),
    "before_first_day": N_("The last day must not be before the first."),
    "state_not_reachable": N_("A campaign cannot go from its present state to this one."),
    "campaign_archived": N_("The campaign is archived and stays as it is."),
    "campaign_running": N_(
        "The campaign is no draft any more: changing this moves what teams earned. Preview it, "
        "then change it by …/changes."
    ),
    "campaign_not_draft": N_(
        "Only a draft can be removed; close this campaign and archive it instead."
    ),
    "campaign_used": N_("People joined this campaign or it has results: it cannot be removed."),
    # cells of a unit
    "cells_rule": N_(
        "Only cells in which at least {least} devices measured are shown; the others are summed "
        "up, so that nobody's home or habits can be told from them."
    ),
    "cells_all": N_(
        "Every cell is shown: this area is yours. Do not pass on those of few devices."
    ),
    "evenness_definition": N_(
        "Evenness = effective cells / cells that could be reached. Effective cells are one over "
        "the sum of squared shares of the cells: 1 where all samples come from one place. What "
        "could be reached are the unit's cells, or the samples where these are fewer. Cells where "
        "nobody lives are among them."
    ),
    # contributions
    "no_days": N_("These limits leave no day between them."),
    "rank_needed": N_(
        "Ranked by needed samples: counted ones among the first of their commune and month, up to "
        "its target, by measuring time, whoever took them. Measuring where samples lack ranks "
        "above adding to what is enough. Equals share a place. By Đo Sóng's own figures."
    ),
    "rank_counted": N_(
        "Ranked by counted samples, whether their commune still lacked any or not. Equals share a "
        "place. By Đo Sóng's own figures."
    ),
    "rank_no_target": N_(
        "No target is in force, so no sample is known to be needed. Ranked by counted samples. "
        "Equals share a place. By Đo Sóng's own figures."
    ),
    # coverage and its targets
    "target_overlaps": N_(
        "There is a target of this level, network, purpose and unit on some of these days; let it "
        "end first."
    ),
    "not_published": N_("The figures of this month are not published yet."),
    "not_of_this_level": N_("The unit is not of that level."),
    # imported lists
    # the file
    "not_table": N_("Only a CSV or XLSX file is taken."),
    "encoding_unknown": N_("The file's encoding is not known; save it again as CSV UTF-8 or XLSX."),
    "encoding_unclear": N_(
        "The file reads in two encodings with different letters; save it again as CSV UTF-8 or "
        "XLSX."
    ),
    "old_workbook": N_("This is a workbook of an old Excel (.xls); save it again as .xlsx."),
    "not_workbook": N_("The XLSX file is damaged or locked by a password."),
    "unpacks_too_large": N_("The XLSX file unpacks to too much."),
    "no_header": N_("There is no header with a column “Team name”; use the template."),
    "column_twice": N_("Two columns of the header mean the same."),
    "no_rows": N_("There are no rows below the header."),
    "too_many_rows": N_("More than 5,000 rows; cut the file into several."),
    # the import
    "import_refused": N_(
        "Nothing was written, since some rows cannot be used; correct them and send it again."
    ),
    "import_overtaken": N_(
        "A team of one of these names was made just now; nothing was written, try again."
    ),
    # a row
    "not_csv": N_("A quotation mark is not closed or stands in a wrong place."),
    "too_many_cells": N_(
        "More cells than the header has; put a cell that holds the delimiter in quotation marks."
    ),
    "row_twice": N_("This team's name stands in a row above."),
    "example_left": N_("Delete the example row."),
    # a cell
    "cell_is_date": N_(
        "The spreadsheet made a date of this cell; format it as text and type it again."
    ),
    "cell_is_logical": N_("This cell is a logical value; format it as text and type it again."),
    "cell_is_error": N_("The formula of this cell is in error."),
    "cell_is_formula": N_(
        "The formula of this cell has no result; open the file and save it again, or paste values."
    ),
    "has_control": N_("Holds a control character."),
    "letters_lost": N_(
        "Letters were lost (the question marks); save the file again as CSV UTF-8 or XLSX."
    ),
    "like_formula": N_(
        "A name must not begin with = + - @: a spreadsheet would run it as a formula."
    ),
    "type_unknown": N_("There is no such type of team; those that are taken stand beside."),
    "not_contact": N_("Must be an e-mail address or a telephone number."),
    "place_unknown": N_("No commune has this name today."),
    "place_code_unknown": N_("No commune has this code today."),
    "place_ambiguous": N_(
        "Several communes have this name; add what it lies in, or write its code."
    ),
    # notes
    "code_padded": N_("The spreadsheet dropped the code's leading zeros; they were put back."),
    "place_loosely": N_("Found without its accents; look whether it is the right one."),
    "place_at_home": N_(
        "Several places have this name; the one in the organisation's area was taken."
    ),
    "leader_not_invited": N_("Neither invited nor kept; invite the leader separately."),
    # join codes and members
    "join_code_unknown": N_("There is no such join code. Check each letter."),
    "join_code_none": N_("The team has no join code in this campaign yet."),
    "join_code_revoked": N_(
        "This join code was replaced by another. Ask your team leader for the new one."
    ),
    "join_code_expired": N_("The join code has expired. Ask your team leader for a new one."),
    "join_code_used_up": N_(
        "The join code was used as often as it may be. Ask your team leader for a new one."
    ),
    "campaign_not_open": N_("The campaign is not open yet; nobody can join it."),
    "campaign_over": N_("The campaign is over; nobody can join it any more."),
    "other_team": N_(
        "You are in another team of this campaign. To change, confirm the transfer: what you "
        "measure from then on counts for the new team, what you measured before stays with the old "
        "one."
    ),
    "at_once": N_(
        "Another request was carried out at the same moment. See which team you are in, then try "
        "again."
    ),
    "not_joined": N_("This phone has not joined a team."),
    "teams_differ": N_(
        "The two phones are in different teams of one campaign, so they cannot be linked. Leave "
        "one of the teams, or move to the same one, then link again."
    ),
    "already_member": N_("This phone is in a team of the campaign already; it cannot be a guest."),
    "host_not_member": N_("Only a member of one of the campaign's teams can bring guests."),
    "pass_unknown": N_("There is no such code. Check each letter."),
    "pass_used": N_("Another phone has used this code. Make a new one."),
    "pass_expired": N_("This code has expired. Make a new one."),
    "in_past": N_("This moment has passed."),
    "not_name": N_("A name must have letters to read."),
    "name_consent_required": N_(
        "A name is shown only if you explicitly agree that your team leader and organiser see it."
    ),
    # how a volunteer without a name is called
    "member_numbered": N_("Member {number}"),
    "guest_numbered": N_("Guest {number}"),
    # letterheads
    "not_for_another": N_(
        "The lines before the signer's title must begin with TM., KT., TL., TUQ. or Q."
    ),
    # open data
    "data_of_running_month": N_("The month is not over: its open data is not published yet."),
    # memberships of the past
    "no_header_members": N_(
        "There is no header with a column “Volunteer”; the columns are Volunteer, Team, From, To."
    ),
    "volunteer_unknown": N_("No volunteer of this number was ever in a team of the organisation."),
    "team_unknown": N_("The organisation has no such team."),
    "team_ambiguous": N_("Several teams have this name; write the team's number."),
    "not_moment": N_("Must be a day or a day with the time, as 2024-11-05 or 2024-11-05 14:30."),
    "before_since": N_("Must be after the beginning."),
    "not_past": N_("It must lie in the past; from now on volunteers join by a code themselves."),
    "other_team_then": N_("The volunteer was in another team of the campaign at that time."),
    # plans
    "plan_closed": N_("The campaign is over; there is nothing left to plan."),
    "day_passed": N_("This day has passed."),
    "outside_campaign": N_("The campaign does not run on this day."),
    "outside_area": N_("This commune is outside the campaign's area."),
    "network_not_measured": N_("The campaign does not measure this kind of network."),
    "plan_rule": N_(
        "The commune that lacks least comes first, and only if the teams within 50 km can bring it "
        "to its target by the end of the month or the campaign: the nearest team goes; where that "
        "is not enough, teams change places. What is left helps the communes that stay below. "
        "Teams without a known home come last; a team of unknown capacity cannot be planned for. "
        "What the organiser pinned stands."
    ),
    "capacity_unknown": N_(
        "Nobody knows how many samples this team takes a day: set its capacity."
    ),
    "home_unknown": N_(
        "Nobody knows where this team is at home: set its unit, so that it is sent nearby."
    ),
    "nothing_in_reach": N_("No commune within 50 km lacks samples for which this team is needed."),
    "position_needed": N_("In no team and without a measurement yet: send a position."),
    "both_or_neither": N_("Send both latitude and longitude, or neither."),
    "outside_every_commune": N_("The position lies in no commune of Vietnam."),
    "target_reached_here": N_("This commune has reached its target for the month. Thank you!"),
    "nothing_planned": N_("There is nowhere that the team has to go today."),
    # reports
    "report_exists": N_(
        "This unit has a report of that month already; to make another, supersede it."
    ),
    "report_not_draft": N_("The report's figures are frozen; to change anything, supersede it."),
    "report_not_frozen": N_("The report's figures are not frozen yet."),
    "report_approved": N_("The report is approved already."),
    "report_not_approved": N_("The report is not approved yet."),
    "report_superseded": N_("There is a later edition of this report."),
    "month_not_over": N_("The month is not over in Vietnam: its figures cannot be frozen yet."),
    "boundaries_approximate": N_(
        "The month's figures rest on approximate boundaries: install boundaries and reassign, then "
        "freeze."
    ),
    "figures_moving": N_("The month's figures are changing right now; try again in some minutes."),
    "name_required": N_("The name of whoever approves is needed."),
    "day_in_future": N_("This day has not come."),
    "not_section": N_("A report has no such section."),
    "not_pdf": N_("Only a PDF file is taken."),
    "digest_unknown": N_(
        "No approved report has this digest. A file that should have it was changed, be it by a "
        "single byte."
    ),
    # signals of manipulated samples
    "signals_explained": N_(
        "These are signs for people to look at, not findings of guilt. No sample is excluded by "
        "itself: ask the team first, then note what it came to."
    ),
    "too_many_to_look_at": N_("Too many samples to look at in one go: ask by province or commune."),
    "signal_one_place_many_devices": N_("Many devices in one place only"),
    "signal_one_place_many_devices_found": N_(
        "{devices} measured almost only in one place: {measurements}, on {days} with many devices."
    ),
    "signal_one_place_many_devices_may_be": N_(
        "It may also be a dormitory, a block of flats or an office."
    ),
    "signal_devices_in_lockstep": N_("Devices in lockstep"),
    "signal_devices_in_lockstep_found": N_(
        "{devices} measured {times} times with the same lag of {lag_s}."
    ),
    "signal_devices_in_lockstep_may_be": N_(
        "It may also be one person with two phones that measure by a timer."
    ),
    "signal_speeds_repeated": N_("Results repeated to the decimal"),
    "signal_speeds_repeated_found": N_(
        "{times} samples of {devices} have the same download, upload and ping to the last digit."
    ),
    "signal_speeds_repeated_may_be": N_(
        "It may also be a fault of the app that sends an old result again."
    ),
    "signal_impossible_travel": N_("Impossible travel"),
    "signal_impossible_travel_found": N_(
        "A device moved faster than any vehicle {jumps} times, at up to {fastest_m_per_s} metres "
        "per second."
    ),
    "signal_impossible_travel_may_be": N_(
        "It may also be a phone that is often wrong about its position."
    ),
    "signal_mock_share": N_("Mock positions"),
    "signal_mock_share_found": N_(
        "{measurements} of a device have a position set by another app, a share of {share}."
    ),
    "signal_mock_share_may_be": N_("It may also be a phone with an external receiver."),
    "signal_night_bursts": N_("Bursts at night"),
    "signal_night_bursts_found": N_("{times} samples of one device in the night of {day}."),
    "signal_night_bursts_may_be": N_("It may also be somebody who measures on a night shift."),
    "signal_new_devices_once": N_("Many new devices that measured once"),
    "signal_new_devices_once_found": N_(
        "On {day}, {once} of {new} new devices in one place measured once and never again."
    ),
    "signal_new_devices_once_may_be": N_(
        "It may also be a morning of helping residents who were not noted as guests."
    ),
    "signal_same_coordinates": N_("Many samples at exactly the same coordinates"),
    "signal_same_coordinates_found": N_(
        "{times} samples of {devices} have coordinates equal to the last digit, in {hours}."
    ),
    "signal_same_coordinates_may_be": N_("It may also be a position from indoor Wi-Fi."),
    # VNNIC's counts
    "vnnic_not_table": N_("Only a CSV or XLSX table or VNNIC's JSON is taken."),
    "vnnic_no_header": N_(
        "There is no column of samples; say which it is, such as columns=samples=Số lượng."
    ),
    "vnnic_columns_unreadable": N_("Write it as column=title;column=title."),
    "vnnic_unit_unknown": N_("The month's list has no such unit."),
    "vnnic_unit_ambiguous": N_(
        "Several units have this name; add its type, what it lies in, or its code."
    ),
    "vnnic_code_not_name": N_("Code and name are not those of one unit in that month."),
    "vnnic_outside_area": N_("The unit lies outside your area."),
    "vnnic_unit_twice": N_("This unit stands in a row above."),
}


def message(code: str, language: Language) -> str:
    """The text for a code; the code itself where there is none."""
    return gettext(TEXTS[code], language) if code in TEXTS else code
