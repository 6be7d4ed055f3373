"""compare.html in a browser, as wide as a desktop's and as a phone's."""

from dataclasses import replace

import numpy as np
import pytest
from browser import CHROMIUM, DESKTOP, PHONE, Browser

from facetex_core.config import Choice, load_preset
from facetex_core.io.texture_files import encode_png
from facetex_core.workbench.comparison.compare import Outcome
from facetex_core.workbench.comparison.grid import Grid
from facetex_core.workbench.comparison.pictures import CROP_PLACES, PICTURES, jpeg_uri, png_uri
from facetex_core.workbench.comparison.record import Comparison, comparison_html

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium, which draws the page")

CROP = 85
STRANGE = "</script><img src=x onerror=alert(1)>"
NAMES = ("basis", "landmarks", "ict", "sfm")


def grid():
    return Grid(load_preset("draft"), {}).offering("fitter", [Choice(name) for name in NAMES]).variants()


def outcome(photo, number, variant):
    if number == 3:
        return Outcome(photo, variant, error=f"no head {STRANGE}")
    square = np.full((64, 64, 3), [60 + 50 * number, 80, 120 if photo == "me.png" else 20], np.uint8)
    crop = encode_png(np.full((CROP, CROP, 3), 40 * number, np.uint8))
    pictures = {kind: png_uri(crop) if kind in CROP_PLACES else jpeg_uri(square) for kind in PICTURES}
    figures = {
        "reprojection": 1.0 + number,
        "photo_psnr": 25.0 - number,
        "seconds": (2.0, 1.0, 3.0)[number],
        "memory_mb": 100.0,
    }
    return Outcome(photo, variant, figures, {}, pictures, warnings=("dark", STRANGE))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    cases = [outcome(photo, number, each) for photo in ("me.png", STRANGE) for number, each in enumerate(grid())]
    path = tmp_path_factory.mktemp("page") / "compare.html"
    models = {"net": {"licence": "MIT", "commercial": True, "sha256": "0" * 64, "source": "us"}}
    path.write_text(comparison_html(Comparison(grid(), cases, models)), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def opened(request, browser, page):
    browser.events.clear()
    browser.size(*request.param)
    browser.open(page.as_uri())
    return browser


def rows(browser):
    return browser.run("[...document.querySelectorAll('#figures tbody tr')].map(row => row.cells[0].firstChild.textContent)")


def test_it_is_as_wide_as_the_window_and_complains_of_nothing(opened):
    assert opened.run("document.documentElement.scrollWidth <= innerWidth")
    assert opened.run("document.querySelectorAll('.column').length") == len(NAMES)
    assert opened.run("[...document.images].every(image => image.complete && (image.naturalWidth || !image.src))")
    assert opened.complaints() == []


def test_strange_names_are_text(opened):
    assert opened.run(f"document.querySelector('#warnings').textContent.includes({STRANGE!r})")
    assert opened.run("document.querySelectorAll('img[src=x]').length") == 0
    assert opened.run(f"document.querySelector('.failed').textContent === 'no head ' + {STRANGE!r}")


def test_the_slider_shows_two_variants_and_follows_the_finger_and_the_keys(opened):
    left, right = (opened.run(f"document.querySelector('#{name}').src") for name in ("over", "under"))
    assert left != right
    edge = "getComputedStyle(document.querySelector('.over')).clipPath"
    opened.run("document.querySelector('#at').value = 25; document.querySelector('#at').dispatchEvent(new Event('input'))")
    assert opened.run(edge) == "inset(0px 75% 0px 0px)"
    place = (
        "(({ left, top, width }) => [left + 0.8 * width, top + 40])(document.querySelector('#slider').getBoundingClientRect())"
    )
    opened.run("document.querySelector('#slider').scrollIntoView()")
    x, y = opened.run(place)
    for kind in ("mousePressed", "mouseReleased"):
        opened.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
    assert abs(float(opened.run("document.querySelector('#at').value")) - 80) <= 1
    choose = (
        "(side, value) => { const s = document.querySelector(side); s.value = value; s.dispatchEvent(new Event('change')); }"
    )
    opened.run(f"({choose})('#left', 'photo')")
    photo = "document.querySelector('.column img[alt^=photo]').src === document.querySelector('#over').src"
    assert opened.run(photo)
    opened.run(f"({choose})('#right', '3')")
    assert opened.run("document.querySelector('#under').hidden"), "of the variant that failed there is no picture"


def test_skin_is_shown_a_pixel_a_texel(opened):
    opened.until("document.querySelectorAll('#skin img[width]').length === 3")
    assert (
        opened.run("[...document.querySelectorAll('#skin img')].map(image => image.getBoundingClientRect().width)")
        == [CROP] * 3
    )


def test_what_failed_has_its_reason_in_the_table(opened):
    reason = opened.run("document.querySelector('#figures tbody tr:last-child').cells[1].textContent")
    assert reason == f"no head {STRANGE}"


def test_the_table_sorts_by_any_column_and_what_has_no_value_comes_last(opened):
    assert rows(opened) == list(NAMES)
    press = (
        "title => [...document.querySelectorAll('#figures th button')].find(each => each.textContent.startsWith(title)).click()"
    )
    opened.run(f"({press})('seconds')")
    assert rows(opened) == ["landmarks", "basis", "ict", "sfm"]
    assert opened.run("document.querySelector('th[aria-sort]').ariaSort") == "ascending"
    opened.run(f"({press})('seconds')")
    assert rows(opened) == ["ict", "basis", "landmarks", "sfm"]
    opened.run(f"({press})('variant')")
    assert rows(opened) == sorted(NAMES)


def test_differences_are_to_the_first_variant_and_coloured_by_what_is_better(opened):
    second = "document.querySelectorAll('#figures tbody tr')[1]"
    cells = f"[...{second}.querySelectorAll('small')].map(each => [each.textContent, each.className])"
    assert opened.run(cells) == [["+1.00", "bad"], ["−1.0", ""], ["−1.0", "good"], ["=", ""]]  # noqa: RUF001  # a minus
    assert opened.run("document.querySelectorAll('#figures tbody tr')[0].querySelectorAll('small').length") == 0


def test_what_rewards_light_in_the_albedo_says_so(opened):
    heads = "[...document.querySelectorAll('#figures th')].map(each => each.textContent)"
    assert opened.run(heads) == ["variant", "landmarks % ↓", "photo dB* ↑", "seconds ↓", "memory MB ↓"]
    assert opened.run("document.querySelector('#baked').checkVisibility()")
    assert opened.run("document.querySelector('#baked').textContent").startswith("* favours light")


def test_another_photo_shows_its_own_pictures(opened):
    first = opened.run("document.querySelector('.column img[alt^=albedo]').src")
    opened.run("document.querySelectorAll('#photos button')[1].click()")
    assert opened.run("document.querySelector('.column img[alt^=albedo]').src") != first
    assert opened.run("document.querySelectorAll('#photos button')[1].getAttribute('aria-pressed')") == "true"
    opened.run("document.querySelectorAll('#rows button')[1].click()")
    assert opened.run("document.querySelectorAll('#figures tbody tr')[1].cells[1].firstChild.textContent") == "2.00"
    opened.run("[...document.querySelectorAll('#kinds button')].find(each => each.textContent === 'albedo').click()")
    assert opened.run("document.querySelectorAll('.column img[alt^=albedo]').length") == 0


def test_the_efforts_are_one_block_of_the_page(page):
    case = replace(outcome("me.png", 0, grid()[0]), figures={"reprojection": 1.0, "seconds": 7.654, "memory_mb": 99.0})
    other = replace(case, figures={"reprojection": 1.0, "seconds": 1.234, "memory_mb": 11.0})
    one, two = (comparison_html(Comparison(grid(), [each], {})) for each in (case, other))
    differing = [(a, b) for a, b in zip(one.splitlines(), two.splitlines(), strict=True) if a != b]
    assert len(differing) == 1
    assert 'id="measured"' in differing[0][0]
