"""Words of the cells of a unit: what is held back, and what the evenness of samples is."""

TEXTS: dict[str, tuple[str, str]] = {
    "cells_rule": (
        "Chỉ hiện những ô có ít nhất {least} thiết bị đã đo; các ô khác được gộp thành một con số, "
        "để không ai nhận ra chỗ ở hay thói quen của một người.",
        "Only cells in which at least {least} devices measured are shown; the others are summed "
        "up, so that nobody's home or habits can be told from them.",
    ),
    "cells_all": (
        "Hiện mọi ô: bạn phụ trách địa bàn này. Đừng chuyển tiếp những ô chỉ có ít thiết bị.",
        "Every cell is shown: this area is yours. Do not pass on those of few devices.",
    ),
    "evenness_definition": (
        "Độ đều = số ô hiệu dụng / số ô có thể đạt. Số ô hiệu dụng là nghịch đảo của tổng bình "
        "phương tỷ lệ mẫu ở mỗi ô: bằng 1 khi mọi mẫu đến từ một chỗ. Số ô có thể đạt là số ô của "
        "đơn vị, hoặc số mẫu nếu ít hơn. Nơi không có người ở cũng được tính vào số ô.",
        "Evenness = effective cells / cells that could be reached. Effective cells are one over "
        "the sum of squared shares of the cells: 1 where all samples come from one place. What "
        "could be reached are the unit's cells, or the samples where these are fewer. Cells where "
        "nobody lives are among them.",
    ),
}
