"""The words of the pages that links of people lead to, in Vietnamese and English."""

PEOPLE: dict[str, tuple[str, str]] = {
    "needs_script": (
        "Trang này cần JavaScript. Hãy bật JavaScript, hoặc mở đường dẫn bằng một trình duyệt"
        " khác, như Chrome hay Safari.",
        "This page needs JavaScript. Switch it on, or open the link in another browser, such as"
        " Chrome or Safari.",
    ),
    "unreachable": (
        "Không kết nối được với máy chủ. Hãy kiểm tra mạng rồi thử lại.",
        "The server cannot be reached. Check the connection and try again.",
    ),
    "password": ("Mật khẩu", "Password"),
    # one-time links
    "invitation_title": ("Chọn mật khẩu", "Choose a password"),
    "invitation_lead": (
        "Đường dẫn này chỉ dùng được một lần. Chọn mật khẩu xong, bạn đăng nhập bằng mật khẩu đó.",
        "This link serves once. With the password that you choose here you sign in from then on.",
    ),
    "invitation_none": (
        "Thiếu phần bí mật của đường dẫn. Hãy mở lại đúng đường dẫn bạn đã nhận, cả phần sau"
        " dấu #.",
        "The secret part of the link is missing. Open the link as you received it, with all that"
        " stands after the #.",
    ),
    "password_new": ("Mật khẩu mới", "New password"),
    "password_again": ("Nhập lại mật khẩu", "The same once more"),
    "password_hint": (
        "Ít nhất 10 ký tự, không chứa tên đăng nhập. Vài từ ghép lại dễ nhớ và khó đoán.",
        "At least 10 characters, without your name in it. A few words are easy to keep in mind"
        " and hard to guess.",
    ),
    "passwords_differ": ("Hai lần nhập không giống nhau.", "The two are not the same."),
    "password_save": ("Lưu mật khẩu", "Save the password"),
    "password_saved": ("Đã lưu mật khẩu", "The password is saved"),
    "sign_in_as": ("Từ nay bạn đăng nhập bằng tên:", "From now on you sign in by the name"),
    # sign in
    "sign_in": ("Đăng nhập", "Sign in"),
    "sign_in_lead": (
        "Dành cho đội trưởng, đơn vị tổ chức, cán bộ và quản trị viên. Tình nguyện viên đo bằng"
        " ứng dụng, không cần đăng nhập.",
        "For team leaders, organisers, officials and admins. Volunteers measure with the app and"
        " need no sign-in.",
    ),
    "sign_in_name": ("Thư điện tử hoặc số điện thoại", "E-mail or telephone number"),
    "totp_code": ("Mã sáu số", "Six digits"),
    "totp_hint": (
        "Mở ứng dụng xác thực trên điện thoại của bạn.",
        "Your authenticator app shows them.",
    ),
    "signed_in": ("Bạn đã đăng nhập", "You are signed in"),
    "signed_in_name": ("Tên đăng nhập", "Name"),
    "roles": ("Vai trò", "Roles"),
    "roles_none": ("Chưa có vai trò nào.", "None at present."),
    "role_team_leader": ("Đội trưởng", "Team leader"),
    "role_organiser": ("Đơn vị tổ chức", "Organiser"),
    "role_official": ("Cán bộ phụ trách địa bàn", "Official of an area"),
    "role_admin": ("Quản trị viên", "Admin"),
    "totp": ("Xác thực hai lớp", "Second factor"),
    "totp_is_on": ("Đang bật", "On"),
    "totp_is_off": ("Đang tắt", "Off"),
    "totp_admin": (
        "<strong>Còn một bước.</strong> Quyền quản trị viên chỉ có hiệu lực khi bạn bật xác thực"
        " hai lớp.",
        "<strong>One step is left.</strong> An admin’s role counts only with a second factor.",
    ),
    "totp_set_up": ("Bật xác thực hai lớp", "Set up the second factor"),
    "totp_scan": (
        "Quét mã này bằng ứng dụng xác thực, như Google Authenticator hay Aegis, rồi nhập sáu số"
        " mà ứng dụng cho thấy.",
        "Scan this with an authenticator app, such as Google Authenticator or Aegis, then enter"
        " the six digits that it shows.",
    ),
    "totp_picture": ("Mã QR để bật xác thực hai lớp", "QR code of the second factor"),
    "totp_secret": ("Không quét được? Nhập mã này:", "Cannot scan it? Type this:"),
    "totp_confirm": ("Xác nhận", "Confirm"),
    "to_work": ("Vào khu làm việc", "To the workspace"),
    "sign_out": ("Đăng xuất", "Sign out"),
    "to_api": ("Xem các lệnh gọi API", "See what the API offers"),
    # join
    "join_title": ("Tham gia đội đo sóng", "Join a measuring team"),
    "join_lead": (
        "Mã này dùng trong ứng dụng Đo Sóng trên điện thoại.",
        "This code is for the Đo Sóng app on your phone.",
    ),
    "join_code": ("Mã tham gia", "Join code"),
    "join_none": (
        "Đường dẫn này không có mã. Hãy quét lại mã QR, hoặc hỏi đội trưởng mã gồm 8 chữ và số.",
        "This link holds no code. Scan the QR code again, or ask your team’s leader for the 8"
        " letters and digits.",
    ),
    "join_no_script": (
        "Không có JavaScript, trang không hiện được mã: mã là phần sau dấu # trên thanh địa chỉ.",
        "Without JavaScript this page cannot show the code: it is what stands after the # in the"
        " address bar.",
    ),
    "join_here": ("Đo ngay trên trình duyệt này", "Measure in this browser"),
    "join_copy": ("Sao chép mã", "Copy the code"),
    "join_copied": ("Đã sao chép.", "Copied."),
    "join_selected": (
        "Mã đã được chọn; hãy sao chép bằng tay.",
        "The code is selected; copy it by hand.",
    ),
    "join_steps": ("Ba bước", "Three steps"),
    "join_install": (
        "Cài và mở ứng dụng Đo Sóng, đọc nội dung và chọn “Tôi đồng ý” nếu bạn muốn tham gia.",
        "Install and open the Đo Sóng app, read what it says, and agree if you want to take part.",
    ),
    "join_enter": (
        "Chọn “Tham gia đội”, rồi quét mã QR hoặc nhập mã trên đây. Không phân biệt chữ hoa, chữ"
        " thường.",
        "Choose “Join a team”, then scan the QR code or enter the code above; capitals do not"
        " matter.",
    ),
    "join_measure": (
        "Bật định vị, ra chỗ cần đo và bấm “Đo”. Không có sóng cũng cứ đo: ứng dụng giữ lại và gửi"
        " sau.",
        "Switch location on, go where samples lack, and press “Measure”. Without a signal measure"
        " all the same: the app keeps it and sends it later.",
    ),
    "join_private": (
        "Trang này không gửi mã đi đâu. Chỉ khi nhập mã trong ứng dụng, bạn mới vào đội.",
        "This page sends the code nowhere. You join only by entering it in the app.",
    ),
}
