"""Citation of the documents that set the targets of a report."""

from collections.abc import Iterable

from backend.reports.content.figures import ReportUnit

# Sources of the targets of a new installation, as Decree 30/2020/NĐ-CP cites a letter.
LETTERS = {
    "5691/BTTTT-CVT (31/12/2024)": (
        "Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024 của Bộ Thông tin và Truyền thông"
    ),
    "1004/SKHCN Cần Thơ (15/09/2025)": (
        "Công văn số 1004/SKHCN ngày 15 tháng 9 năm 2025 của Sở Khoa học và Công nghệ thành phố"
        " Cần Thơ"
    ),
}
# Letters of one province, which request nothing of another one.
OF_PROVINCE = {"1004/SKHCN Cần Thơ (15/09/2025)": "Thành phố Cần Thơ"}


def cite(source: str | None, unit: ReportUnit) -> str | None:
    """Return how a report of a unit cites the source of a target; None if it does not."""
    if source is None or OF_PROVINCE.get(source, unit["province"]) != unit["province"]:
        return None
    return LETTERS.get(source, source)


def cite_all(sources: Iterable[str | None], unit: ReportUnit) -> str:
    """Return the citation of several sources, each once."""
    cited = {cite(source, unit) for source in sources}
    return ", ".join(sorted(one for one in cited if one))
