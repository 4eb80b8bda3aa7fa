"""Headings of reports in letterheads; remarks that are added to the sentences or replace them.

Remarks of drafts move into the five sections; they replaced the sentences, and still do.
"""

from alembic import op

revision = "0083"
down_revision = "0080"
branch_labels = None
depends_on = None

COLUMNS = """
alter table letterheads add column headings text[] not null default array[
    'Công tác chỉ đạo, tuyên truyền', 'Kết quả', 'Tồn tại, nguyên nhân', 'Nhiệm vụ tháng tới',
    'Kiến nghị'];
alter table letterheads alter column headings drop default;
alter table reports add column rewritten text[] not null default '{}';
"""
REMARKS = """
with moved as (
    select id, case when key = 'lacking' then 'shortcomings' else 'results' end as section,
        string_agg(value, E'\\n' order by array_position(array['samples', 'reached', 'quality',
            'no_connection', 'teams', 'vnnic', 'notes'], key)) as text
    from reports, jsonb_each_text(remarks) where state = 'draft' group by 1, 2)
update reports set remarks = new.remarks, rewritten = new.sections
from (select id, jsonb_object_agg(section, text) as remarks, array_agg(section) as sections
    from moved group by id) as new
where new.id = reports.id;
"""
VERSIONS = """
with former as (
    delete from remark_versions as v using reports where reports.id = report_id and state = 'draft'
    returning report_id, v.version, changed_by, changed_at,
        case when section = 'lacking' then 'shortcomings' else 'results' end as section)
insert into remark_versions (report_id, section, version, changed_by, changed_at)
select distinct on (report_id, section) report_id, section,
    sum(version) over (partition by report_id, section), changed_by, changed_at
from former order by report_id, section, changed_at desc;
"""


def upgrade() -> None:
    for statement in (COLUMNS, REMARKS, VERSIONS):
        op.execute(statement)
