"""The tables of the ledger.

``entry`` is the log and is only ever appended to. Every other table is derived from it. A change here needs a version of its own under
``migrations/versions`` (a test compares the two), and the next SCHEMA_VERSION.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

SCHEMA_VERSION = 2

METADATA = sa.MetaData()
# The order of rows enters seals: text is ordered by code points on every server, as SQLite and Python order it.
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
# SQLite's whole numbers have eight bytes, PostgreSQL's INTEGER has four
INTEGER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
FLOAT = sa.Float()  # eight bytes on both


def _text(name: str, **options: Any) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False, **options)


# What every command reads before anything else; Alembic keeps the same in its own table, and steps from there.
schema_info = sa.Table("schema_info", METADATA, sa.Column("version", INTEGER, primary_key=True, autoincrement=False))
alembic_version = sa.Table(
    "alembic_version",
    METADATA,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def revision_of(version: int) -> str:
    """Alembic's name of a version of the schema."""
    return f"{version:04d}"


entry = sa.Table(
    "entry",
    METADATA,
    sa.Column("n", INTEGER, primary_key=True, autoincrement=False),
    _text("at"),  # UTC, ISO 8601
    _text("kind"),  # file, quarantine, evidence, settings, edition, factors, thresholds, waiver, waiver_end
    _text("name"),
    _text("digest"),  # of the file or document that entered
    _text("payload"),  # canonical JSON
    _text("previous_head"),
    _text("head"),
)
part = sa.Table(
    "part",
    METADATA,
    sa.Column("entry", INTEGER, sa.ForeignKey("entry.n"), primary_key=True),
    _text("feed"),
    sa.Column("month", TEXT, primary_key=True),  # '' for feeds that are not split by month
    _text("digest"),
    _text("file_digest"),
    sa.Column("rows", INTEGER, nullable=False),
)
manifest = sa.Table(
    "manifest",
    METADATA,
    sa.Column("month", TEXT, primary_key=True),
    sa.Column("table_name", TEXT, primary_key=True),  # staging/interval_energy, or ledger/finding@<table>
    _text("digest"),
    _text("file_digest"),
    sa.Column("rows", INTEGER, nullable=False),
    sa.Column("as_of", INTEGER, nullable=False),  # computed from the log's first as_of entries
    _text("code_version"),
    _text("inputs"),  # canonical JSON: what it was computed from, by digest
    _text("seal"),  # digest of this row's other columns
)
finding = sa.Table(
    "finding",
    METADATA,
    sa.Column("month", TEXT, primary_key=True),
    sa.Column("table_name", TEXT, primary_key=True),
    sa.Column("id", TEXT, primary_key=True),
    _text("site_id"),
    _text("code"),
    _text("severity"),
    _text("quantity"),
    _text("subject"),
    sa.Column("seen", FLOAT),
    sa.Column("limit", FLOAT),
    _text("unit"),
    _text("message_en"),
    _text("message_zh"),
    _text("rows_ref"),  # canonical JSON: [[entry, source_row], …], the first few
    sa.Column("because_of", TEXT),
)
verdict = sa.Table(
    "verdict",
    METADATA,
    sa.Column("month", TEXT, primary_key=True),
    sa.Column("table_name", TEXT, primary_key=True),
    sa.Column("site_id", TEXT, primary_key=True),
    sa.Column("quantity", TEXT, primary_key=True),
    sa.Column("rule", TEXT, primary_key=True),
    _text("outcome"),  # pass, fail, not_checked; waived: it fails, and a named person lets the quantity pass
    _text("severity"),  # of a failure: withhold, flag, info; '' else
    _text("reason"),  # why it was not checked; of a waived one who waived it, until when and why
    _text("judged"),  # digest of what was judged
)
indicator_value = sa.Table(
    "indicator_value",
    METADATA,
    sa.Column("month", TEXT, primary_key=True),
    sa.Column("table_name", TEXT, primary_key=True),
    sa.Column("entity_id", TEXT, primary_key=True),
    sa.Column("window", TEXT, primary_key=True),  # month, ttm
    sa.Column("code", TEXT, primary_key=True),
    _text("entity_kind"),  # site, cluster
    _text("status"),
    sa.Column("value", FLOAT),
    _text("payload"),  # canonical JSON of the whole indicator value
)
result = sa.Table(
    "result",
    METADATA,
    sa.Column("month", TEXT, primary_key=True),
    sa.Column("table_name", TEXT, primary_key=True),
    sa.Column("entity_id", TEXT, primary_key=True),
    sa.Column("window", TEXT, primary_key=True),
    _text("entity_kind"),
    _text("state"),
    sa.Column("index_value", FLOAT),
    _text("grade"),
    sa.Column("log_number", INTEGER, nullable=False),
    _text("output_digest"),
    _text("payload"),  # canonical JSON of what `gci show` prints
)

# What a finding can do to its quantity, to indicators and to the index: a table of its own, because it needs the scores.
materiality = sa.Table(
    "materiality",
    METADATA,
    sa.Column("month", TEXT, primary_key=True),
    sa.Column("table_name", TEXT, primary_key=True),
    sa.Column("id", TEXT, primary_key=True),  # of the finding
    _text("site_id"),
    _text("quantity"),
    sa.Column("quantity_low", FLOAT),  # change of the quantity, in the unit; null: no bound or not quantified
    sa.Column("quantity_high", FLOAT),
    _text("unit"),
    _text("indicators"),  # canonical JSON: {code: [low, high]}, values of the trailing window
    sa.Column("index_low", FLOAT),  # change of the trailing index in points
    sa.Column("index_high", FLOAT),
    _text("reason_en"),  # why it is not quantified; '' else
    _text("reason_zh"),
)

DERIVED = {t.name: t for t in (finding, verdict, indicator_value, result, materiality)}
