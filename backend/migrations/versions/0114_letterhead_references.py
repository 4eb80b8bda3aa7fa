"""Documents that letters answer become lines of the letterhead, as letters cite them.

Confirmed documents move: those of the installation to provinces without any. A unit without a
letterhead gets the usual one.
"""

import re

from alembic import op
from sqlalchemy import text

revision = "0114"
down_revision = "0112"
branch_labels = None
depends_on = None

DOCUMENTS = """
alter table letterheads add column "references" text[] not null default '{}';
alter table letterheads alter column "references" drop default;
create temporary table documents on commit drop as
select id, unit_id, issued_on, concat(
    type, ' số ', concat_ws('/', nullif(number, ''), nullif(symbol, '')),
    to_char(issued_on, '" ngày "DD" tháng "'),
    to_char(issued_on, case when extract(month from issued_on) > 2 then 'FMMM' else 'MM' end),
    to_char(issued_on, '" năm "YYYY'), ' của ', issuer,
    ' về việc ' || regexp_replace(rtrim(about, '. '), '^(về việc|v/v) ', '', 'i')) as citation
from reference_documents where confirmed_at is not null;
create temporary table cited on commit drop as
with of_unit as (
    select unit_id, array_agg(citation order by issued_on, id) as lines from documents group by 1)
select unit_id, lines from of_unit where unit_id is not null union all
select u.id, lines from units u, of_unit
where of_unit.unit_id is null and u.level = 'province' and u.valid_to is null
    and u.id not in (select unit_id from documents where unit_id is not null);
update letterheads h set "references" = lines from cited where cited.unit_id = h.unit_id;
update reports set letter = jsonb_set(letter, '{references}', coalesce((
    select jsonb_agg(citation order by issued_on, id) from documents
    where to_jsonb(id) <@ (letter -> 'references')), '[]'))
where state = 'draft' and jsonb_typeof(letter -> 'references') = 'array';
drop table reference_documents;
"""
WITHOUT = text("""
    select u.id, u.level, u.name, p.name as province, lines
    from cited join units u on u.id = unit_id left join units p on p.id = u.province_id
    where not exists (select from letterheads h where h.unit_id = u.id)
""")
ADD = text("""
    insert into letterheads (unit_id, valid_from, superior, agency, symbol, place, recipients,
        titles, copies, headings, "references", version, changed_at)
    values (:id, current_date, :superior, :agency, :symbol, :place, array[:recipient], :titles,
        :copies, array['Công tác chỉ đạo, tuyên truyền', 'Kết quả', 'Tồn tại, nguyên nhân',
        'Nhiệm vụ tháng tới', 'Kiến nghị'], :lines, 1, now())
""")
TYPES = re.compile(
    "(Tỉnh|Thành phố|Huyện|Quận|Thị xã|Thị trấn|Xã|Phường|Đặc khu) (?![0-9]|Hồ Chí Minh)"
)


def in_sentence(name: str) -> str:
    return name[:1].lower() + name[1:]


def upgrade() -> None:
    op.execute(DOCUMENTS)
    connection = op.get_bind()
    for unit in connection.execute(WITHOUT).mappings().all():
        name, within, province = unit["name"], in_sentence(unit["name"]), unit["province"] or ""
        head = {
            "superior": None,
            "agency": f"Ủy ban nhân dân {within}".upper(),
            "symbol": "UBND-VHXH",
            "place": TYPES.sub("", name, count=1),
            "recipient": f"Sở Khoa học và Công nghệ {in_sentence(province)}",
            "titles": ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"],
            "copies": ["Như trên", "Lưu: VT, VHXH"],
        }
        if unit["level"] == "province":
            head |= {
                "superior": f"UBND {name}".upper(),
                "agency": "SỞ KHOA HỌC VÀ CÔNG NGHỆ",
                "symbol": "SKHCN-BCVT",
                "recipient": "Cục Viễn thông, Bộ Khoa học và Công nghệ",
                "titles": ["GIÁM ĐỐC"],
                "copies": ["Như trên", f"Ủy ban nhân dân {within} (để báo cáo)", "Lưu: VT, BCVT"],
            }
        connection.execute(ADD, head | {"id": unit["id"], "lines": unit["lines"]})
