"""Words of importing."""

TEXTS: dict[str, tuple[str, str]] = {
    # the file
    "not_table": ("Chỉ nhận tệp CSV hoặc XLSX.", "Only a CSV or XLSX file is taken."),
    "encoding_unknown": (
        "Không đọc được bảng mã của tệp; hãy lưu lại dưới dạng CSV UTF-8 hoặc XLSX.",
        "The file's encoding is not known; save it again as CSV UTF-8 or XLSX.",
    ),
    "encoding_unclear": (
        "Tệp có thể đọc theo hai bảng mã với kết quả khác nhau; hãy lưu lại dưới dạng CSV UTF-8"
        " hoặc XLSX.",
        "The file reads in two encodings with different letters; save it again as CSV UTF-8 or"
        " XLSX.",
    ),
    "old_workbook": (
        "Đây là tệp Excel đời cũ (.xls); hãy lưu lại dưới dạng .xlsx.",
        "This is a workbook of an old Excel (.xls); save it again as .xlsx.",
    ),
    "not_workbook": (
        "Tệp XLSX bị hỏng hoặc có mật khẩu.",
        "The XLSX file is damaged or locked by a password.",
    ),
    "unpacks_too_large": (
        "Tệp XLSX giải nén ra quá lớn.",
        "The XLSX file unpacks to too much.",
    ),
    "no_header": (
        "Không thấy dòng tiêu đề có cột “Tên đội”; hãy dùng tệp mẫu.",
        "There is no header with a column “Team name”; use the template.",
    ),
    "column_twice": (
        "Hai cột cùng mang một tiêu đề.",
        "Two columns of the header mean the same.",
    ),
    "no_rows": ("Dưới dòng tiêu đề không có dòng nào.", "There are no rows below the header."),
    "too_many_rows": (
        "Quá 5.000 dòng; hãy chia thành nhiều tệp.",
        "More than 5,000 rows; cut the file into several.",
    ),
    # the import
    "import_refused": (
        "Có dòng lỗi nên không ghi gì; hãy sửa các dòng được nêu rồi gửi lại.",
        "Nothing was written, since some rows cannot be used; correct them and send it again.",
    ),
    "import_overtaken": (
        "Một đội cùng tên vừa được tạo; không ghi gì, hãy thử lại.",
        "A team of one of these names was made just now; nothing was written, try again.",
    ),
    # a row
    "not_csv": (
        "Dấu ngoặc kép không khép hoặc đặt sai chỗ.",
        "A quotation mark is not closed or stands in a wrong place.",
    ),
    "too_many_cells": (
        "Dòng có nhiều ô hơn tiêu đề; ô có dấu phân cách phải đặt trong ngoặc kép.",
        "More cells than the header has; put a cell that holds the delimiter in quotation marks.",
    ),
    "row_twice": (
        "Tên đội này đã có ở một dòng phía trên.",
        "This team's name stands in a row above.",
    ),
    "example_left": ("Hãy xóa dòng ví dụ.", "Delete the example row."),
    # a cell
    "cell_is_date": (
        "Bảng tính đã đổi ô này thành ngày giờ; hãy định dạng ô là văn bản rồi gõ lại.",
        "The spreadsheet made a date of this cell; format it as text and type it again.",
    ),
    "cell_is_logical": (
        "Ô này là giá trị đúng/sai; hãy định dạng ô là văn bản rồi gõ lại.",
        "This cell is a logical value; format it as text and type it again.",
    ),
    "cell_is_error": ("Công thức trong ô này báo lỗi.", "The formula of this cell is in error."),
    "cell_is_formula": (
        "Công thức trong ô này chưa được tính; hãy mở tệp bằng bảng tính và lưu lại, hoặc dán giá"
        " trị.",
        "The formula of this cell has no result; open the file and save it again, or paste values.",
    ),
    "has_control": ("Có ký tự điều khiển.", "Holds a control character."),
    "letters_lost": (
        "Có chữ đã mất (dấu ?); hãy lưu lại dưới dạng CSV UTF-8 hoặc XLSX.",
        "Letters were lost (the question marks); save the file again as CSV UTF-8 or XLSX.",
    ),
    "like_formula": (
        "Tên không được bắt đầu bằng = + - @: bảng tính sẽ chạy nó như công thức.",
        "A name must not begin with = + - @: a spreadsheet would run it as a formula.",
    ),
    "type_unknown": (
        "Không có loại đội này; các loại được nhận ở bên cạnh.",
        "There is no such type of team; those that are taken stand beside.",
    ),
    "not_contact": (
        "Phải là địa chỉ thư điện tử hoặc số điện thoại.",
        "Must be an e-mail address or a telephone number.",
    ),
    "place_unknown": (
        "Không có xã, phường nào tên này hôm nay.",
        "No commune has this name today.",
    ),
    "place_code_unknown": (
        "Không có xã, phường nào mang mã này hôm nay.",
        "No commune has this code today.",
    ),
    "place_ambiguous": (
        "Nhiều xã, phường cùng tên; hãy thêm tên huyện, tỉnh hoặc ghi mã.",
        "Several communes have this name; add what it lies in, or write its code.",
    ),
    # notes
    "code_padded": (
        "Bảng tính đã bỏ số 0 đầu của mã; đã thêm lại.",
        "The spreadsheet dropped the code's leading zeros; they were put back.",
    ),
    "place_loosely": (
        "Tìm được khi bỏ qua dấu; hãy kiểm tra.",
        "Found without its accents; look whether it is the right one.",
    ),
    "place_at_home": (
        "Nhiều nơi cùng tên; đã chọn nơi thuộc địa bàn của tổ chức.",
        "Several places have this name; the one in the organisation's area was taken.",
    ),
    "leader_not_invited": (
        "Chưa mời và không lưu; hãy mời đội trưởng riêng.",
        "Neither invited nor kept; invite the leader separately.",
    ),
}
