"""Why VNNIC's count of a unit may differ from ours: a closed list with conditions. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """Both counts of a unit's month, and what is known of how each came about."""

    received: int
    counted: int
    lost: Mapping[str, int]  # by main reason
    theirs: int | None
    imported: bool
    imported_early: bool  # before the month was over
    no_boundary: bool
    approximate: bool  # our communes are not the published ones

    @property
    def more_theirs(self) -> bool:
        return self.theirs is not None and self.theirs > self.counted

    @property
    def more_ours(self) -> bool:
        return self.theirs is not None and self.theirs < self.counted


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its code, its words, and the condition under which it is told."""

    code: str
    holds: Callable[[Pair], bool]
    words: tuple[str, str]  # Vietnamese, English
    condition: tuple[str, str]


REASONS = (
    Reason(
        "not_imported",
        lambda pair: not pair.imported,
        ("Chưa nhập số liệu của VNNIC.", "VNNIC's count was not imported."),
        ("không có dòng nào của VNNIC cho đơn vị và tháng", "no row of VNNIC's for unit and month"),
    ),
    Reason(
        "not_enough_for_vnnic",
        lambda pair: pair.imported and pair.theirs is None,
        ("VNNIC không đủ số mẫu để đánh giá.", "VNNIC has too few samples to assess the unit."),
        ("VNNIC ghi “không đủ số mẫu”", "VNNIC says “not enough samples”"),
    ),
    Reason(
        "imported_early",
        lambda pair: pair.imported_early,
        (
            "Số của VNNIC được nhập khi tháng chưa kết thúc.",
            "VNNIC's count was imported before the month was over.",
        ),
        ("ngày nhập không sau ngày cuối tháng", "imported on or before the month's last day"),
    ),
    Reason(
        "own_client_alone",
        lambda pair: pair.more_ours,
        (
            "Mẫu đo bằng Đo Sóng không về VNNIC; hãy nhắc các đội chạy cả i-Speed.",
            "Samples of Đo Sóng do not reach VNNIC; remind teams to run i-Speed, too.",
        ),
        ("VNNIC ít hơn số được tính", "theirs is less than our counted"),
    ),
    Reason(
        "ispeed_alone",
        lambda pair: pair.theirs is not None and pair.theirs > pair.received,
        (
            "Người dân đo bằng i-Speed; các mẫu đó chỉ về VNNIC.",
            "People measure with i-Speed itself; those samples go to VNNIC only.",
        ),
        ("VNNIC nhiều hơn số nhận được", "theirs is more than our received"),
    ),
    Reason(
        "repeats_weighed_otherwise",
        lambda pair: pair.more_theirs and pair.lost.get("repeat", 0) > 0,
        (
            "Cách VNNIC gộp mẫu lặp không được công bố và có thể khác quy tắc ở đây.",
            "How VNNIC weighs repeated samples is not published and may differ from the rule here.",
        ),
        (
            "VNNIC nhiều hơn số được tính, và có mẫu lặp không được tính",
            "theirs is more than our counted, and repeats were not counted",
        ),
    ),
    Reason(
        "typed_in_left_out",
        lambda pair: pair.more_theirs and pair.lost.get("source_not_counted", 0) > 0,
        (
            "Kết quả i-Speed nhập tay không được tính ở đây.",
            "Results of i-Speed that were typed in are not counted here.",
        ),
        (
            "VNNIC nhiều hơn số được tính, và có mẫu nhập tay",
            "theirs is more than our counted, and there are typed-in samples",
        ),
    ),
    Reason(
        "excluded_here",
        lambda pair: pair.more_theirs and pair.lost.get("excluded", 0) > 0,
        (
            "Tỉnh đã loại một số mẫu sau khi kiểm tra.",
            "The province took samples out after a review.",
        ),
        (
            "VNNIC nhiều hơn số được tính, và có mẫu bị loại",
            "theirs is more than our counted, and samples were excluded",
        ),
    ),
    Reason(
        "no_boundary_here",
        lambda pair: pair.imported and pair.no_boundary,
        (
            "Ở đây chưa có ranh giới của đơn vị nên không mẫu nào vào được đó.",
            "There is no polygon of the unit here, so no sample can lie in it.",
        ),
        ("đơn vị không có ranh giới", "the unit has no polygon"),
    ),
    Reason(
        "approximate_boundaries",
        lambda pair: (pair.more_theirs or pair.more_ours) and pair.approximate,
        (
            "Ranh giới ở đây là gần đúng: mẫu gần ranh giới có thể vào đơn vị bên cạnh.",
            "Boundaries here are approximate: samples near one may lie in the unit beside.",
        ),
        (
            "hai số khác nhau và bộ ranh giới không phải bộ đã công bố",
            "the counts differ, and the boundary set is not a published one",
        ),
    ),
)


def likely(pair: Pair) -> list[str]:
    """The codes of the reasons whose condition holds, in the list's order."""
    return [reason.code for reason in REASONS if reason.holds(pair)]
