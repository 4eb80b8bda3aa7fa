"""The words of the measuring page, in Vietnamese and English."""

MEASURE: dict[str, tuple[str, str]] = {
    "do_title": ("Đo mạng", "Measure"),
    "do_about": (
        "Đo tốc độ mạng nơi bạn đứng và gửi mẫu cho xã, phường của bạn.",
        "Measure the network where you stand, for your commune.",
    ),
    "do_no_script": (
        "Trang này cần JavaScript để đo. Không có JavaScript thì không đo được.",
        "This page needs JavaScript to measure.",
    ),
    # where it does not work
    "do_http_title": ("Trang chưa được mã hóa", "This page is not encrypted"),
    "do_http": (
        "Địa chỉ đang mở bắt đầu bằng http://, nên trình duyệt không cho lấy vị trí. Hãy mở lại"
        " bằng địa chỉ https:// rồi đo.",
        "The address begins with http://, so the browser gives no position. Open it again with"
        " https:// and measure there.",
    ),
    "do_http_open": ("Mở bằng https://", "Open with https://"),
    "do_inside_title": (
        "Bạn đang mở trang này bên trong {app}",
        "You opened this page inside {app}",
    ),
    "do_inside": (
        "Trình duyệt bên trong ứng dụng thường không lấy được vị trí và làm mất mẫu chưa gửi.",
        "Browsers inside apps often give no position and lose samples that were not sent yet.",
    ),
    "do_inside_android": (
        "Bấm dấu ⋮ ở góc trên, chọn “Mở bằng trình duyệt” hoặc “Mở trong Chrome”.",
        "Press ⋮ at the top and choose “Open in browser” or “Open in Chrome”.",
    ),
    "do_inside_ios": (
        "Bấm dấu ⋯ hoặc biểu tượng chia sẻ, chọn “Mở trong Safari”.",
        "Press ⋯ or the share sign and choose “Open in Safari”.",
    ),
    "do_inside_open": ("Mở trong Chrome", "Open in Chrome"),
    "do_copy_link": ("Sao chép đường dẫn", "Copy the link"),
    "do_copied": ("Đã sao chép.", "Copied."),
    "do_private": (
        "Trình duyệt không cho trang này giữ dữ liệu (chế độ ẩn danh?). Hãy mở ở cửa sổ thường.",
        "The browser lets this page keep nothing (private mode?). Open it in a normal window.",
    ),
    # consent
    "do_consent_title": ("Trước khi đo, bạn cần đồng ý", "Before you measure, you must agree"),
    "do_sensitive": (
        "Mỗi mẫu gửi kèm <strong>vị trí chính xác</strong> của điện thoại. Đó là <strong>dữ liệu"
        " cá nhân nhạy cảm</strong>. Bạn có thể rút lại bất cứ lúc nào.",
        "Each sample carries your phone’s <strong>exact position</strong>. That is"
        " <strong>sensitive personal data</strong>. You can withdraw at any time.",
    ),
    "do_purposes": ("Dùng để làm gì", "What it is used for"),
    "do_full_text": (
        "Đọc toàn văn (phiên bản {version})",
        "Read the whole text (version {version})",
    ),
    "do_agree": (
        "Tôi đã đọc, biết rằng vị trí chính xác là dữ liệu cá nhân nhạy cảm, và đồng ý.",
        "I have read this, know that an exact position is sensitive personal data, and agree.",
    ),
    "do_start": ("Bắt đầu", "Begin"),
    "do_code": ("Mã của đội", "The team’s code"),
    "do_code_hint": (
        "8 chữ và số trên tờ áp phích. Không có mã thì để trống: mẫu vẫn được tính cho xã, phường.",
        "8 letters and digits on the poster. Leave it empty if you have none: samples count for"
        " the commune all the same.",
    ),
    # which network
    "do_network_title": ("Bạn đang dùng mạng nào?", "Which network are you on?"),
    "do_network_why": (
        "Trình duyệt không cho biết nhà mạng. Chỉ hỏi một lần; đổi SIM thì chọn lại.",
        "The browser does not tell. You are asked once; choose again when you change the SIM.",
    ),
    "do_other_operator": ("Nhà mạng khác", "Another operator"),
    "do_wifi": ("Wi-Fi hoặc mạng cố định", "Wi-Fi or a fixed line"),
    # measuring
    "do_measure": ("Đo", "Measure"),
    "do_stop": ("Dừng", "Stop"),
    "do_network": ("Mạng", "Network"),
    "do_change": ("Đổi", "Change"),
    "do_place": ("Vị trí", "Position"),
    "do_down": ("Tải xuống", "Download"),
    "do_up": ("Tải lên", "Upload"),
    "do_ping": ("Độ trễ", "Ping"),
    "do_jitter": ("Biến thiên trễ", "Jitter"),
    "do_small": (
        "Đo ít dữ liệu (khoảng 2 MB), cho mạng yếu",
        "Small test (some 2 MB), for slow lines",
    ),
    "do_anyway": ("Đo không có vị trí", "Measure without a position"),
    "do_refused_title": (
        "Trang này chưa được phép lấy vị trí",
        "This page may not read the position",
    ),
    "do_refused": (
        "Không có vị trí thì mẫu không được tính. Cho phép lại như sau, rồi bấm Đo:",
        "Without a position a sample does not count. Allow it like this, then press Measure:",
    ),
    "do_refused_android_1": (
        "Bấm biểu tượng bên trái địa chỉ trang (ổ khóa hoặc thanh gạt).",
        "Press the sign left of the page’s address (a lock or sliders).",
    ),
    "do_refused_android_2": (
        "Chọn “Quyền” → “Vị trí” → “Cho phép”.",
        "Choose “Permissions” → “Location” → “Allow”.",
    ),
    "do_refused_android_3": (
        "Kéo thanh trên cùng xuống, bật “Vị trí” của máy, chọn độ chính xác cao.",
        "Pull down the phone’s top bar and switch “Location” on, with high accuracy.",
    ),
    "do_refused_ios_1": (
        "Mở Cài đặt → Quyền riêng tư & Bảo mật → Dịch vụ định vị, bật lên.",
        "Open Settings → Privacy & Security → Location Services and switch it on.",
    ),
    "do_refused_ios_2": (
        "Trong danh sách, chọn Safari → “Khi dùng ứng dụng”, bật “Vị trí chính xác”.",
        "In the list choose Safari → “While Using”, and switch “Precise Location” on.",
    ),
    "do_refused_ios_3": (
        "Trở lại trang này, bấm “aA” cạnh địa chỉ → Cài đặt trang web → Vị trí → Cho phép.",
        "Back here press “aA” beside the address → Website Settings → Location → Allow.",
    ),
    # afterwards
    "do_ispeed_title": ("Đo thêm bằng i-Speed", "Measure with i-Speed too"),
    "do_ispeed": (
        "Chỉ kết quả đo bằng ứng dụng i-Speed mới đến VNNIC. Hãy mở i-Speed, đo tại chỗ này, rồi"
        " ghi lại kết quả nếu muốn.",
        "Only results of the i-Speed app reach VNNIC. Open i-Speed, measure here, and note the"
        " result if you like.",
    ),
    "do_ispeed_note": ("Ghi kết quả i-Speed", "Note the i-Speed result"),
    "do_ispeed_means": (
        "Kết quả nhập tay được lưu riêng với vị trí lúc này, không tính vào mẫu của bạn.",
        "A result typed in is kept apart with the position of this moment, and is not counted.",
    ),
    "do_save": ("Lưu", "Save"),
    "do_today": ("Hôm nay của bạn", "Your day"),
    "do_today_none": ("Chưa có mẫu nào hôm nay.", "No samples today yet."),
    "do_team": ("Đội của bạn hôm nay", "Your team today"),
    "do_next": ("Đo ở đâu tiếp", "Where to measure next"),
    "do_next_ask": ("Tìm chỗ gần đây", "Find places near here"),
    "do_map": (
        "Sơ đồ các chỗ nên đo quanh bạn, phía trên là hướng bắc",
        "Places around you worth measuring, north is up",
    ),
    "do_yours": ("Máy này", "This phone"),
    "do_withdrawal_code": ("Mã rút lại", "Withdrawal code"),
    "do_withdrawal_keep": (
        "Hãy chụp lại hoặc ghi mã này. Mất điện thoại vẫn rút lại được tại trang",
        "Note this code. Without the phone you can still withdraw with it at",
    ),
    "do_join": ("Vào đội khác", "Join another team"),
    "do_joins": ("Vào đội", "Join"),
    "do_name": ("Tên đội thấy", "The name your team sees"),
    "do_name_hint": (
        "Không bắt buộc. Chỉ đội trưởng và đơn vị tổ chức thấy tên này; không đặt tên thì họ thấy"
        " một con số.",
        "Up to you. Only your team’s leader and organiser see it; without one they see a number.",
    ),
    "do_name_agree": (
        "Tôi đồng ý cho đội trưởng và đơn vị tổ chức thấy tên này.",
        "I agree that the team’s leader and organiser see this name.",
    ),
    "do_name_none": ("Bỏ tên", "Take the name away"),
    "do_move_title": ("Chuyển đội?", "Move to another team?"),
    "do_move": ("Chuyển đội", "Move"),
    "do_leave_title": ("Rời đội?", "Leave the team?"),
    "do_leave": ("Rời đội", "Leave"),
    "do_stay": ("Ở lại", "Stay"),
    "do_withdraw": ("Rút lại và xóa dữ liệu của tôi", "Withdraw and delete my data"),
    "do_withdraw_sure": (
        "Xóa thiết bị, vị trí và mẫu chưa gửi? Không hoàn tác được.",
        "Delete the device, positions and unsent samples? This cannot be undone.",
    ),
    "do_withdraw_yes": ("Xóa", "Delete"),
    "do_withdraw_no": ("Không xóa", "Keep"),
    "do_kept_badly": (
        "Trình duyệt có thể xóa mẫu chưa gửi khi máy đầy. Hãy thêm trang này vào màn hình chính,"
        " và mở lại khi có mạng để gửi.",
        "The browser may delete unsent samples when storage is short. Add this page to the home"
        " screen, and open it again when online to send them.",
    ),
    # the page of withdrawal
    "withdraw_title": ("Rút lại sự đồng ý", "Withdraw your consent"),
    "withdraw_lead": (
        "Nhập mã rút lại được cấp khi bạn đồng ý. Thiết bị, vị trí và thời điểm chính xác bị xóa"
        " ngay; mẫu chỉ còn là số đếm vô danh của địa bàn.",
        "Enter the withdrawal code that you were shown when you agreed. Device, positions and exact"
        " times are deleted at once; samples remain as anonymous counts of the area.",
    ),
    "withdraw_code": ("Mã rút lại", "Withdrawal code"),
    "withdraw_do": ("Rút lại", "Withdraw"),
    "withdraw_done": ("Đã rút lại", "Withdrawn"),
    "way_measure": ("Đo", "Measure"),
}
