"""Sites that honour Do Not Track, and since when something was noted"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import tracker.db

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sites",
        sa.Column(
            "do_not_track",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="a browser's DNT counts as no consent, as its Sec-GPC always does",
        ),
    )
    op.add_column("collector_notes", sa.Column("first_at", tracker.db.UtcDateTime(), nullable=True))
    op.execute("UPDATE collector_notes SET first_at = last_at")
    comments = {
        "kind": "refused_host, script or unknown_key",
        "detail": "a host; of an unknown key: key and host",
    }
    with op.batch_alter_table("collector_notes") as table:
        table.alter_column("first_at", existing_type=tracker.db.UtcDateTime(), nullable=False)
        table.alter_column(
            "kind",
            existing_type=sa.String(20),
            existing_nullable=False,
            existing_comment="refused_host or script",
            comment=comments["kind"],
        )
        table.alter_column(
            "detail",
            existing_type=sa.String(300),
            existing_nullable=False,
            existing_comment="a host",
            comment=comments["detail"],
        )
