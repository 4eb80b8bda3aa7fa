"""Words of VNNIC's own counts."""

TEXTS: dict[str, tuple[str, str]] = {
    "vnnic_not_table": (
        "Chỉ nhận bảng CSV, XLSX hoặc JSON của VNNIC.",
        "Only a CSV or XLSX table or VNNIC's JSON is taken.",
    ),
    "vnnic_no_header": (
        "Không thấy cột số mẫu; hãy cho biết cột nào, ví dụ columns=samples=Số lượng.",
        "There is no column of samples; say which it is, such as columns=samples=Số lượng.",
    ),
    "vnnic_columns_unreadable": (
        "Hãy viết dạng cột=tiêu đề;cột=tiêu đề.",
        "Write it as column=title;column=title.",
    ),
    "vnnic_unit_unknown": (
        "Không có đơn vị này trong danh sách của tháng.",
        "The month's list has no such unit.",
    ),
    "vnnic_unit_ambiguous": (
        "Nhiều đơn vị cùng tên; hãy thêm loại, huyện, tỉnh hoặc mã.",
        "Several units have this name; add its type, what it lies in, or its code.",
    ),
    "vnnic_code_not_name": (
        "Mã và tên không phải của cùng một đơn vị trong tháng đó.",
        "Code and name are not those of one unit in that month.",
    ),
    "vnnic_outside_area": (
        "Đơn vị nằm ngoài địa bàn của bạn.",
        "The unit lies outside your area.",
    ),
    "vnnic_unit_twice": (
        "Đơn vị này đã có ở một dòng phía trên.",
        "This unit stands in a row above.",
    ),
}
