"""What a finding can do to the index has a table of its own, where a home does not have it already; Alembic keeps the version too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
FLOAT = sa.Float()


def upgrade() -> None:
    if not sa.inspect(op.get_bind()).has_table("materiality"):
        op.create_table(
            "materiality",
            *(sa.Column(name, TEXT, primary_key=True) for name in ("month", "table_name", "id")),
            sa.Column("site_id", TEXT, nullable=False),
            sa.Column("quantity", TEXT, nullable=False),
            sa.Column("quantity_low", FLOAT),
            sa.Column("quantity_high", FLOAT),
            sa.Column("unit", TEXT, nullable=False),
            sa.Column("indicators", TEXT, nullable=False),
            sa.Column("index_low", FLOAT),
            sa.Column("index_high", FLOAT),
            sa.Column("reason_en", TEXT, nullable=False),
            sa.Column("reason_zh", TEXT, nullable=False),
        )
    op.execute("UPDATE schema_info SET version = 2")
