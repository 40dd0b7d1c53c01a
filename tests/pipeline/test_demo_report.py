"""The pages that the demo leaves: all there, well formed, in both languages, and readable in a browser from phone to desk."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipelines.demo.fleet import MONTHS
from tests.pipeline.demo_home import DemoYear

pytestmark = pytest.mark.long

ENTITIES = ("HL", "HL01", "HL02", "HL03")
VOID = {"meta", "input", "br", "line", "circle", "polyline", "link", "img", "hr"}


class Page(HTMLParser):
    """Whether every element is closed in order; the links; the text in each language and in neither."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, str]] = []
        self.links: list[str] = []
        self.said: dict[str, list[str]] = {"en": [], "zh": [], "": []}
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.links.append(given["href"] or "")
        if tag not in VOID:
            self.open.append((tag, given.get("lang") or (self.open[-1][1] if self.open else "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tag, language = self.open[-1] if self.open else ("", "")
        if data.strip() and tag not in ("style", "script", "title"):
            self.said[language].append(data.strip())


def chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def pages(demo_year: DemoYear) -> list[Path]:
    return [demo_year.home.reports / month / f"{name}.html" for month in MONTHS for name in ("index", *ENTITIES)]


def test_every_page_is_there_and_every_link_leads_somewhere(demo_year: DemoYear) -> None:
    reports = demo_year.home.reports
    years = [reports / year / f"{site}.html" for year in ("2025", "2026") for site in ENTITIES if site != "HL"]
    assert sorted(reports.rglob("*.html")) == sorted([*pages(demo_year), *years, reports / "index.html"])
    for path in (*pages(demo_year), *years, reports / "index.html"):
        for link in Page(path.read_text(encoding="utf-8")).links:
            assert (path.parent / link).is_file(), (path, link)
    assert "2026-03/index.html" in (reports / "index.html").read_text(encoding="utf-8")


def test_every_page_speaks_both_languages(demo_year: DemoYear) -> None:
    for path in pages(demo_year):
        page = Page(path.read_text(encoding="utf-8"))
        assert len(page.said["en"]) == len(page.said["zh"]) > 20, path
        assert any(text.startswith("All data on this page are simulated") for text in page.said["en"])
        assert "本页全部为模拟数据，并非真实数据中心。" in page.said["zh"]
        for text in page.said["en"]:
            assert not chinese(text), (path, text)
        # what stands in neither language is names, numbers, codes and the switch of languages
        for text in page.said[""]:
            assert not chinese(text) or text in ("中文 + English", "中文"), (path, text)


def test_a_page_says_what_show_says(demo_year: DemoYear, gci_json: Any) -> None:
    for entity in ENTITIES:
        payload = gci_json("show", entity, "2026-03", "--home", demo_year.home.root)
        page = Page((demo_year.home.reports / "2026-03" / f"{entity}.html").read_text(encoding="utf-8"))
        everything = " ".join(text for texts in page.said.values() for text in texts)
        for text in (f"{payload['index']:.2f}", f"index grade {payload['grade']}", payload["head_digest"], payload["output_digest"]):
            assert text in everything, text
        assert all(item["code"] in page.said[""] for item in payload["indicators"])
        assert payload["binding_cap"] is None or payload["binding_cap"] in everything


# In a browser ----------------------------------------------------------------------------------------------------------

WIDTHS = (1200, 400)
SCRIPT = """
addEventListener("load", () => {
  const seen = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, root = page.documentElement;
    const visible = language => [...page.querySelectorAll(`span[lang=${language}]`)].filter(e => e.getClientRects().length).length;
    const shown = {};
    const wide = {};
    for (const choice of ["both", "zh", "en"]) {
      page.getElementById("lang-" + choice).click();
      shown[choice] = [visible("zh"), visible("en")];
      wide[choice] = root.scrollWidth - root.clientWidth;
    }
    seen.push({name: frame.name, width: root.clientWidth, wide, shown, spans: page.querySelectorAll("span[lang=zh]").length});
  }
  document.getElementById("seen").textContent = JSON.stringify(seen);
});
"""


def test_pages_fit_a_desk_and_a_phone_and_show_the_language_chosen(demo_year: DemoYear, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    frames = []
    for name in ("index", "HL", "HL01", "HL03"):
        text = (demo_year.home.reports / "2026-03" / f"{name}.html").read_text(encoding="utf-8")
        frames += [f'<iframe name="{name}" width="{width}" height="900" srcdoc="{html.escape(text)}"></iframe>' for width in WIDTHS]
    wrapper = tmp_path / "wrapper.html"
    head = '<!doctype html><meta charset="utf-8"><style>iframe { border: 0 }</style>'
    wrapper.write_text(f'{head}{"".join(frames)}<pre id="seen"></pre><script>{SCRIPT}</script>', encoding="utf-8")
    quiet = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    done = subprocess.run(
        [
            chromium, *quiet.split(), "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--hide-scrollbars",
            "--virtual-time-budget=10000", "--dump-dom", wrapper.as_uri(),
        ],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(html.unescape(done.stdout.rsplit('<pre id="seen">', 1)[1].split("</pre>")[0]))
    assert [(page["name"], page["width"]) for page in seen] == [(name, w) for name in ("index", "HL", "HL01", "HL03") for w in WIDTHS]
    for page in seen:
        assert page["wide"] == {"both": 0, "zh": 0, "en": 0}, page
        assert page["shown"]["both"] == [page["spans"], page["spans"]]
        assert page["shown"]["zh"] == [page["spans"], 0]
        assert page["shown"]["en"] == [0, page["spans"]]
