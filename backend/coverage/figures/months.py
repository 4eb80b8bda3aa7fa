"""Which months have anything to show."""

from datetime import date

from sqlalchemy import text

from backend.database.extensions import db

# Steps from month to month along the index of counts, instead of reading every row of a table
# that grows with units, days and fates; what still waits to be folded is little.
WITH_DATA = text("""
    with recursive months(month) as (
        select max(month) from counts where month <= :now
        union all
        select (select max(month) from counts where month < months.month)
        from months where month is not null
    ), found as (
        select month from months
        where exists (select 1 from counts c where c.month = months.month and c.n > 0)
        union
        select to_char(day, 'YYYY-MM') from count_deltas where n > 0
    )
    select month from found where month <= :now order by month desc
""")


def months_with_data(today: date) -> list[str]:
    """The months up to today in which anything was measured, the newest first."""
    return list(db.session.scalars(WITH_DATA, {"now": f"{today:%Y-%m}"}))
