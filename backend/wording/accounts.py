"""Words of accounts."""

TEXTS: dict[str, tuple[str, str]] = {
    "not_accepted_yet": (
        "Người này chưa nhận lời mời; hãy cấp thêm vai trò sau khi họ đã đặt mật khẩu.",
        "This person has not accepted the invitation yet; grant more once they have a password.",
    ),
    "sign_in_failed": (
        "Tên đăng nhập hoặc mật khẩu không đúng.",
        "The name or the password is wrong.",
    ),
    "totp_required": (
        "Hãy nhập mã sáu số trên ứng dụng xác thực.",
        "Enter the six digits that your authenticator app shows.",
    ),
    "totp_wrong": (
        "Mã sáu số không đúng, đã hết hạn hoặc đã dùng rồi.",
        "The six digits are wrong, too old or used already.",
    ),
    "totp_on": (
        "Xác thực hai lớp đang bật; hãy tắt trước khi đặt lại.",
        "The second factor is on; switch it off before setting up another.",
    ),
    "totp_not_offered": (
        "Chưa tạo mã bí mật cho xác thực hai lớp.",
        "Setting up a second factor was not begun.",
    ),
    "totp_needed": (
        "Quản trị viên phải bật xác thực hai lớp trước.",
        "An admin has to set up the second factor first.",
    ),
    "csrf_failed": (
        "Thiếu mã bảo vệ của trang hoặc mã không khớp; hãy tải lại trang.",
        "The page's protecting token is missing or does not fit; load the page again.",
    ),
    "session_required": (
        "Việc này chỉ làm được khi đăng nhập, không làm được bằng mã của chương trình.",
        "This is for a person who has signed in, not for a program's token.",
    ),
    "link_not_valid": (
        "Đường dẫn không đúng, đã dùng hoặc đã hết hạn.",
        "The link is unknown, used or too old.",
    ),
    "account_exists": (
        "Tên này đã có tài khoản; hãy cấp thêm vai trò cho tài khoản đó.",
        "This name has an account already; grant a further role to that.",
    ),
    "last_admin": (
        "Đây là quản trị viên cuối cùng; hãy cấp vai trò cho người khác trước.",
        "This is the last admin; make somebody else one first.",
    ),
    "too_many_tokens": (
        "Đã có quá nhiều mã truy cập; hãy thu hồi mã không dùng nữa.",
        "There are too many tokens; revoke those no longer in use.",
    ),
    # fields
    "not_a_name": (
        "Phải là địa chỉ thư điện tử hoặc số điện thoại.",
        "Must be an e-mail address or a telephone number.",
    ),
    "password_short": (
        "Mật khẩu phải có ít nhất 10 ký tự.",
        "A password has at least 10 characters.",
    ),
    "password_common": (
        "Mật khẩu này quá dễ đoán.",
        "This password is too easy to guess.",
    ),
    "password_is_name": (
        "Mật khẩu không được chứa tên đăng nhập.",
        "The password must not contain the name.",
    ),
    "password_wrong": ("Mật khẩu không đúng.", "The password is wrong."),
    "scope_unknown": (
        "Không có đội, tổ chức hoặc địa bàn này.",
        "There is no such team, organisation or unit.",
    ),
    "scope_not_taken": (
        "Vai trò này không nhận phạm vi như vậy.",
        "This role does not take such a scope.",
    ),
    "unit_ambiguous": (
        "Mã này thuộc nhiều cấp; hãy nêu rõ cấp.",
        "Units of several levels have this code; name the level.",
    ),
    "unit_ended": (
        "Đơn vị này không còn tồn tại.",
        "This unit exists no more.",
    ),
    "in_the_past": ("Thời điểm này đã qua.", "This moment has passed."),
}
