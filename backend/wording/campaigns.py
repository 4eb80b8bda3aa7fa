"""Words of organisations, teams and campaigns."""

TEXTS: dict[str, tuple[str, str]] = {
    "precondition_required": (
        "Cần gửi If-Match với phiên bản (ETag) mà bạn đã xem.",
        "Send If-Match with the version (ETag) that you saw.",
    ),
    "precondition_failed": (
        "Người khác vừa sửa mục này; hãy xem lại rồi sửa tiếp.",
        "Somebody else changed this first; look at it again, then change it.",
    ),
    "blank": ("Cần ít nhất một chữ cái hoặc chữ số.", "Needs at least one letter or digit."),
    "name_taken": (
        "Tên này đã được dùng, có thể bởi một mục đã kết thúc.",
        "This name is taken already, perhaps by one that has ended.",
    ),
    "no_such_unit": (
        "Không có đơn vị hành chính này trong hệ thống và cấp đã nêu.",
        "There is no such unit in that system and level.",
    ),
    "no_such_organisation": ("Không có tổ chức này.", "There is no such organisation."),
    "parent_loop": (
        "Một tổ chức không thể nằm dưới chính nó hoặc dưới tổ chức con của nó.",
        "An organisation cannot lie below itself or below one of its own.",
    ),
    "organisation_ended": ("Tổ chức này đã kết thúc.", "This organisation has ended."),
    "team_ended": ("Đội này đã kết thúc.", "This team has ended."),
    "before_first_day": (
        "Ngày cuối không được trước ngày đầu.",
        "The last day must not be before the first.",
    ),
    "state_not_reachable": (
        "Không thể chuyển chiến dịch từ trạng thái hiện tại sang trạng thái này.",
        "A campaign cannot go from its present state to this one.",
    ),
    "campaign_archived": (
        "Chiến dịch đã lưu trữ, không sửa được nữa.",
        "The campaign is archived and stays as it is.",
    ),
    "campaign_running": (
        "Chiến dịch không còn là bản nháp: sửa trường này sẽ thay đổi kết quả của các đội. Hãy xem"
        " trước rồi sửa qua …/changes.",
        "The campaign is no draft any more: changing this moves what teams earned. Preview it,"
        " then change it by …/changes.",
    ),
    "campaign_not_draft": (
        "Chỉ xóa được chiến dịch còn là bản nháp; hãy đóng rồi lưu trữ chiến dịch này.",
        "Only a draft can be removed; close this campaign and archive it instead.",
    ),
    "campaign_used": (
        "Chiến dịch đã có người tham gia hoặc có kết quả, không xóa được.",
        "People joined this campaign or it has results: it cannot be removed.",
    ),
}
