"""Where a home keeps its ledger: SQLite, or PostgreSQL by the name of an environment variable; a password is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.compute import settings_document
from pipelines.cli.main import main
from resources.database import Database, database_url
from resources.errors import GciError, UsageError
from resources.settings import Settings, load_settings

SECRET = "p@ss/wörd"
QUOTED = "p%40ss%2Fw%C3%B6rd"
URL = f"postgresql://gci:{QUOTED}@db.example:5433/ledger"


def _settings(folder: Path, text: str) -> Settings:
    (folder / "gci.toml").write_text(text, encoding="utf-8")
    return load_settings(folder / "gci.toml")


def test_the_url_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_LEDGER", URL)
    settings = _settings(tmp_path, 'ledger_env = "MY_LEDGER"')
    assert settings.ledger == URL
    assert QUOTED not in repr(settings)
    assert settings_document(settings) == settings_document(Settings())


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_both_forms_of_a_server_are_one(scheme: str) -> None:
    url = database_url(URL.replace("postgresql", scheme))
    assert (url.drivername, url.password, url.port) == ("postgresql+psycopg", SECRET, 5433)


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ('ledger_env = "MY_LEDGER"', None, "MY_LEDGER, which is not set"),
        ('ledger_env = "MY_LEDGER"', "", "MY_LEDGER, which is not set"),
        ('ledger_env = "MY_LEDGER"', f"mysql://u:{QUOTED}@h/d", "ledger_env: MY_LEDGER: the ledger's URL, which begins with 'mysql:'"),
        ('ledger_env = "MY_LEDGER"', f"postgresql://u:{QUOTED}@h/", "names no file or database that can hold one"),
        ('ledger_env = "MY_LEDGER"', f"{QUOTED} no url", "the ledger's URL can't be read"),
        ('ledger_env = "MY_LEDGER"', f"postgresql://u:{QUOTED}@h:port/d", "the ledger's URL can't be read"),
        (f'ledger_env = "{URL}"', None, "ledger_env is the name of an environment variable"),
        (f'ledger = "{URL}"', None, "ledger holds a password"),
        (f'ledger = "postgresql://h/d?password={QUOTED}"', None, "ledger holds a password"),
        ('ledger = "sqlite:///a.db"\nledger_env = "MY_LEDGER"', URL, "write one of them"),
        ('ledger = "sqlite://"', None, "names no file or database that can hold one"),
        ("ledger = 3", None, "is no URL"),
    ],
)
def test_what_is_no_ledger_is_said_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, value: str | None, said: str
) -> None:
    monkeypatch.delenv("MY_LEDGER", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_LEDGER", value)
    with pytest.raises(UsageError) as error:
        _settings(tmp_path, text)
    assert said in str(error.value)
    assert QUOTED not in str(error.value)
    assert SECRET not in str(error.value)


def test_a_server_without_a_password_may_stand_in_the_settings(tmp_path: Path) -> None:
    assert _settings(tmp_path, 'ledger = "postgresql:///ledger?host=socket"').ledger.startswith("postgresql:")


@pytest.mark.parametrize("url", [f"postgresql://gci:{QUOTED}@localhost:1/ledger", f"postgresql://localhost:1/ledger?password={QUOTED}"])
def test_a_server_out_of_reach_is_said_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    pytest.importorskip("psycopg")
    (tmp_path / "landing").mkdir()
    (tmp_path / "gci.toml").write_text('ledger_env = "MY_LEDGER"', encoding="utf-8")
    monkeypatch.setenv("MY_LEDGER", url)
    for command in (["status"], ["land"]):
        assert main(["--debug", *command, "--home", str(tmp_path)]) == 1
        said = "".join(capsys.readouterr())
        assert "on PostgreSQL (localhost:1, database ledger)" in said
        assert "Check that the server runs" in said
        assert SECRET not in said
        assert QUOTED not in said


def test_the_database_s_own_words_lose_the_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    import sqlalchemy as sa

    database = Database(f"postgresql://u:{QUOTED}@h/d?sslpassword=other", tmp_path)
    error = sa.exc.OperationalError("s", {}, Exception(f"no\nluck with {SECRET}, {QUOTED} and other."))
    assert database._said(error) == "no luck with ***, *** and ***"


def test_without_the_driver_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(GciError, match=r"its driver psycopg can't be used here.*requirements/postgres.txt"):
        Database(URL, tmp_path)
