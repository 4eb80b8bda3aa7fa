"""The texts that users read for the codes that the API raises."""

from collections.abc import Sequence

from backend.i18n.catalogues import N_, Language, gettext

# code: English text; {names} are filled from the error's parameters.
TEXTS: dict[str, str] = {
    # problems
    "bad_request": N_("The request cannot be read."),
    "not_json": N_("The body is not valid JSON."),
    "bad_gzip": N_("The gzip data is damaged or cut off."),
    "unauthorized": N_("The token is missing or no longer valid."),
    "forbidden": N_("You are not allowed to do this."),
    "not_found": N_("Not found."),
    "method_not_allowed": N_("This address does not accept that method."),
    "conflict": N_("This id is already in use for other content."),
    "length_required": N_("The request must state the length of its body."),
    "too_large": N_("The body is too large."),
    "address_too_long": N_("The address is too long."),
    "unsupported_media_type": N_("Only application/json is accepted."),
    "invalid": N_("One or more fields are invalid."),
    "nobody_chosen": N_("Choose at least one contact."),
    "no_mail_server": N_("No mail server is set up (SMTP_HOST)."),
    "too_many_requests": N_("Too many requests; try again later."),
    "transfer_too_slow": N_("The transfer took too long; measure again."),
    "host_unconfirmed": N_(
        "Links cannot begin with this address yet. An admin opens this site here once, signed in, "
        "or sets PUBLIC_URL."
    ),
    "request_timeout": N_("The request took too long to arrive; send it again."),
    "unavailable": N_("The service is temporarily unavailable; try again."),
    "busy": N_("The server is overloaded; try again in a few seconds."),
    "internal": N_("Server error."),
    "consent_required": N_("Your explicit consent is required."),
    "notes_not_agreed": N_(
        "The consent of this phone does not name places without a connection; agree to the newer "
        "text."
    ),
    "control_server_unknown": N_(
        "This control server address belongs to no phone. Get your own address at /do/apps, where "
        "you agree first."
    ),
    "speed_tests_only": N_("This server takes only speed tests of this app."),
    "app_counted": N_("Samples measured with RTR-NetTest count here."),
    "app_uncounted": N_(
        "Samples measured with RTR-NetTest do not count here: the measuring host does not sign "
        "them. Measure at /do to help the commune."
    ),
    "no_measuring_server": N_("This server has no measuring server for this app."),
    "already_registered": N_("This device is already registered."),
    "withdrawal_code_unknown": N_(
        "No device has this withdrawal code; it may have been withdrawn already."
    ),
    "withdrawn": N_(
        "Your consent is withdrawn with immediate effect. The device, positions, exact times "
        "and original bodies are deleted. Samples of the last 7 days no longer count; of older "
        "ones only anonymous figures of the area remain."
    ),
    "level_unknown_then": N_("This level did not exist in that month."),
    "in_future": N_("This time is in the future."),
    "month_in_future": N_("This month has not begun."),
    "unit_unknown": N_("There is no such unit on that day."),
    "unit_code_and_name": N_(
        "The code belongs to a unit of another name; choose the one you mean."
    ),
    "unit_which": N_("Several units may be meant; choose one of them."),
    "unit_was": N_("The unit of this name ended; choose from the units on its ground today."),
    "unit_outside": N_("This unit is outside your area."),
    "team_which": N_("Several teams may be meant; choose one of them."),
    "team_has_members": N_("The team has members in this campaign; end it instead."),
    "no_such_team": N_("There is no such team."),
    "operator_unnamed": N_(
        "Posters cannot be printed yet, because the server does not say who runs it. "
        "Tell its admin."
    ),
    "not_telephone": N_("Must be a telephone number, such as 0912 345 678."),
    "not_email": N_("Must be an e-mail address, such as van.a@example.vn."),
    "phone_or_email": N_("A contact needs a telephone number or an e-mail address."),
    "contacts_overtaken": N_(
        "One of these contacts was just added; nothing was imported, try again."
    ),
    "contact_twice": N_("This unit already has a contact of this name; change that one."),
    "contact_official": N_(
        "This person is an official of the unit, and stays while the role lasts."
    ),
    "outreach_similar": N_(
        "There is an activity of this kind on that day in that commune. Is it the same event?"
    ),
    "outreach_frozen": N_(
        "The report of the province for this month is frozen: its activities stay as they are."
    ),
    "outreach_full": N_("There are too many activities in this month."),
    "outreach_district": N_("Activities are entered by offices of provinces and communes."),
    "document_of_office": N_("Documents are entered by the office that issued them."),
    "no_people_of_kind": N_("No attendances are counted for this kind."),
    "no_outreach_header": N_(
        "No column of activities was found. Head the columns: Ngày, Mã, Nơi thực hiện, Hoạt động, "
        "Đối tượng, Lượt người, Ghi chú, Số văn bản, Ngày văn bản."
    ),
    "outreach_other_month": N_("This day is in another month; import each month by itself."),
    "outreach_kind_unknown": N_("Not a known kind of activity."),
    "outreach_audience_unknown": N_("Not a known audience."),
    "outreach_row_twice": N_("This activity is already in row {0}."),
    "outreach_row_similar": N_(
        "There is an activity of this kind on that day in that commune; if it is the same event, "
        "remove one of them."
    ),
    "hamlet_known": N_("There is a hamlet of this name in the commune already."),
    "hamlet_code_known": N_("Another hamlet of the province has this code."),
    "too_many_hamlets": N_("The list has too many hamlets: remove those that are no more."),
    "no_hamlet_header": N_(
        "No column of hamlets was found. Head the columns: Mã thôn, Thôn, Mã xã, Xã, Vĩ độ, Kinh "
        "độ, Số hộ, Điện lưới."
    ),
    "hamlet_row_twice": N_("This hamlet is already in row {0}."),
    "hamlet_code_twice": N_("This code is already in row {0}."),
    "hamlet_elsewhere": N_("The position is in {0}; the hamlet stays in its commune."),
    "hamlet_nowhere": N_("The position is in no commune; the hamlet stays in its commune."),
    "hamlet_has_places": N_("A place to be repaired is in this hamlet: the list keeps it."),
    "no_such_hamlet": N_("The province has no such hamlet in its list."),
    "hamlet_or_position": N_("A place is a hamlet of the list, or a name with a position."),
    "place_outside": N_("The position is not in the province."),
    "place_known": N_("This hamlet is in the list for this operator already."),
    "too_many_places": N_("The list has too many places."),
    "step_not_next": N_("This step does not follow the present one; correct that one first."),
    "before_last_step": N_("This day is before that of the last step."),
    "promised_before": N_("The promised day is before the day of the answer."),
    "promise_of_answer": N_("Only an answer of the operator has a promised day."),
    "campaigns_of_remeasure": N_(
        "Campaigns see a place only while it waits for a second measurement."
    ),
    "place_not_sent": N_("A place is published once an operator has been told of it."),
    "place_not_unsent": N_("A chosen place has been sent or closed meanwhile; choose again."),
    "place_number_unknown": N_("No place of this province has this number."),
    "place_row_twice": N_("This place is in row {0} already."),
    "place_named": N_("The place of this number is: {0}."),
    "answer_unknown": N_("Write Có phương án or Chưa có kế hoạch."),
    "no_answer_header": N_("No row has the column “Mã điểm”; use the table of the letter."),
    "not_position": N_("Write the position as 21.5942, 105.8481: latitude, then longitude."),
    "power_unknown": N_("Write có or không."),
    "contact_row_twice": N_("This contact is already in row {0}."),
    "too_many_contacts": N_("A unit has at most ten contacts; remove one first."),
    "no_contact_header": N_(
        "No column of names was found. Head the columns: Đơn vị, Họ tên, Chức vụ, Điện thoại, "
        "E-mail."
    ),
    "not_picture": N_("Choose a PNG or JPEG picture."),
    "picture_too_large": N_("The picture must have at most 2 MB and 4,000 pixels a side."),
    "no_teams": N_("Name at least one team."),
    "no_officials": N_("Name at least one person with an e-mail address or telephone number."),
    "too_many_officials": N_("More than 500 rows; send the list in parts."),
    "set_tried_before": N_(
        "Other sets are in use since this was computed, or another month runs; compute it again."
    ),
    "set_unknown": N_("There is no such boundary set."),
    "set_exists": N_("A boundary set of this name already exists; choose another name."),
    # fields
    "not_cursor": N_("The cursor is invalid."),
    "required": N_("This field is missing."),
    "null": N_("This field must not be empty."),
    "not_object": N_("Must be an object."),
    "not_list": N_("Must be a list."),
    "not_text": N_("Must be a string."),
    "not_number": N_("Must be a number, such as 40."),
    "not_whole": N_("Must be a whole number, such as 40."),
    "not_bool": N_("Must be true or false."),
    "not_uuid": N_("Must be a UUID."),
    "not_time": N_("Must be an ISO 8601 time with an offset."),
    "not_day": N_("Must be a day, YYYY-MM-DD."),
    "not_written_day": N_("This is not a day; write it like 31/12/2026."),
    "not_month": N_("Must be a month, YYYY-MM."),
    "out_of_range": N_("The value is out of range."),
    "negative": N_("Must be 0 or more."),
    "too_old": N_("The sample arrived over 60 days after the test."),
    "sample_too_large": N_("The sample is larger than 16 kB; this field is the largest."),
    "withdrawn_before": N_("This sample was withdrawn; it cannot be sent again."),
    "too_long": N_("Too long."),
    "wrong_length": N_("Too few or too many items."),
    "not_one_of": N_("Not one of the allowed values."),
    "has_nul": N_("Contains a NUL character."),
    "not_unicode": N_("Contains an invalid Unicode character (a lone surrogate)."),
    "too_deep": N_("Nested too deeply."),
    "unknown_field": N_("Unknown field."),
    "odata_syntax": N_("This expression cannot be read."),
    "odata_complex": N_("The filter has more than 100 names, values and operators."),
    "odata_types": N_("These values cannot be compared or used here."),
    "odata_not_supported": N_("This query option is not supported."),
    "odata_narrow": N_("Too many rows to sort or count; add a filter, such as Month eq '2026-10'."),
    "odata_form": N_("The answer exists as JSON, the metadata as XML: change the header Accept."),
    "odata_version": N_("Only version 4 of OData is supported."),
    # no-connection notes
    "attempts_order": N_("The times of the attempts must differ and be in order."),
    "attempts_span": N_("The attempts must span at least 60 seconds and at most one hour."),
    "not_confirmed": N_("The person must confirm this."),
    "note_position_coarse": N_("The position error is over 500 m: wait for a better GPS fix."),
    "note_fix_stale": N_(
        "The position was taken more than 5 minutes before or after the attempts."
    ),
    "note_too_large": N_("The note is larger than 6 kB."),
    "note_too_old": N_("The note arrived over 60 days after the attempts."),
    "note_before_registration": N_("The attempts are older than this phone's registration."),
    "note_day_full": N_("This phone has reached the most notes of one day."),
    "position_missing": N_("There is no usable GPS position."),
    "position_default": N_("A default position (0,0 or an emulator's), not where the test ran."),
    "position_coarse": N_("The position error is over 2,000 m: wait for a better GPS fix."),
    "outside_communes": N_("The position is not in a commune of Vietnam."),
    "mock_position": N_("The position came from another app."),
    "foreign_network": N_("The phone was on a foreign network."),
    "id_taken": N_("This id is already in use for other content."),
    # accounts
    "not_accepted_yet": N_(
        "This person has not accepted the invitation yet; grant more roles after they have set "
        "a password."
    ),
    "sign_in_failed": N_("The name or the password is wrong."),
    "account_idle": N_(
        "Nobody signed in to this account for 90 days; an admin makes a link that brings it back."
    ),
    "events_deleted": N_(
        "Events after this number were deleted. Begin with a later number, and compare your copy "
        "with the figures."
    ),
    "after_last_event": N_("There is no event of this number yet."),
    "not_webhook_url": N_("Must be an address such as https://example.vn/dosong."),
    "webhook_not_https": N_("Must begin with https://."),
    "webhook_address": N_(
        "This address is not public. The operator can allow networks in WEBHOOK_NETWORKS."
    ),
    "webhook_url_refused": N_(
        "The address of this webhook is no longer allowed: it does not begin with https://, or is "
        "not public. The operator can allow networks in WEBHOOK_NETWORKS. Otherwise add a webhook "
        "with another address, and remove this one."
    ),
    "too_many_webhooks": N_("There are too many webhooks; remove one first."),
    "oidc_away": N_(
        "The office's sign-in does not answer at the moment. Sign in with your password, or try "
        "again later."
    ),
    "oidc_cancelled": N_("The sign-in was cancelled. You can begin again at any time."),
    "oidc_expired": N_(
        "This sign-in has expired or did not begin in this browser. Begin again; if that does not "
        "help, allow cookies for this page."
    ),
    "oidc_invalid": N_(
        "The answer of the office's sign-in could not be verified. Begin again; if it happens "
        "again, tell the operator of this page."
    ),
    "oidc_refused": N_(
        "The office's sign-in did not accept this attempt, or it was used already. Begin again."
    ),
    "oidc_no_role": N_(
        "Your office's account has no role here yet. Ask the person who runs this page for your "
        "unit to give you one."
    ),
    "oidc_name_taken": N_(
        "Your e-mail address already has an account here. Sign in with its password, then link the "
        "two under “Your account”."
    ),
    "oidc_linked": N_("An account of your office is already linked; unlink it first."),
    "oidc_taken": N_("This account of the office already belongs to another account here."),
    "totp_required": N_("Enter the six digits that your authenticator app shows."),
    "totp_wrong": N_("The six digits are wrong, expired or already used."),
    "totp_on": N_("Two-factor authentication is on; switch it off before you set it up again."),
    "totp_off": N_("Two-factor authentication is off; set it up first."),
    "totp_not_offered": N_("The setup of two-factor authentication has not been started."),
    "totp_needed": N_("Your role takes effect once you have set up two-factor authentication."),
    "csrf_failed": N_("The CSRF token of the page is missing or does not match; reload the page."),
    "password_needed": N_(
        "This needs your password, or a code of two-factor authentication, given in the last 15 "
        "minutes. Programs: POST /api/v1/account/password."
    ),
    "session_required": N_("This requires a signed-in person; an API token is not accepted."),
    "link_not_valid": N_("The link is invalid, used or expired."),
    "session_ended": N_("This session has ended already."),
    "account_exists": N_("This name already has an account; grant another role to it."),
    "account_name_taken": N_("This name belongs to another account."),
    "last_admin": N_("This is the last admin; make another person an admin first."),
    "too_many_tokens": N_("There are too many tokens; revoke those that are no longer used."),
    "not_a_name": N_("Must be an e-mail address or a telephone number."),
    "password_short": N_("A password must have at least 10 characters."),
    "password_common": N_("This password is too easy to guess."),
    "password_is_name": N_("The password must not contain the name."),
    "password_wrong": N_("The password is wrong."),
    "scope_unknown": N_("There is no such team, organisation or unit."),
    "scope_not_taken": N_("This role does not accept such a scope."),
    "unit_ambiguous": N_("Units of several levels have this code; specify the level."),
    "unit_ended": N_("This unit no longer exists."),
    "in_the_past": N_("This time is in the past."),
    # jobs and boundary sets
    "job_open": N_("This job is already waiting or running."),
    "set_file_kind": N_(
        "Not a readable boundary file: GeoJSON, GeoPackage, GeoParquet, or a ZIP of a shapefile "
        "or GeoJSON is expected."
    ),
    "set_file_damaged": N_("The ZIP is damaged or has a password."),
    "set_file_large": N_("The unpacked ZIP is too large or has too many files."),
    "set_memory": N_("The set needs more memory than the server allows: simplify its shapes."),
    "set_cpu": N_("The set needs more CPU time than the server allows: simplify its shapes."),
    "set_file_unsafe": N_("The ZIP contains file names outside its own folder."),
    "set_file_several": N_("The ZIP contains several sets; leave only one in it."),
    "upload_gone": N_("The uploaded file is no longer stored; send it again."),
    # archives
    "month_archived": N_(
        "The samples of this month are archived: its figures are final, and nothing can be decided "
        "on its samples."
    ),
    "month_not_final": N_(
        "The month is not final: positions are left (`flask privacy expire`, RETENTION_DAYS), "
        "statistics or release are missing (`flask coverage refresh`, `flask release make`), or "
        "counts differ from rows (`flask measurements recount`)."
    ),
    "archive_missing": N_("There is no archive of this month."),
    "archive_damaged": N_("The archive is damaged or was changed."),
    "archive_differs": N_("The database differs from the archive: archive the month again."),
    # decisions of officials in their area
    "ids_or_device": N_("Specify measurements, the number of one device, or a signal alone."),
    "not_in_unit": N_("There is no such sample in this unit and month."),
    "device_unknown": N_("No device has this number in this unit and month."),
    "device_ambiguous": N_("Two devices have this number in this month: specify the samples."),
    "no_signal_chosen": N_("Select at least one signal."),
    "signal_without_devices": N_(
        "No phone of this signal has samples that could be excluded; it may no longer be found."
    ),
    "cluster_ended": N_("This cluster of communes has ended."),
    "cluster_unknown": N_("There is no such cluster of communes."),
    "cluster_too_small": N_("A cluster has two communes or more."),
    "cluster_of_provinces": N_("These communes are not all of one province."),
    "cluster_name_taken": N_("Another cluster of this province has this name."),
    "cluster_alone": N_("Specify either a cluster of communes or a unit."),
    "sample_counted": N_("The sample is counted."),
    "sample_valid_not_counted": N_("The sample is valid but not counted:"),
    "sample_not_valid": N_("The sample is not valid:"),
    "unit_or_cluster": N_("Specify a unit or a cluster of communes."),
    "no_own_area": N_("Only the official of the area can delegate it."),
    "deputy_too_long": N_("An area can be delegated for 30 days at most; renew it then."),
    "deputy_unknown": N_("No other person signs in with this name."),
    "deputy_unconfirmed": N_(
        "No admin has confirmed that this account is this person’s; ask an admin to confirm it."
    ),
    "already_lifted": N_("This decision was already reverted."),
    # attribution to teams
    "team_not_in_campaign": N_("This team takes no part in the campaign."),
    "ids_or_filter": N_("Choose by ids or by a filter, not by both."),
    "member_or_unit": N_("Choose by a member or by a commune, not by both."),
    "too_many_chosen": N_("Too many measurements at once; narrow the filter."),
    "over_cap": N_("Over the campaign's daily limit of a device; the commune still counts it."),
    "excluded_in_campaign": N_(
        "The organiser excluded it from the campaign's figures; the commune still counts it."
    ),
    # organisations, teams and campaigns
    "precondition_required": N_("Send If-Match with the version (ETag) that you saw."),
    "precondition_failed": N_(
        "Another person has just changed this; look at it again, then change it."
    ),
    "stored_now": N_("Saved by another person meanwhile: {value}"),
    "blank": N_("Needs at least one letter or digit."),
    "name_taken": N_("This name is already in use, possibly by an entry that has ended."),
    "no_such_unit": N_("There is no such unit in that system and level."),
    "no_such_organisation": N_("There is no such organisation."),
    "parent_loop": N_("An organisation cannot belong to itself or to one of its own parts."),
    "organisation_ended": N_("The organisation of this team has ended."),
    "team_ended": N_("This team has ended."),
    "before_first_day": N_("The last day must not be before the first."),
    "state_not_reachable": N_("A campaign cannot change from its current state to this one."),
    "campaign_archived": N_("The campaign is archived and can no longer be changed."),
    "campaign_running": N_(
        "The campaign is no longer a draft: this change affects the results of teams. Preview "
        "it, then change it with …/changes."
    ),
    "campaign_not_draft": N_(
        "Only a draft can be removed; close this campaign and archive it instead."
    ),
    "campaign_used": N_("People joined this campaign or it has results: it cannot be removed."),
    "note_not_in_unit": N_("There is no such note in this unit and month."),
    # places without a connection
    "no_connection_title": N_("Places without a connection (as noted by volunteers)"),
    "no_connection_rule": N_(
        "Volunteers noted that three attempts over a minute reached no network. A place is shown "
        "in the release of the month if at least {least} volunteers noted it, each with counted "
        "samples on two days and a phone registered for a week, and none made over half of the "
        "notes; with fewer, only a larger area is shown, or nothing. It is a zone without signal "
        "if it was noted on two days and by more volunteers than phones that measured there. "
        "Notes are no samples and count towards no target."
    ),
    # cells of a unit
    "cells_rule": N_(
        "Cells come from the release of the month. A cell is shown if at least {least} volunteers "
        "measured there, each on two days or more (without a team: five) and with a phone "
        "registered for a week, and none made over half of the samples. Numbers are rounded to 5, "
        "so that they do not reveal the home or habits of a person."
    ),
    "cells_all": N_(
        "All cells are shown because you are responsible for this area. Do not pass on cells "
        "with few devices."
    ),
    # contributions
    "no_days": N_("This range contains no day."),
    "rank_needed": N_(
        "Ranked by needed samples: counted samples that are among the first of their commune "
        "and month to arrive, up to the target, from any volunteer. Samples from communes below "
        "their target rank above samples from communes that have reached it; late uploads may "
        "lose some. Equal results share a rank. According to Đo Sóng."
    ),
    "rank_no_target": N_(
        "No target is in force, so there are no needed samples. Ranked by counted samples. "
        "Equal results share a rank. According to Đo Sóng."
    ),
    # coverage and its targets
    "target_overlaps": N_(
        "A target of this level, network, purpose and unit already covers some of these days; "
        "end it first."
    ),
    "not_published": N_("The figures of this month are not published yet."),
    "not_of_this_level": N_("The unit is not of that level."),
    # imported lists
    # the file
    "not_table": N_("Only a CSV or XLSX file is accepted."),
    "encoding_unknown": N_(
        "The encoding of the file is unknown; save it again as CSV UTF-8 or XLSX."
    ),
    "encoding_unclear": N_(
        "The encoding of the file is ambiguous; save it again as CSV UTF-8 or XLSX."
    ),
    "old_workbook": N_("This is an old Excel workbook (.xls); save it again as .xlsx."),
    "not_workbook": N_("The XLSX file is damaged or protected by a password."),
    "unpacks_too_large": N_("The unpacked XLSX file is too large."),
    "no_header_officials": N_("There is no header with a column “Area”; use the list to fill in."),
    "no_header": N_("There is no header with a column “Team name”; use the template."),
    "column_twice": N_("Two columns of the header have the same meaning."),
    "no_rows": N_("There are no rows below the header."),
    "too_many_rows": N_("More than 5,000 rows; split the file."),
    # the import
    "import_refused": N_(
        "Nothing was imported because some rows are invalid; correct them and send the file again."
    ),
    "import_overtaken": N_(
        "A team with one of these names was just created; nothing was imported, try again."
    ),
    # a row
    "not_csv": N_("A quotation mark is not closed or is misplaced."),
    "row_twice": N_("The same as in row {0}."),
    "official_twice": N_("This person is already named for this area in row {0}."),
    "example_left": N_("Delete the example row."),
    # a cell
    "cell_is_date": N_(
        "The spreadsheet turned this cell into a date; format it as text and type it again."
    ),
    "cell_is_logical": N_("This cell is a logical value; format it as text and type it again."),
    "cell_is_error": N_("The formula of this cell has an error."),
    "cell_is_formula": N_(
        "The formula of this cell has no result; open the file and save it again, or paste values."
    ),
    "has_control": N_("Contains a control character."),
    "letters_lost": N_(
        "Letters were lost (the question marks); save the file again as CSV UTF-8 or XLSX."
    ),
    "like_formula": N_(
        "A name must not begin with = + - @: a spreadsheet would run it as a formula."
    ),
    "type_unknown": N_("Unknown type of team; see the accepted types."),
    "not_contact": N_("Must be an e-mail address or a telephone number."),
    "place_unknown": N_("No commune has this name today."),
    "place_code_unknown": N_("No commune has this code today."),
    "place_ambiguous": N_(
        "Several communes have this name; add its district or province, or use its code."
    ),
    # notes
    "code_padded": N_("The spreadsheet removed the leading zeros of the code; they were restored."),
    "place_was": N_("The commune of this name ended; its successor was taken."),
    "place_was_which": N_("The unit of this name ended; name one of its successors."),
    "place_loosely": N_("Found by ignoring accents; check that it is the right one."),
    "place_at_home": N_("Several places have this name; the one in your area was used."),
    "place_in_province": N_("Several places have this name; the one in the province was used."),
    # join codes and members
    "join_code_unknown": N_("There is no such join code. Check each letter."),
    "join_code_none": N_("The team has no join code in this campaign yet."),
    "join_code_revoked": N_(
        "This join code was replaced by another. Ask your team leader for the new one."
    ),
    "join_code_expired": N_("The join code has expired. Ask your team leader for a new one."),
    "join_code_used_up": N_(
        "The join code has reached its maximum number of uses. Ask your team leader for a new one."
    ),
    "campaign_not_open": N_("The campaign is not open yet; it cannot be joined."),
    "campaign_over": N_("The campaign is over; it can no longer be joined."),
    "other_team": N_(
        "You are in another team of this campaign. To change, confirm the transfer: later "
        "samples count for the new team, earlier samples stay with the old one."
    ),
    "at_once": N_(
        "Another request was processed at the same time. Check which team you are in, then try "
        "again."
    ),
    "not_joined": N_("This phone has not joined a team."),
    "own_pass": N_("This phone shows this code itself. Enter it on the new phone."),
    "phone_in_use": N_(
        "This phone has sent samples of its own, so it cannot take the place of another one."
    ),
    "moves_phone": N_(
        "This phone would take the place of the one that shows the code. Confirm the transfer: "
        "team, name and totals come here, and the other phone stops measuring."
    ),
    "phone_moved": N_("Everything of this phone was moved to another one."),
    "already_member": N_("This phone is in a team of the campaign already; it cannot be a guest."),
    "host_not_member": N_("Only a member of one of the campaign's teams can bring guests."),
    "pass_unknown": N_("There is no such code. Check each letter."),
    "pass_used": N_("Another phone has used this code. Make a new one."),
    "pass_expired": N_("This code has expired. Make a new one."),
    "in_past": N_("This time is in the past."),
    "not_name": N_("A name must contain letters."),
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
    # releases and open data
    "not_released": N_("The figures of this month are not released yet."),
    "data_of_running_month": N_("The month is not over: its figures are not published yet."),
    # plans
    "plan_closed": N_("The campaign is over; there is nothing to plan."),
    "day_passed": N_("This day has passed."),
    "outside_campaign": N_("The campaign does not run on this day."),
    "outside_area": N_("This commune is outside the campaign's area."),
    "network_not_measured": N_("The campaign does not measure this kind of network."),
    "plan_rule": N_(
        "A team measures in its own commune first, until that commune has enough by the plan. "
        "Free teams then go to communes within the radius that still miss samples: the commune "
        "with the smallest shortfall first, and only if the teams can bring it to its target by "
        "the end of the month or campaign; the nearest team goes, and if that is not enough, "
        "teams are exchanged. The remaining capacity goes to communes that will stay below their "
        "target. A visit has at least the stated number of samples, or all that the commune "
        "misses. On a day, a team takes the place to which the fewest teams go. Community digital "
        "teams stay in their own commune unless the organiser changes this. No team is sent to "
        "Hoàng Sa or Trường Sa. Pinned assignments are kept. Teams that are free on the day go to "
        "communes that have enough samples, but of few phones or on few days."
    ),
    "capacity_assumed": N_(
        "The number of samples that this team takes per day is unknown; the plan assumes one."
    ),
    "home_unknown": N_(
        "The home area of this team is unknown: set its unit, so that it is assigned to nearby "
        "places."
    ),
    "nothing_in_reach": N_(
        "Its own commune and those within the radius have enough samples by the plan."
    ),
    "stays_home": N_("The team stays in its own commune, which has enough samples by the plan."),
    "home_elsewhere": N_(
        "The team stays in its own commune, which is not in the area of the campaign."
    ),
    "later_days": N_("The team has no stop on this day; its stops of later days are listed."),
    "position_needed": N_("Your position is needed to find places nearby: you are in no team."),
    "both_or_neither": N_("Send both latitude and longitude, or neither."),
    "outside_every_commune": N_("The position is not in a commune of Vietnam."),
    "target_reached_here": N_("This commune has reached its target for the month. Thank you!"),
    "nothing_planned": N_("There are no places for this team today."),
    # reports
    "report_exists": N_(
        "This unit already has a report of that month; to make another, supersede it."
    ),
    "report_not_draft": N_("The report's figures are frozen; to change anything, supersede it."),
    "remark_conflict": N_("Somebody else has changed this text meanwhile; choose or merge."),
    "not_plain_text": N_("Only text/plain is accepted."),
    "letter_not_sealed": N_(
        "This is the letter that the office attached, before version 1.1: it has no seal."
    ),
    "report_not_frozen": N_("The report's figures are not frozen yet."),
    "report_approved": N_("The report is approved already."),
    "report_not_approved": N_("The report is not approved yet."),
    "report_superseded": N_("There is a later edition of this report."),
    "month_not_over": N_("The month is not over in Vietnam: its figures cannot be frozen yet."),
    "boundaries_approximate": N_(
        "The figures of the month use approximate boundaries: install boundaries, reassign the "
        "samples, then freeze."
    ),
    "figures_moving": N_("The figures of the month are changing; try again in a few minutes."),
    "name_required": N_("The name of the approving person is required."),
    "vnnic_day_before_month": N_("The table’s day is before the month that it counts."),
    "day_in_future": N_("This day is in the future."),
    "not_pdf": N_("Only a PDF file is accepted."),
    "digest_unknown": N_(
        "No approved report has this digest. A file that should match it was changed, even if "
        "only by one byte."
    ),
    "report_altered": N_(
        "The stored report differs from its seal and is not shown. Inform the server's operator."
    ),
    "seal_broken": N_("The report on the server was changed after its approval."),
    "seal_key_unknown": N_("The report is sealed with a key that this server does not trust."),
    "seal_key_revoked": N_("The key of this seal was revoked."),
    # sealed reports of other servers
    "source_unknown": N_("This province has no registered source."),
    "source_key_not_registered": N_("This key is not registered for the source."),
    "source_not_https": N_(
        "Must begin with https://; http:// is accepted on this machine alone (127.0.0.1)."
    ),
    "source_no_seal": N_(
        "The file of the seal has no seal: save the answer of /api/v1/reports/by-digest/… for it."
    ),
    "source_key_unknown": N_(
        "The seal fits no registered key: it is of another key, or was changed."
    ),
    "source_key_revoked": N_("The report is sealed with a key that was revoked here."),
    "source_altered": N_("The report was changed after its approval: it does not fit its seal."),
    "source_other_unit": N_("The sealed report is that of another unit."),
    "source_other_month": N_("The sealed report is of another month, or of one that is not over."),
    "source_not_report": N_("The answer is no sealed report."),
    "source_earlier": N_("A later edition was received already: this one was refused."),
    "source_changed": N_(
        "The same edition was received with other content: the office has to approve another "
        "edition."
    ),
    "source_missing": N_("The server no longer shows a report that was received; it is kept here."),
    "source_too_large": N_("The answer is larger than 5 MB."),
    "source_redirects": N_("The server leads to another address, which is not followed."),
    "source_http_error": N_("The server answers with an error."),
    "source_timeout": N_("The server did not answer completely within 30 seconds."),
    "source_refused": N_("The server refused the connection."),
    "source_broken": N_("The connection ended without an answer."),
    "source_tls": N_("The certificate or encryption of the server is not valid."),
    "source_name_unknown": N_("The name of the server is unknown."),
    "source_address_forbidden": N_(
        "The address of the server is not public; WEBHOOK_NETWORKS allows further networks."
    ),
    # signals of manipulated samples
    "signals_explained": N_(
        "These signals need a review by a person; they prove nothing. No sample is excluded "
        "automatically: ask the team first, then note the outcome."
    ),
    "too_many_to_look_at": N_("Too many samples for one view: choose a province or commune."),
    "signals_no_networks": N_(
        "No list of the carriers' networks is loaded: a network with many phones may be the shared "
        "address of a carrier."
    ),
    "signal_one_place_many_devices": N_("Many devices in only one place"),
    "signal_one_place_many_devices_found": N_(
        "{devices} measured almost only in one place: {measurements}, on {days} with many devices."
    ),
    "signal_one_place_many_devices_may_be": N_(
        "It may also be a dormitory, a block of flats or an office."
    ),
    "signal_devices_in_lockstep": N_("Devices measuring in step"),
    "signal_devices_in_lockstep_found": N_(
        "{devices} measured {times} times with the same lag of {lag_s}."
    ),
    "signal_devices_in_lockstep_may_be": N_(
        "It may also be one person with two phones that measure by a timer."
    ),
    "signal_speeds_repeated": N_("Results identical to the last digit"),
    "signal_speeds_repeated_found": N_(
        "{times} samples of {devices} have the same download, upload and ping to the last digit."
    ),
    "signal_speeds_repeated_may_be": N_(
        "It may also be an error of the app that sends an old result again."
    ),
    "signal_impossible_travel": N_("Impossible travel"),
    "signal_impossible_travel_found": N_(
        "A device moved faster than any vehicle {jumps} times, at up to {fastest_m_per_s} metres "
        "per second."
    ),
    "signal_impossible_travel_may_be": N_("It may also be a phone whose position is often wrong."),
    "signal_mock_share": N_("Mock positions"),
    "signal_mock_share_found": N_(
        "{measurements} of a device have a position set by another app, a share of {share}."
    ),
    "signal_mock_share_may_be": N_("It may also be a phone with an external receiver."),
    "signal_withdrawn_share": N_("Many samples of phones that have withdrawn"),
    "signal_withdrawn_share_found": N_(
        "In {unit} ({network}), {measurements} of {counted} counted ones are of phones that have "
        "withdrawn, a share of {share}. They are anonymous and cannot be reviewed."
    ),
    "signal_withdrawn_share_may_be": N_(
        "It may also be one volunteer who took most of the commune's samples and then left."
    ),
    "signal_night_bursts": N_("Bursts at night"),
    "signal_night_bursts_found": N_("{times} samples of one device in the night of {day}."),
    "signal_night_bursts_may_be": N_("It may also be a person who measures during night shifts."),
    "signal_new_devices_once": N_("Many new devices that measured once"),
    "signal_new_devices_once_found": N_(
        "On {day}, {once} of {new} new devices in one place measured once and never again."
    ),
    "signal_new_devices_once_may_be": N_(
        "It may also be an event where residents were helped but not recorded as guests."
    ),
    "signal_same_coordinates": N_("Many samples at exactly the same coordinates"),
    "signal_same_coordinates_found": N_(
        "{times} samples of {devices} have coordinates equal to the last digit, in {hours}."
    ),
    "signal_same_coordinates_may_be": N_("It may also be a position from indoor Wi-Fi."),
    "signal_too_fast": N_("Faster than a person can go"),
    "signal_too_fast_found": N_(
        "A device measured at {stops} places with {every_s} from one to the next. On foot this "
        "takes at least a minute and a half."
    ),
    "signal_too_fast_may_be": N_(
        "It may also be a survey from a vehicle by an app that measures by itself."
    ),
    "signal_backdated": N_("Samples added long afterwards"),
    "signal_backdated_found": N_(
        "{measurements} of {devices} arrived long after their test, in the middle {days}; {before} "
        "of them are from before their phone's registration. That is {share} of the commune's "
        "month."
    ),
    "signal_backdated_may_be": N_(
        "It may also be a team that measured where there is no network and sent everything later."
    ),
    "signal_guest_share": N_("Most samples by guests"),
    "signal_guest_share_found": N_(
        "{measurements} of {counted} counted ones in a commune are of {devices} of guests, a share "
        "of {share}."
    ),
    "signal_guest_share_may_be": N_(
        "It may also be an event where many residents were helped: ask the team who they were."
    ),
    "signal_share_of_one_device": N_("Most samples by one person"),
    "signal_share_of_one_device_found": N_(
        "In {unit} ({network}), {measurements} of {counted} counted ones are of one person with "
        "{devices}, a share of {share}."
    ),
    "signal_share_of_one_device_may_be": N_(
        "It may also be the only volunteer of the commune: ask others to measure there too."
    ),
    "signal_same_network": N_("Many phones on one network"),
    "signal_same_network_prefix_found": N_(
        "On {day}, {measurements} over mobile networks by {devices} came from one network that is "
        "no carrier's."
    ),
    "signal_same_network_prefix_may_be": N_(
        "It may also be a private network (VPN) of a company, or a carrier's network that the list "
        "lacks."
    ),
    "signal_same_network_unlisted_found": N_(
        "On {day}, {measurements} over mobile networks by {devices} came from one network."
    ),
    "signal_same_network_unlisted_may_be": N_(
        "It is probably the shared address of a carrier: without the list of the carriers' "
        "networks this cannot be distinguished."
    ),
    "signal_same_network_fixed_found": N_(
        "On {day}, {measurements} over Wi-Fi or cable by {devices} came from one network, though "
        "their places are far apart and alternate."
    ),
    "signal_same_network_fixed_may_be": N_(
        "It may also be a team that measures from house to house where homes share the addresses "
        "of one provider."
    ),
    "signal_same_network_outside_found": N_(
        "In {unit}, {measurements} of {counted} mobile ones came from networks of no carrier, a "
        "share of {share}."
    ),
    "signal_same_network_outside_may_be": N_(
        "It may also be a carrier's new network that the list lacks; the admin can load it again."
    ),
    "networks_header": N_("The first line must be prefix,operator; the file is CSV in UTF-8."),
    "networks_prefix": N_("Must be a network of at most 24 bits (IPv4) or 48 bits (IPv6)."),
    "networks_operator": N_("The operator's name is missing or too long."),
    "networks_too_many": N_("More than 20,000 networks: this is another table."),
    "networks_empty": N_("The file has no network."),
    # VNNIC's counts
    "vnnic_not_table": N_("Only a CSV or XLSX table or the JSON of VNNIC is accepted."),
    "vnnic_no_header": N_("No column of samples was found. Head the columns: Mã, Đơn vị, Số mẫu."),
    "vnnic_no_unit_column": N_(
        "None of the columns “{}” has the names of units. Head the columns: Mã, Đơn vị, Số mẫu."
    ),
    "vnnic_unit_unknown": N_("The month's list has no such unit."),
    "vnnic_unit_ambiguous": N_(
        "Several units have this name; add its type, district, province or code."
    ),
    "vnnic_code_not_name": N_("Code and name belong to different units in that month."),
    "vnnic_outside_area": N_("{0} is outside your area."),
    "vnnic_unit_twice": N_("This unit is already in row {0}."),
    "vnnic_not_samples": N_("“Samples” must be a number from 0 on, such as 1310."),
    "vnnic_not_speed": N_("A speed or latency must be a number such as 48.5."),
    # tickets, measuring hosts
    "too_many_tickets": N_(
        "This phone has too many tickets; measure with one of them or try again later."
    ),
    "ticket_invalid": N_("The ticket is not valid."),
    "ticket_expired": N_("The test is not within the time of its ticket."),
    "ticket_used": N_("The ticket was used for another test."),
    "server_foreign": N_("The ticket is of another installation."),
    "host_foreign": N_("The ticket is for another measuring host."),
    "host_unknown": N_("There is no such measuring host."),
    "host_revoked": N_("The measuring host was revoked."),
    "host_down": N_("This measuring host does not answer at present: choose another one."),
    "host_exists": N_("A measuring host with this address is registered."),
    "requirement_in_past": N_(
        "The requirement begins a minute from now or later: verdicts that were given stay."
    ),
    "owner_only": N_("Only the role that owns the tables (DATABASE_OWNER_URL) may change this."),
    "not_public_key": N_("Must be an Ed25519 public key of 64 hexadecimal digits."),
    "key_replaced": N_("This key was replaced and cannot be used again."),
    "test_unknown": N_("There is no such test."),
    "test_ended": N_("The test has ended."),
    "nonce_unknown": N_("The nonce is not that of the last download."),
}


def message(code: str, language: Language, words: Sequence[str] = ()) -> str:
    """The text for a code, filled with words if there are any; the code itself without a text."""
    text = gettext(TEXTS[code], language) if code in TEXTS else code
    return text.format(*words) if words else text
