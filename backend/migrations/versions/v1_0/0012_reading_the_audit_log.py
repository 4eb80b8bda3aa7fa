"""indexes that read the audit log from its newest entry, whoever, whatever and about what it is"""

from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_audit_act_id"), table_name="audit")
    op.drop_index(op.f("ix_audit_actor_id"), table_name="audit")
    op.create_index(op.f("ix_audit_act_at"), "audit", ["act", "at"], unique=False)
    op.create_index(op.f("ix_audit_actor_at"), "audit", ["actor", "at"], unique=False)
    op.create_index(op.f("ix_audit_subject_at"), "audit", ["subject", "at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_subject_at"), table_name="audit")
    op.drop_index(op.f("ix_audit_actor_at"), table_name="audit")
    op.drop_index(op.f("ix_audit_act_at"), table_name="audit")
    op.create_index(op.f("ix_audit_actor_id"), "audit", ["actor", "id"], unique=False)
    op.create_index(op.f("ix_audit_act_id"), "audit", ["act", "id"], unique=False)
