"""A person with a browser: draws, sees the answer, corrects it, finds it in the queue, labels, promotes.

`pytest tests/service/test_browser.py --screenshots docs` also takes the pictures of the documents.
"""

import os
import shutil
from pathlib import Path

import pytest
from bundles import copy_of_shipped
from playwright.sync_api import expect, sync_playwright

from recognizer import Recognizer
from recognizer.feedback.store import Store
from recognizer.registry.versions import Registry

EXAMPLES = Path(__file__).parents[2] / "examples"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
LOOKS = {
    "desktop": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE, "device_scale_factor": 2},
}
THREE = [(0.35, 0.25), (0.6, 0.2), (0.65, 0.35), (0.5, 0.48), (0.66, 0.6), (0.62, 0.75), (0.35, 0.78)]
SEEN = "#result:not([hidden])"
PNG = {"Content-Type": "image/png"}
CASES = {
    "9": "photo-4.png",
    "reject": "paper-5.png",
    "7": "shadow-2.jpg",
    "0": "tick.png",
    "6": "printed-8.jpg",
}
TOKEN = "a-token-for-this-test"  # noqa: S105

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install chromium, or set CHROMIUM"
)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Opens pages of a service; what a page complains of fails the test."""
    contexts, complaints = [], []

    def open_page(service, path="/", **options):
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        expect.set_options(timeout=10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
        own = (service.url, "blob:", "data:")
        page.on("request", lambda asked: asked.url.startswith(own) or complaints.append(asked.url))
        page.goto(service.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def is_complaint(said):
    return said.type == "error" and not said.text.startswith(
        "Failed to load resource"
    )  # a refusal is no fault


def draw(page, points=THREE):
    box = page.locator("#board").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    page.wait_for_selector(SEEN)


def texts(page, selector):
    return [each.strip() for each in page.locator(selector).all_inner_texts()]


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A model that refuses everything."""
    meta = Recognizer.load("shipped").bundle.meta
    point = {**meta["operating_point"], "threshold": 1.0}
    return copy_of_shipped(tmp_path_factory.mktemp("models") / "strict", name="strict", operating_point=point)


def test_draw_correct_find_label_promote(service, visit, strict):
    page = visit(service)
    draw(page)
    assert page.locator("#digit").inner_text() == "3"
    assert "% sure" in page.locator("#summary").inner_text()
    assert page.locator("#neighbors canvas").count() == 6
    assert page.locator("#scores .score").count() == 11
    page.keyboard.press("8")
    expect(page.locator("#kept")).to_contain_text("it is 8")
    page.get_by_role("link", name="Review").click()
    card = page.get_by_role("option").filter(has_text="8 read as 3")
    card.click()
    page.keyboard.press("3")
    page.wait_for_selector(".card.done")
    page.keyboard.press("u")
    page.wait_for_selector(".card:not(.done)")
    page.keyboard.press("3")
    page.wait_for_selector(".card.done")
    version = Registry().register(strict, "for a test").version
    page.get_by_role("tab", name="Models").click()  # sends what waited to be taken back
    page.get_by_role("row", name=version).get_by_role("button", name="Compare").click()
    page.wait_for_selector("#changed .card")
    assert texts(page, "#changed .card strong") == ["3 → no digit"]
    assert "1 broken" in page.locator("#comparison-summary").inner_text()
    with Store.existing(service.home / "badcases.sqlite") as store:
        assert [(case.label, case.state) for case in store.cases()] == [(3, "confirmed")]
    page.get_by_role("button", name="Promote").click()
    expect(page.locator("#model")).to_contain_text(f"{version}")
    assert Registry().current == version
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator("#model")).to_contain_text("eleven@")
    assert Registry().current == "shipped"


def test_files_are_read_and_shown(service, visit):
    page = visit(service)
    page.locator("#files").set_input_files(
        [EXAMPLES / name for name in ("photo-4.png", "tick.png", "printed-8.jpg")]
    )
    expect(page.locator("#others button")).to_have_count(3)
    assert texts(page, "#others strong") == ["8", "?", "4"]
    page.locator("#others button").nth(1).click()
    assert page.locator("#digit").inner_text() == "?"
    assert "no digit" in page.locator("#summary").inner_text()


def test_a_file_that_is_no_image_is_told(service, visit, tmp_path):
    (tmp_path / "note.png").write_text("no image")
    page = visit(service)
    page.locator("#files").set_input_files(tmp_path / "note.png")
    expect(page.locator("#toast")).to_contain_text("note.png")
    assert "is text" in page.locator("#empty").inner_text()


def test_a_finger_draws_on_a_phone(service, visit):
    page = visit(service, viewport=PHONE, has_touch=True, is_mobile=True)
    box = page.locator("#board").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    session = page.context.new_cdp_session(page)
    places = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in THREE]
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [places[0]]})
    for place in places[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_selector(SEEN)
    assert page.locator("#digit").inner_text() == "3"


def test_everything_can_be_reached_by_keyboard(service, visit):
    page = visit(service)
    draw(page)
    page.keyboard.press("Escape")
    page.wait_for_selector("#result", state="hidden")
    page = visit(service, "/review")
    page.get_by_role("tab", name="Bad cases").focus()
    for name in ("Doubtful answers", "Groups", "Models"):
        page.keyboard.press("ArrowRight")
        tab = page.get_by_role("tab", name=name)
        assert tab.get_attribute("aria-selected") == "true"
        assert tab.evaluate("each => each === document.activeElement")


def test_a_group_is_labelled_as_one(start, visit, tmp_path):
    with start(tmp_path) as service, service.client() as client:
        for name in ("photo-4.png", "paper-5.png"):
            client.post("/badcases?label=1", content=(EXAMPLES / name).read_bytes(), headers=PNG)
        page = visit(service, "/review#groups")
        page.get_by_role("button", name="Look, label").first.click()
        page.wait_for_selector("#together:not([hidden])")
        page.wait_for_selector("#grid .card")
        shown = page.locator("#grid .card").count()
        page.locator("#all").get_by_role("button", name="it is 2").click()
        page.get_by_role("tab", name="Models").click()
        page.wait_for_selector("#versions tbody tr")
        with Store.existing(service.home / "badcases.sqlite") as store:
            assert [case.label for case in store.cases()].count(2) == shown


def test_the_page_asks_for_the_token(start, visit, tmp_path):
    with start(tmp_path, token=TOKEN) as service:
        page = visit(service)
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Go on").click()
        expect(page.locator("#model")).to_contain_text("eleven")
        draw(page)
        assert page.locator("#digit").inner_text() == "3"


@pytest.fixture(scope="module")
def busy(start, tmp_path_factory):
    """A service with something to review."""
    with start(tmp_path_factory.mktemp("busy")) as service:
        with service.client() as client:
            for label, image in CASES.items():
                content = (EXAMPLES / image).read_bytes()
                client.post(f"/badcases?label={label}&source=meter-7", content=content, headers=PNG)
        yield service


def shoot(request, page, name):
    """Take a picture, if a folder was named for them."""
    folder = request.config.getoption("--screenshots", default=None)
    if folder:
        page.wait_for_timeout(300)
        page.screenshot(path=Path(folder).resolve() / f"{name}.png")


@pytest.mark.parametrize("name", LOOKS)
def test_it_looks_right_everywhere(busy, visit, request, name):
    """Nothing sticks out, and light is light and dark is dark."""
    for path, shown in (("/", "read"), ("/review", "review")):
        page = visit(busy, path, **LOOKS[name])
        if path == "/":
            draw(page)
        else:
            expect(page.locator("#grid .card")).to_have_count(len(CASES))
        expect(page.locator("#model")).to_contain_text("eleven")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        level = sum(int(part) for part in back.removeprefix("rgb(").rstrip(")").split(","))
        assert (level < 200) == (name == "dark")
        shoot(request, page, f"{shown}-{name}")
