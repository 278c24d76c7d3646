"""The page and the card: every figure stands in a file, every part says its source, and nothing else is needed."""

import html
import re

from report_files import values_of
from report_pages import CARD, page_of

from recognizer.bundle import META, shipped_folder
from recognizer.report.sources import ALL

FOUND = (
    "evaluation", "ladder", "shuffling", "rejects", "specialists", "stage_two", "robustness", "search_schemes",
    "embedding", "training",
)  # fmt: skip


def files_of(place):
    _, results, run = place
    return [
        *results.glob("*.json"),
        run / "metrics.json",
        run / "reader-history.json",
        shipped_folder() / META,
    ]


def test_the_page_is_whole_and_needs_nothing_else(place):
    text, page = page_of(place[0])
    assert len(set(page.ids)) == len(page.ids)
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    others = [link for link in page.links if not link.startswith("#")]
    assert len(others) > 5
    assert all(link.startswith("data:image/png;base64,") for link in others)
    assert not re.search(r"<script|<link|<iframe|@import|url\(|https?:", text)
    assert "prefers-color-scheme: dark" in text
    assert '<meta name="viewport"' in text


def test_every_figure_stands_in_a_file(place):
    known = values_of(*files_of(place))
    _, page = page_of(place[0])
    assert len(page.figures) > 200
    for value, _ in page.figures:
        assert value in known or set(value.split()) <= known, value
    texts = {" ".join(value.split()) for value in known}
    assert page.told
    for told in page.told:
        assert any(" ".join(told.split()) in text for text in texts), told


def test_figures_are_shown_as_they_are(place):
    _, page = page_of(place[0])
    for value, shown in page.figures:
        try:
            exact = float(value)
        except ValueError:
            continue
        number = float(re.sub(r"[ %,p]", "", shown))
        scale = 100 if shown.endswith((" %", " pp")) else 1
        digits = len(shown.strip(" %p").partition(".")[2].partition("e")[0])
        step = 10.0**-digits * max(1.0, abs(exact)) if "e" in shown else 10.0**-digits
        assert abs(scale * exact - number) <= 0.51 * step + 1e-9, (value, shown)


def test_no_figure_stands_in_a_table_without_its_value(place):
    _, page = page_of(place[0])
    licences = {"J. J. Hull (1994)", "CC BY-SA 3.0", "CC BY 4.0"}
    assert [text for text in page.loose if re.search(r"\d", text) and text not in licences] == []


def test_every_part_says_where_it_comes_from(place):
    text, page = page_of(place[0])
    plain = html.unescape(re.sub(r"<[^>]+>", "", text))
    for name in ("evaluation.json", "ladder.json", "shuffling.json", "search_schemes.json", "metrics.json"):
        assert name in plain
    for words in ("command recognizer ladder", "n 1,666", "seed 0", "hardware ", "date 20", "n 5 images"):
        assert words in plain
    assert "98.76 %" in plain
    assert [problem for problem in page.alerts if "other figures than" in problem] == []
    missing = [source for source in ALL if source.name not in FOUND]
    assert "".join(page.alerts).count("This makes it") == len(missing)
    for source in missing:
        assert html.escape(source.command) in text


def test_mistakes_are_shown(place):
    text, page = page_of(place[0])
    tiles = re.findall(r'title="[^"]*mislabelled.npz, image (\d+)"', text)
    assert {"3", "20"} <= set(tiles)
    assert text.count('alt="') >= 5
    # The non-digits were made of printed digits; with MNIST at hand they would be others.
    told = "".join(page.alerts)
    assert told.count("No pictures") == told.count("No pictures: can't tell which digits") == 1
    for row in ("original", "compressed", "disturbed", "denoised"):
        assert f"ten digits, {row}" in text


def test_the_card_has_its_sections_and_no_figure_of_its_own(place):
    card = (place[0] / "c.md").read_text(encoding="utf-8")
    titles = re.findall(r"^## (.*)$", card, re.MULTILINE)
    assert titles == list(CARD)
    shown = {text for _, text in page_of(place[0])[1].figures}
    tables = re.findall(r"^\| -.*\n((?:\|.*\n)+)", card, re.MULTILINE)
    lines = [line for rows in tables for line in rows.splitlines() if "MNIST, t" not in line]
    cells = {cell.strip() for line in lines for cell in line.strip("|").split("|")[1:]}
    figures = {cell for cell in cells if re.search(r"\d", cell)} - {"J. J. Hull (1994)", "CC BY 4.0"}
    assert len(figures) > 10
    assert figures <= shown
    assert "Not measured" not in card
    assert "Source: `" in card


def test_nothing_in_a_file_becomes_html(place):
    text = (place[0] / "r.html").read_text()
    assert "and &lt;more&gt; of 8." in text
    assert "<more>" not in text
