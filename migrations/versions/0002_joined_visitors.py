"""Visitors that an alias has joined, and companies that servers name"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import tracker.db

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As text, for to Alembic a foreign key in SQLite means copying the whole table.
    op.execute("ALTER TABLE visitors ADD COLUMN joined_into_id INTEGER REFERENCES visitors (id)")
    if op.get_context().dialect.supports_comments:
        op.execute(
            "COMMENT ON COLUMN visitors.joined_into_id IS "
            "'the visitor who has its visits now; that one is never joined itself'"
        )
    where = sa.text("joined_into_id IS NOT NULL")
    op.create_index(
        "ix_visitors_joined", "visitors", ["joined_into_id"], sqlite_where=where, postgresql_where=where
    )
    op.create_table(
        "visitor_companies",
        sa.Column("visitor_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False, comment="one can register it"),
        sa.Column("said_at", tracker.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["visitor_id"], ["visitors.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("visitor_id"),
    )
