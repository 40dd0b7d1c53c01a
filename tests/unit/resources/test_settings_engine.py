"""Which engine a home names, and what is said when it can't be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.compute import settings_document
from resources.engine import engine_of, spark_missing
from resources.errors import GciError, UsageError
from resources.settings import Settings, load_settings


def _settings(folder: Path, text: str) -> Settings:
    path = folder / "gci.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


@pytest.mark.parametrize(
    ("text", "engine", "master"),
    [
        ("", "polars", "local[2]"),
        ('engine = "polars"', "polars", "local[2]"),
        ('engine = "spark"', "spark", "local[2]"),
        ('engine = "spark"\n[spark]\nmaster = "local[*]"', "spark", "local[*]"),
        ('engine = "spark"\n[spark]\nmaster = "spark://big.example:7077"', "spark", "spark://big.example:7077"),
    ],
)
def test_the_engine_of_a_home(tmp_path: Path, text: str, engine: str, master: str) -> None:
    settings = _settings(tmp_path, text)
    assert (settings.engine, settings.spark_master) == (engine, master)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('engine = "sparc"', "engine = 'sparc' is none"),
        ('[spark]\nmaster = "yarn"', "no Spark master"),
        ("[spark]\nmaster = 2", "no Spark master"),
        ('[spark]\nmastre = "local[2]"', "Did you mean 'master'?"),
    ],
)
def test_what_is_no_engine_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        _settings(tmp_path, text)
    assert said in str(error.value)


def test_the_engine_changes_no_number() -> None:
    assert settings_document(Settings(engine="spark", spark_master="spark://a:1")) == settings_document(Settings())


def test_what_spark_needs_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "PySpark" in spark_missing()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert "Java 17" in spark_missing()
    with pytest.raises(GciError, match="Java 17"):
        engine_of("spark", "local[7]")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").touch()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert spark_missing() == ""


def test_another_engine_is_none() -> None:
    with pytest.raises(ValueError, match="duck"):
        engine_of("duck")
