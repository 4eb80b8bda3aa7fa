"""The texts of the measuring page's scripts."""

from backend.i18n.catalogues import N_, NN_, NP_, Language, Plural, gettext, plural_forms

# Given to the page as JSON; {names} are filled in by the scripts. {n} is the count of a plural.
TEXTS: dict[str, str | Plural] = {
    "unreachable": N_("The server cannot be reached. Check the connection and try again."),
    "unreachableStart": N_("The first start needs a connection. Please try again."),
    "anotherApp": N_("another app"),
    "agreeFirst": N_("Please tick the box if you agree."),
    "needCode": N_("Please enter the code."),
    "mobile": N_("mobile"),
    "wifi": N_("Wi-Fi, fixed line"),
    "unknownNetwork": N_("not known"),
    "positionWaiting": N_("searching…"),
    "positionNone": N_("none yet"),
    "positionGood": N_("within {m} m"),
    "positionPoor": N_("within {m} m, go outside for a better position"),
    "positionRefused": N_("not allowed"),
    "allowPosition": N_("Please allow the position."),
    "preparing": N_("Preparing…"),
    "ping": N_("Measuring ping…"),
    "down": N_("Measuring download…"),
    "up": N_("Measuring upload…"),
    "better": N_("Waiting for a better position…"),
    "used": N_("{mb} of at most {most} MB used"),
    "lastUsed": N_("the last one used {mb} MB"),
    "costData": N_("at most {most} MB"),
    "useNone": N_("Very weak: hardly usable"),
    "useYes": N_("possible"),
    "useNo": N_("not possible"),
    "speeds": N_("↓ {down} Mbps · ↑ {up} Mbps · ping {ping} ms"),
    "loadedSame": N_("While data loads, the latency stays near {idle} ms"),
    "loadedLittle": N_(
        "While data loads, the latency rises only from {idle} to {loaded} ms: other uses go on well"
    ),
    "loadedSome": N_(
        "While data loads, the latency rises from {idle} to {loaded} ms: video calls may stutter"
    ),
    "loadedMuch": N_(
        "While data loads, the latency rises from {idle} to {loaded} ms:"
        " video calls and games stutter"
    ),
    "fasterThan": N_("Faster than about {percent} of the samples in {unit} ({month})"),
    "slowerThan": N_("Slower than about {percent} of the samples in {unit} ({month})"),
    "demo": N_("demo data"),
    "teamDayShort": NN_("{team} today: {n} sample counted", "{team} today: {n} samples counted"),
    "teamNeeds": NN_(
        "The team still needs {n} sample here today", "The team still needs {n} samples here today"
    ),
    "teamNeedsNone": N_("The team has its samples of today here"),
    "teamNeedsElsewhere": N_("The team has its samples of today here; still to do: {n} in {unit}"),
    "shareText": N_("{verdict}, measured with Đo Sóng. Measure yours: {address}/do"),
    "shareTextAt": N_("{verdict} in {unit}, measured with Đo Sóng. Measure yours: {address}/do"),
    "shareProgress": N_("{counted} of {target} samples this month (as of {time})"),
    "busy": N_("The speed test server is busy. Try again in a minute; this test is discarded."),
    "offlineFixed": N_("There is no connection to measure. Check the Wi-Fi or the cable."),
    "serverAway": N_(
        "The measuring server does not answer. Your network may still be good;"
        " try again in a few minutes."
    ),
    "noConnection": N_("No connection"),
    "noServer": N_("Server not reached"),
    "noteTrying": N_("Attempt {n} of {most} got no answer. The next one is in {seconds} s."),
    "notePosition": N_("Three attempts got no answer. Searching the position, up to 3 minutes…"),
    "noteConfirm": N_("Three attempts got no answer. Check the three points below."),
    "noteStored": N_("Noted. It is stored on the phone and sent when there is a network again."),
    "noteNoPosition": N_(
        "Not noted: the position was not found. Go outside and press Measure again."
    ),
    "noteSlow": N_("Not noted: an answer came late, so there is a connection. Measure again."),
    "noteWaiting": N_("Noted, is sent when there is a network"),
    "noteSent": N_("Sent, noted for {unit}"),
    "noteSentNowhere": N_("Sent"),
    "noteServerDown": N_(
        "Not noted: the measuring server was not running then. If there is still no connection "
        "here, note it again."
    ),
    "notesSent": NN_(
        "{n} place without a connection was sent.", "{n} places without a connection were sent."
    ),
    "notesServerDown": NN_(
        "{n} place was not noted: the measuring server was not running then.",
        "{n} places were not noted: the measuring server was not running then.",
    ),
    "failedTest": N_("The test broke off: the measuring server did not answer"),
    "abortedTest": N_("Stopped"),
    "waiting": N_("Waiting for a connection"),
    "waitingHint": N_("It is stored on the phone and sent automatically."),
    "received": N_("Received"),
    "counted": N_("Counted"),
    "countedFor": N_("Counted for {unit}, {network}"),
    "networkMobile": N_("mobile network"),
    "networkFixed": N_("fixed network"),
    "forTeam": N_("Counts for {team}."),
    "notForTeam": N_("Not for {team}: {why}"),
    "storageFull": N_(
        "The phone’s storage is full: a sample could not be kept, so no test was made."
        " Delete some photos or apps and measure again."
    ),
    "unstored": N_("The phone’s storage is full. The sample’s number is {number}; write it down."),
    "unstoredWaits": N_(
        "The phone’s storage is full: keep this page open until the sample is sent."
        " Its number is {number}."
    ),
    "hereCounts": N_("A test here counts for {unit}, {network}."),
    "hereWifi": N_(
        "Wi-Fi: counts for the fixed network of {unit}."
        " To measure the mobile signal, turn Wi-Fi off."
    ),
    "hereWifiOffline": N_(
        "Wi-Fi: counts for the fixed network. To measure the mobile signal, turn Wi-Fi off."
    ),
    "hereOffline": N_("No connection: a sample stays on the phone and is judged once it is sent."),
    "hereCoarse": N_("The position may be {m} m off, in another commune: go into the open."),
    "maybeElsewhere": N_("The position was up to {m} m off: it may be another commune."),
    "notCounted": N_("Not counted"),
    "notValid": N_("Not valid"),
    "refused": N_("Refused by the server"),
    "communeCap": N_("This phone has {n} samples in this commune this month, the most that count."),
    "assurance_ticketed": N_("Measured at a host that signs no results."),
    "assurance_claimed": N_("The measuring host has not confirmed the result."),
    "manual": N_("i-Speed, entered by hand"),
    "waitingMany": NN_("{n} sample waits to be sent", "{n} samples wait to be sent"),
    "ownDayNone": N_("not measured yet"),
    "ownIspeed": NN_("{n} sample with i-Speed", "{n} samples with i-Speed"),
    "ownDay": NN_("{n} sample, {counted} counted", "{n} samples, {counted} counted"),
    "megabytes": N_("{mb} MB"),
    "month": NN_("This month {n} counted sample", "This month {n} counted samples"),
    "yesterday": NN_("Yesterday {n} sample", "Yesterday {n} samples"),
    "teamDay": NN_("Whole team: {n} sample counted", "Whole team: {n} samples counted"),
    "leave": N_("Leave"),
    "removed": N_(
        "{team} removed you from the team ({time}). Your samples before that stay with the team;"
        " later ones count for the commune only. A mistake? Ask your team leader or {asked}."
    ),
    "removedAll": N_(
        "{team} removed you from the team ({time}), and your samples with you. They still count"
        " for the commune, as later ones do. A mistake? Ask your team leader or {asked}."
    ),
    "leaveConfirm": N_("Leave {team}? Samples already measured stay with the team."),
    "noTeamShort": N_("none yet"),
    "noTeam": N_("You are not in a team. Samples are still counted for the commune."),
    "teamLater": N_("Shown when the server can be reached."),
    "here": NN_(
        "{unit}: {counted} of {n} sample this month (as of {time})",
        "{unit}: {counted} of {n} samples this month (as of {time})",
    ),
    "hereReached": NN_(
        "{unit}: the {n} sample is reached ({counted} as of {time})",
        "{unit}: the {n} samples are reached ({counted} as of {time})",
    ),
    "hereNoTarget": NN_(
        "{unit}: {n} sample this month (as of {time})",
        "{unit}: {n} samples this month (as of {time})",
    ),
    "vnnicHas": N_("VNNIC {n} (to {day}), {missing} missing; measured since: {since}"),
    "vnnicFew": N_("VNNIC not enough (to {day}), {missing} missing; measured since: {since}"),
    "ownSince": N_("this phone since then: +{n}"),
    "spot": N_("{distance} to the {direction}"),
    "spotNone": N_("nobody has measured"),
    "spotFew": N_("worth another test"),
    "assigned": NN_("{unit}: {n} more sample today", "{unit}: {n} more samples today"),
    "assignedDone": NN_(
        "{unit}: the {n} sample of today is done", "{unit}: the {n} samples of today are done"
    ),
    "measureAgain": N_("Measure again at {name}, with {operator}."),
    "measureAgainAll": N_("Measure again at {name}."),
    "noSpots": N_("You have measured enough within this distance."),
    "unitLacks": NN_("{unit}: {n} sample to go", "{unit}: {n} samples to go"),
    "asOf": N_("As of {time}, when there was a connection."),
    "noName": N_("none"),
    "noticeFrom": N_("From the operator, {moment}"),
    "noticeRead": N_("I have read it"),
    "agreeName": N_("Please tick the box to let the team see the name."),
    "you": NP_("map", "you"),
    "navigate": N_("Directions"),
    "compassPoints": N_("north,north-east,east,south-east,south,south-west,west,north-west"),
    "moveConfirm": N_("You are in {current}. Move to {wanted}?"),
    "joined": N_("You joined {team}."),
    "movedHere": NN_(
        "Moved to this phone: {team}, {n} sample.", "Moved to this phone: {team}, {n} samples."
    ),
    "left": N_("You left {team}. Samples already measured stay with the team."),
    "nameHidden": N_("Your name is hidden: the team sees a number."),
    "nameShown": N_("Your team’s leader and organiser now see your name."),
    "ended": N_("You withdrew consent on this phone."),
    "saved": N_("The i-Speed result is stored."),
    "needNumbers": N_("Please enter all three numbers."),
    # advice by the code of a reason
    "tip_repeat": N_("Walk more than 100 m away, or measure here again after {time}."),
    "tip_position_missing": N_("Allow the position, then measure again."),
    "tip_position_coarse": N_(
        "Step outside, switch precise location on, and wait for less than 100 m."
    ),
    "tip_fix_stale": N_("Keep the page open during the test."),
    "tip_failed_test": N_(
        "Your network may still be good: try again in a few minutes. If it is weak, choose 2 MB."
    ),
    "tip_kind_unknown": N_("Press “Change” and choose your network."),
    "tip_impossible_travel": N_("Check for apps that change the position, and the phone’s clock."),
    "tip_capped": N_(
        "This line is faster than {mb} MB can measure. No need to repeat: the sample counts."
    ),
    "tipOthers": N_(
        "This phone has measured enough here. It helps more to ask others, or to go elsewhere."
    ),
    "tip_unproven": N_("Measure again, and keep the page open until the test ends."),
    "tip_in_future": N_("Set the phone’s clock to automatic."),
}


def script_texts(language: Language) -> dict[str, str | dict[str, str]]:
    """Return the texts of the scripts in one language, plurals as a dict by plural form."""
    return {
        key: plural_forms(text, language) if isinstance(text, Plural) else gettext(text, language)
        for key, text in TEXTS.items()
    }
