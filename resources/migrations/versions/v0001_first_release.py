"""The ledger of the first release, 0.1.0. Homes of that time have these tables, and some also ``materiality``."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INTEGER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
FLOAT = sa.Float()


def key(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, primary_key=True)


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, INTEGER, nullable=False)


def upgrade() -> None:
    op.create_table("schema_info", sa.Column("version", INTEGER, primary_key=True, autoincrement=False))
    op.create_table(
        "entry", sa.Column("n", INTEGER, primary_key=True, autoincrement=False),
        text("at"), text("kind"), text("name"), text("digest"), text("payload"), text("previous_head"), text("head"),
    )  # fmt: skip
    op.create_table(
        "part", sa.Column("entry", INTEGER, sa.ForeignKey("entry.n"), primary_key=True), text("feed"), key("month"),
        text("digest"), text("file_digest"), number("rows"),
    )  # fmt: skip
    op.create_table(
        "manifest", key("month"), key("table_name"), text("digest"), text("file_digest"), number("rows"), number("as_of"),
        text("code_version"), text("inputs"), text("seal"),
    )  # fmt: skip
    op.create_table(
        "finding", key("month"), key("table_name"), key("id"), text("site_id"), text("code"), text("severity"), text("quantity"),
        text("subject"), sa.Column("seen", FLOAT), sa.Column("limit", FLOAT), text("unit"), text("message_en"), text("message_zh"),
        text("rows_ref"), sa.Column("because_of", TEXT),
    )  # fmt: skip
    op.create_table(
        "verdict", key("month"), key("table_name"), key("site_id"), key("quantity"), key("rule"), text("outcome"), text("severity"),
        text("reason"), text("judged"),
    )  # fmt: skip
    op.create_table(
        "indicator_value", key("month"), key("table_name"), key("entity_id"), key("window"), key("code"), text("entity_kind"),
        text("status"), sa.Column("value", FLOAT), text("payload"),
    )  # fmt: skip
    op.create_table(
        "result", key("month"), key("table_name"), key("entity_id"), key("window"), text("entity_kind"), text("state"),
        sa.Column("index_value", FLOAT), text("grade"), number("log_number"), text("output_digest"), text("payload"),
    )  # fmt: skip
    op.execute("INSERT INTO schema_info (version) VALUES (1)")
