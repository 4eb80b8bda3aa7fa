"""The default target of fixed lines names no letter of one province."""

from alembic import op

revision = "0086"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "update targets set source = 'Mức mặc định của Đo Sóng' "
        "where unit_id is null and source = '1004/SKHCN Cần Thơ (15/09/2025)'"
    )
