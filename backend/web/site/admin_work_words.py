"""The words of admins' pages of long work and boundary sets, in Vietnamese and English."""

ADMIN_WORK: dict[str, tuple[str, str]] = {
    "admin_jobs": ("Việc chạy nền", "Long work"),
    "admin_jobs_lead": (
        "Các việc này chạy trên máy chủ và chạy tiếp khi bạn rời trang. Việc đã dừng giữa chừng"
        " chạy lại được.",
        "Long work runs on the server, and goes on when you leave the page. What stopped halfway"
        " can be run again.",
    ),
    "admin_jobs_list": ("Đang chạy và đã chạy", "What runs and what ran"),
    "admin_jobs_none": ("Chưa có việc nào", "Nothing so far"),
    "admin_jobs_none_how": (
        "Việc bạn yêu cầu hiện ở đây cùng tiến độ.",
        "What you ask for shows up here with its progress.",
    ),
    "admin_job_reassign": ("Xếp lại xã, phường", "Name communes again"),
    "admin_job_rejudge": ("Xét lại một tháng", "Judge a month again"),
    "admin_job_remove_demo": ("Xóa dữ liệu minh họa", "Remove the demo"),
    "admin_job_check_set": ("Kiểm tra bộ ranh giới", "Check a boundary set"),
    "admin_job_state_waiting": ("đang chờ", "waits"),
    "admin_job_state_running": ("đang chạy", "runs"),
    "admin_job_state_done": ("xong", "done"),
    "admin_job_state_failed": ("không xong", "failed"),
    "admin_job_asked": ("yêu cầu lúc {moment}", "asked at {moment}"),
    "admin_job_ended": ("kết thúc lúc {moment}", "ended at {moment}"),
    "admin_job_progress": ("Tiến độ", "Progress"),
    "admin_job_died": (
        "Đã dừng giữa chừng; hãy chạy lại.",
        "It stopped halfway; run it again.",
    ),
    "admin_job_again": ("Chạy lại", "Run again"),
    "admin_reassign_hint": (
        "Sau khi dùng bộ ranh giới khác: tìm lại xã, phường của từng mẫu đã lưu.",
        "After another boundary set was activated: find the commune of each stored sample again.",
    ),
    "admin_reassign_do": ("Xếp lại", "Name again"),
    "admin_rejudge_hint": (
        "Áp dụng bộ quy tắc hiện hành cho các mẫu của một tháng. Hãy xem trước điều gì sẽ đổi.",
        "The rules of today for a month’s samples. See first what would change.",
    ),
    "admin_rejudge_do": ("Xét lại", "Judge again"),
    "admin_month": ("Tháng", "Month"),
    "admin_month_hint": ("Năm-tháng, như 2026-11.", "Year and month, like 2026-11."),
    "admin_how": ("Cách chạy", "How"),
    "admin_dry_run": ("chỉ xem trước", "only see what would change"),
    "admin_in_earnest": ("thay đổi thật", "change it"),
    "admin_did": (
        "Đổi xã: {moved} mẫu. Đổi kết luận: {rejudged} mẫu. Giữ nguyên vì đã ẩn danh: {left} mẫu.",
        "Moved to another commune: {moved}. Judged otherwise: {rejudged}. Anonymous, left as they"
        " are: {left}.",
    ),
    "admin_would": (
        "Sẽ đổi kết luận: {rejudged} mẫu. Giữ nguyên vì đã ẩn danh: {left} mẫu.",
        "Would be judged otherwise: {rejudged}. Anonymous, left as they are: {left}.",
    ),
    "admin_remove_demo_hint": (
        "Xóa mọi mẫu, đội, báo cáo và tài khoản minh họa, không xóa gì khác. Không hoàn tác được;"
        " trang này không nạp lại được.",
        "Removes all samples, teams, reports and accounts of the demo and nothing else. It is not"
        " undone, and no page loads it again.",
    ),
    "admin_remove_demo_sure": ("Tôi muốn xóa dữ liệu minh họa", "I want the demo to be removed"),
    "admin_remove_demo_do": ("Xóa", "Remove"),
    "admin_removed": ("Đã xóa {n} mẫu đo.", "Samples removed: {n}."),
    "admin_report": ("Báo cáo kiểm tra", "Report"),
    "admin_sets": ("Ranh giới", "Boundaries"),
    "admin_sets_lead": (
        "Mỗi ngày có đúng một bộ ranh giới phục vụ; bộ đã cài được ưu tiên hơn bộ gần đúng. Dùng bộ"
        " khác không làm mất bộ cũ.",
        "Exactly one set serves a day, an installed one before the approximate one. Activating"
        " another leaves the old one there.",
    ),
    "admin_sets_list": ("Các bộ ranh giới", "Boundary sets"),
    "admin_set": ("Bộ", "Set"),
    "admin_quality": ("Chất lượng", "Quality"),
    "admin_quality_published": ("được công bố", "published"),
    "admin_quality_derived": ("dựng lại", "derived"),
    "admin_quality_approximate": ("gần đúng", "approximate"),
    "admin_communes": ("Số xã, phường", "Communes"),
    "admin_serves": ("phục vụ hôm nay", "serves today"),
    "admin_active": ("đã kích hoạt", "active"),
    "admin_inactive": ("chưa dùng", "not in use"),
    "admin_check": ("Kiểm tra", "Check"),
    "admin_check_name": ("Kiểm tra {name}", "Check {name}"),
    "admin_activate": ("Dùng", "Activate"),
    "admin_activate_name": ("Dùng {name}", "Activate {name}"),
}
