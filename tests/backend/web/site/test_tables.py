"""Cells named by their column, and pages of long lists."""

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from backend.web.site.tables import ROWS_SHOWN, columns_class, list_page, name_cells

COLUMNS = [Markup('<th scope="col" class=" ">Đội</th>'),
           Markup('<th scope="col" class="n "><a href="?by=n">Mẫu &amp; ô</a></th>'),
           Markup('<th scope="col" class=" wide-only">"Ghi chú"</th>')]  # fmt: skip


def test_cells_have_the_name_of_their_column() -> None:
    rows = Markup('<tr class="a"><th scope="row">Một</th><td class="n">7</td><td>x</td></tr>\n'
                  '<tr><td></td><td colspan="2">y</td></tr>')  # fmt: skip
    assert name_cells(rows, COLUMNS) == (
        '<tr class="a"><th scope="row">Một</th><td data-column="Mẫu &amp; ô" class="n">7</td>'
        '<td data-column="&#34;Ghi chú&#34;">x</td></tr>\n'
        '<tr><td data-column="Đội"></td><td colspan="2">y</td></tr>'
    )


def test_classes_count_the_columns_of_phones_and_of_other_screens() -> None:
    assert columns_class(COLUMNS) == "columns-2 all-3"
    assert columns_class(COLUMNS * 4) == "columns-8"


@given(st.integers(0, 3 * ROWS_SHOWN + 1), st.integers(1, 9))
def test_pages_have_every_row_once(length: int, beyond: int) -> None:
    rows, number, seen = list(range(length)), 1, []
    while True:
        page = list_page(rows, number)
        assert len(page.rows) <= ROWS_SHOWN and page.total == length
        assert page.previous == (number - 1 or None)
        seen += page.rows
        if page.next is None:
            break
        number = page.next
    assert seen == rows and number == max(1, -(-length // ROWS_SHOWN))
    assert list_page(rows, number + beyond) == page
