"""The static report: one page for each month and one for each site or cluster in it, in Chinese and English.

Pages say what ``gci show`` says, drawn. They are made from results in the ledger and hold no numbers of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from assets.reports import accounts as account_words
from assets.reports import boundary_words, green_power_words
from assets.reports.board import month_board
from assets.reports.boundary import TABLE, site_boundary
from assets.reports.cause_words import CAUSE_WORDS
from assets.reports.diagram import diagram_svg
from assets.reports.green_power import Stock, site_year
from assets.reports.pages import bilingual, environment
from assets.reports.published import Published, Results, parts_of_results
from assets.reports.ratios import ratio_rows
from assets.reports.remarks import materiality_words, shares_words, waiver_words
from assets.reports.tables import Tables
from assets.reports.trend import trend_svg
from assets.reports.words import GRADE_ZH, chinese, english, merged, number, percent, point_zh, points
from resources.calendar import add_months, month_range
from resources.home import Home
from resources.revision_home import home_at

TREND_MONTHS = 13
SIMULATED = "SIMULATED"  # a home with a file of this name says on every page that its data are simulated


def word(term: str) -> Markup:
    """A word of the product in both languages (docs/glossary.md)."""
    return bilingual(english(term), chinese(term))


def grade(value: str | None) -> Markup:
    """``index grade 2`` / ``指数二级``: never the bare word, GB 40879 has grades too."""
    if value is None:
        return bilingual("no index grade", "无指数等级")
    return bilingual(f"index grade {value}", f"指数{GRADE_ZH.get(value, value)}")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    found = environment()
    found.filters.update(number=number, points=points, merged=merged, percent=percent, word=word, grade=grade, point_zh=point_zh)
    found.globals.update(can=materiality_words, shares=shares_words, waived=waiver_words)
    found.globals.update({name: getattr(boundary_words, name) for name in ("cadence", "change", "remarks", "role")})
    found.globals.update(green=green_power_words, ratios=ratio_rows)
    found.globals.update(accounts=account_words, causes={code: bilingual(*words) for code, words in CAUSE_WORDS.items()})
    return found


def write_site(home: Home, months: Sequence[str]) -> Path:
    """Write the pages of some months and the entry page; returns the entry page's path. What is final is shown as its revision says."""
    first = add_months(min(months), 1 - TREND_MONTHS)
    span = month_range(first, max(months))
    payloads: dict[str, dict[str, dict[str, Any]]] = {}
    shown = Published(home)
    ready = {months[0]: shown.results(months[0])}  # before the points of the trends: what was read for one need not be for the other
    for month, entity, point in parts_of_results(home, "ttm", month=span):
        payloads.setdefault(month, {})[entity] = point
    for (entity, month), revisions in shown.closed.revisions.items():
        now = payloads.get(month, {}).get(entity)
        if month not in span or (now is not None and now["output_digest"] == revisions[-1].outputs["ttm"]):
            continue  # what was computed last says what is final
        if (final := shown.final(entity, month, "ttm")) is not None:
            payloads.setdefault(month, {})[entity] = final
    newest = max(m.month for m in home.ledger.manifests(table_name="index/site_index"))
    for month in months:
        results = ready.pop(month, None) or shown.results(month)
        payloads[month] = {entity: windows["ttm"] for entity, windows in results.items()}
        _write_month(shown, month, payloads, results, newest)
    for year in sorted({month[:4] for month in months}):
        _write_years(home, year, payloads)
    entry = home.reports / "index.html"
    _write(entry, "entry.html.j2", newest=newest)
    return home.reports / newest / "index.html" if newest in months else home.reports / months[-1] / "index.html"


def _write_month(
    shown: Published, month: str, payloads: Mapping[str, Mapping[str, dict[str, Any]]], results: Results, newest: str
) -> None:  # fmt: skip
    home = shown.home
    entities = sorted(payloads.get(month, {}).values(), key=lambda p: (p["entity_kind"] != "cluster", p["entity_id"]))
    folder, tables = home.reports / month, Tables(home)
    shared = {
        "month": month,
        "entities": entities,
        "months": [m for m in sorted(payloads) if (home.reports / m / "index.html").exists() or m == month],
        "simulated": (home.root / SIMULATED).exists(),
    }
    monthly = [windows["month"] for _, windows in sorted(results.items()) if windows["month"]["entity_kind"] == "site"]
    _write(folder / "index.html", "month.html.j2", **shared, **_board(home, month, monthly))
    for payload in entities:
        series = [payloads.get(m, {}).get(payload["entity_id"]) for m in month_range(add_months(month, 1 - TREND_MONTHS), month)]
        revision = shown.closed.newest(payload["entity_id"], month)
        then = tables if revision is None else Tables(home_at(home, revision))
        _write(
            folder / f"{payload['entity_id']}.html", "entity.html.j2", p=payload, trend=trend_svg(month, series), **shared,
            **_boundary(then, payload), a=_accounts(then, payload),
        )  # fmt: skip


def _write_years(home: Home, year: str, payloads: Mapping[str, Mapping[str, dict[str, Any]]]) -> None:
    """The green power of each site in a year; its page links back to the newest month of the year that has one."""
    stock = Stock(home)
    if not any(month.startswith(year) for month in stock.months):
        return
    newest: dict[str, str] = {}
    for month in sorted(month for month in payloads if month.startswith(year)):
        newest |= {name: month for name, payload in payloads[month].items() if payload["entity_kind"] == "site"}
    for site_id, month in newest.items():
        _write(
            home.reports / year / f"{site_id}.html", "green_power.html.j2", g=site_year(stock, site_id, year), month=month,
            sites=sorted(newest), simulated=(home.root / SIMULATED).exists(),
        )  # fmt: skip


def _board(home: Home, month: str, payloads: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the board of a month shows; nothing of a month that an older version computed."""
    board = month_board(home, month, payloads)
    said: dict[str, dict[str, Any]] = {}
    for row in board["feeds"] if board else ():
        said.setdefault(row["site_id"], {})[row["feed"]] = row
    return {"board": board, "said": said, "feeds": list(next(iter(said.values()), {}))}


def _boundary(tables: Tables, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a site's page shows of its boundary; nothing on a cluster's, nor of a month that an older version computed."""
    if payload["entity_kind"] != "site" or tables.manifest(TABLE, payload["month"]) is None:
        return {"b": None}
    found = site_boundary(tables.home, payload["entity_id"], payload["month"], tables)
    return {"b": found, "diagram": diagram_svg(found), "subjects": boundary_words.subjects(found)}


def _accounts(tables: Tables, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a site's page shows beside the scores; nothing on a cluster's, nor of a month that an older version computed."""
    if payload["entity_kind"] != "site":
        return None
    return account_words.site_accounts(tables.home, payload["entity_id"], payload["month"], tables)


def _write(path: Path, template: str, **values: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _environment().get_template(template).render(**values)
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
