"""What the measuring page's scripts say, in Vietnamese and English."""

# Given to the page as JSON; {names} are filled in by the script.
SCRIPTED: dict[str, tuple[str, str]] = {
    "unreachable": ("Không có mạng, sẽ thử lại.", "No connection; it will be tried again."),
    "unreachableStart": (
        "Lần đầu cần có mạng để bắt đầu. Hãy thử lại.",
        "The first time needs a connection. Please try again.",
    ),
    "anotherApp": ("một ứng dụng khác", "another app"),
    "agreeFirst": ("Hãy đánh dấu ô đồng ý.", "Please tick the box if you agree."),
    "codeNote": (
        "Mã rút lại của bạn: {code}. Hãy chụp màn hình để giữ lại; mã cũng nằm ở cuối trang này.",
        "Your withdrawal code: {code}. Take a screenshot; it also stands at the end of this page.",
    ),
    "mobile": ("di động", "mobile"),
    "wifi": ("Wi-Fi, mạng cố định", "Wi-Fi, fixed line"),
    "unknownNetwork": ("chưa rõ", "not known"),
    "placeWaiting": ("đang tìm…", "looking for it…"),
    "placeNone": ("chưa có", "none yet"),
    "placeGood": ("sai số {m} m", "within {m} m"),
    "placePoor": (
        "sai số {m} m, ra chỗ thoáng để bắt tốt hơn",
        "within {m} m, step outside for a better one",
    ),
    "placeRefused": ("không được phép", "not allowed"),
    "asking": ("Hãy cho phép lấy vị trí.", "Please allow the position."),
    "preparing": ("Đang chuẩn bị…", "Preparing…"),
    "ping": ("Đang đo độ trễ…", "Measuring ping…"),
    "down": ("Đang đo tải xuống…", "Measuring download…"),
    "up": ("Đang đo tải lên…", "Measuring upload…"),
    "better": ("Chờ vị trí chính xác hơn…", "Waiting for a better position…"),
    "used": ("Đã dùng {mb} MB", "{mb} MB used"),
    "willUse": ("Lần đo tới dùng khoảng {mb} MB", "The next test uses some {mb} MB"),
    "willUseFirst": (
        "Mỗi lần đo dùng 5 đến 70 MB, tùy mạng",
        "A test uses 5 to 70 MB, depending on the line",
    ),
    "willUseSmall": ("Mỗi lần đo dùng khoảng 2 MB", "A test uses some 2 MB"),
    "busy": (
        "Máy chủ đo đang bận. Hãy đo lại sau một phút; lần này không tính.",
        "The speed test’s server is busy. Try again in a minute; this test is dropped.",
    ),
    "offline": (
        "Không đo được khi mất mạng. Lần đo hỏng vẫn được ghi lại.",
        "There is no connection to measure. The failed test is kept all the same.",
    ),
    "waiting": ("Đang chờ mạng để gửi", "Waiting for a connection"),
    "waitingMeans": (
        "Mẫu nằm trong máy, sẽ tự gửi khi có mạng.",
        "It is kept on the phone and sent by itself.",
    ),
    "received": ("Đã nhận", "Received"),
    "counted": ("Được tính", "Counted"),
    "countedFor": ("Được tính cho {unit}", "Counted for {unit}"),
    "notCounted": ("Không được tính", "Not counted"),
    "notValid": ("Không hợp lệ", "Not valid"),
    "refused": ("Máy chủ không nhận", "Refused by the server"),
    "manual": ("i-Speed, nhập tay", "i-Speed, typed in"),
    "failed": ("Đo hỏng", "Failed"),
    "waitingMany": ("{n} mẫu chờ gửi", "{n} samples wait to be sent"),
    "ownDay": ("{n} mẫu, {counted} được tính, {mb} MB", "{n} samples, {counted} counted, {mb} MB"),
    "teamDay": (
        "{counted} mẫu được tính trong {received} mẫu đã nhận",
        "{counted} samples counted of {received} received",
    ),
    "leave": ("Rời đội", "Leave"),
    "leaveSure": (
        "Rời {team}? Mẫu đã đo vẫn là của đội.",
        "Leave {team}? What was measured stays the team’s.",
    ),
    "noTeam": (
        "Bạn chưa ở đội nào. Mẫu vẫn được tính cho xã, phường.",
        "You are in no team. Samples count for the commune all the same.",
    ),
    "teamLater": (
        "Sẽ hiện khi kết nối được máy chủ.",
        "Shown as soon as the server can be reached.",
    ),
    "here": (
        "{unit}: {counted} / {target} mẫu tháng này, còn thiếu {shortfall}",
        "{unit}: {counted} / {target} samples this month, {shortfall} lacking",
    ),
    "hereNoTarget": ("{unit}: {counted} mẫu tháng này", "{unit}: {counted} samples this month"),
    "spot": ("Cách {distance} về hướng {direction}", "{distance} to the {direction}"),
    "spotNone": ("chưa ai đo", "nobody measured"),
    "spotFew": ("ít mẫu", "few samples"),
    "assigned": ("{unit}: hôm nay {n} mẫu", "{unit}: {n} samples today"),
    "noSpots": ("Quanh đây đã đủ. Hãy sang xã, phường khác.", "Enough was measured around here."),
    "asOf": ("Lúc {time}, khi còn mạng.", "As of {time}, when there was a connection."),
    "noName": ("chưa đặt", "none"),
    "agreeName": (
        "Hãy đánh dấu ô đồng ý cho đội thấy tên.",
        "Please tick the box to let the team see the name.",
    ),
    "you": ("bạn", "you"),
    "way": ("Chỉ đường", "Show the way"),
    "directions": (
        "bắc,đông bắc,đông,đông nam,nam,tây nam,tây,tây bắc",
        "north,north-east,east,south-east,south,south-west,west,north-west",
    ),
    "moved": (
        "Bạn đang ở {current}. Chuyển sang {wanted}?",
        "You are in {current}. Move to {wanted}?",
    ),
    "joined": ("Đã vào {team}.", "You joined {team}."),
    "withdrawn": (
        "Đã rút lại và xóa dữ liệu trên máy này.",
        "Withdrawn; nothing is left on this phone.",
    ),
    "ended": ("Thiết bị này đã rút lại sự đồng ý.", "This device’s consent was withdrawn."),
    "saved": ("Đã lưu kết quả i-Speed.", "The i-Speed result is kept."),
    "needNumbers": ("Hãy nhập đủ ba con số.", "Please enter all three numbers."),
    # what to do better, by the reason's code
    "tip_repeat": (
        "Đi xa chỗ cũ hơn 100 m, hoặc đo lại ở đây sau {time}.",
        "Walk more than 100 m away, or measure here again after {time}.",
    ),
    "tip_position_missing": (
        "Cho phép lấy vị trí, rồi đo lại.",
        "Allow the position, then measure again.",
    ),
    "tip_position_coarse": (
        "Ra chỗ thoáng, bật “Vị trí chính xác”, chờ sai số dưới 100 m rồi đo.",
        "Step outside, switch precise location on, and wait for less than 100 m.",
    ),
    "tip_fix_stale": ("Giữ trang mở trong lúc đo.", "Keep the page open during the test."),
    "tip_failed_test": (
        "Mạng quá yếu? Thử chế độ ít dữ liệu.",
        "Too weak a line? Try the small test.",
    ),
    "tip_kind_unknown": (
        "Bấm “Đổi” và chọn mạng đang dùng.",
        "Press “Change” and choose your network.",
    ),
    "tip_impossible_travel": (
        "Kiểm tra ứng dụng giả vị trí hoặc giờ của máy.",
        "Check for apps that change the position, and the phone’s clock.",
    ),
    "tip_in_future": ("Đặt giờ của máy ở chế độ tự động.", "Set the phone’s clock to automatic."),
}


def scripted(place: int) -> dict[str, str]:
    """The scripts' words in one language: 0 for Vietnamese, 1 for English."""
    return {key: words[place] for key, words in SCRIPTED.items()}
