"""The heads of compare.html: one camera for all variants, the heads of one photo at a time."""

from dataclasses import replace

import numpy as np
import pytest
from browser import CHROMIUM, DESKTOP, Browser
from sampled import tiny_head
from test_compare_page import grid, outcome

from facetex_core.delivery.gltf import maps_of
from facetex_core.workbench.comparison import record
from facetex_core.workbench.comparison.compare import GlbData
from facetex_core.workbench.comparison.record import Comparison, comparison_html

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium, which draws the page")
CANVAS = """(number => {
  const canvas = document.querySelectorAll("#view canvas")[number], { width, height } = canvas;
  return [width, height, ...canvas.getContext("2d").getImageData(0, 0, width, height).data];
})"""


def dress(tint, wider=1.0):
    """A head of one colour, and of a shape of its own where it is wider."""
    head = tiny_head()
    head = replace(head, albedo=replace(head.albedo, rgb=np.broadcast_to(np.float32(tint), head.albedo.rgb.shape).copy()))
    fit = replace(head.fit, identity=(wider * head.fit.identity).astype(np.float32))
    return GlbData(fit, maps_of(head))


def comparison():
    """Two photos; the first two variants have one shape, the third its own, the fourth failed."""
    tints = ([0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6])
    cases = []
    for photo in ("me.png", "you.png"):
        for number, variant in enumerate(grid()):
            case = outcome(photo, number, variant)
            cases.append(case if case.error else replace(case, glb=dress(tints[number], 1 + (number == 2))))
    return Comparison(grid(), cases, {})


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def opened(browser, tmp_path):
    (tmp_path / "compare.html").write_text(comparison_html(comparison()), "utf-8")
    return live(browser, tmp_path / "compare.html")


def live(browser, page):
    browser.events.clear()
    browser.size(*DESKTOP)
    browser.open(page.as_uri())
    browser.until("document.querySelectorAll('.cell.live').length === 3")
    return browser


def canvas(browser, number):
    browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    width, height, *values = browser.run(f"{CANVAS}({number})")
    return np.array(values, int).reshape(height, width, 4)


def test_each_variant_wears_its_own_material(opened):
    for number in range(3):
        shown = canvas(opened, number)
        skin = shown[shown[..., 3] == 255][:, :3]
        assert skin.mean(0).argmax() == number
        assert 0.2 < (shown[..., 3] > 200).mean() < 0.9
    failed = "document.querySelectorAll('#view .cell')[3]"
    assert opened.run(f"{failed}.innerText").split() == ["sfm", "no", "head"]
    assert not opened.run(f"{failed}.querySelector('img').checkVisibility()")
    assert opened.complaints() == []


def test_turning_one_turns_all(opened):
    before = [canvas(opened, number) for number in range(3)]
    box = "(({ left, top, width, height }) => [left + width / 2, top + height / 2])"
    x, y = opened.run(f"{box}(document.querySelectorAll('#view canvas')[1].getBoundingClientRect())")
    for kind, along in (("mousePressed", 0), ("mouseMoved", 60), ("mouseReleased", 60)):
        opened.ask("Input.dispatchMouseEvent", type=kind, x=x + along, y=y, button="left", buttons=1, clickCount=1)
    after = [canvas(opened, number) for number in range(3)]
    assert all((np.abs(one - other).max(-1) > 12).sum() > 300 for one, other in zip(before, after, strict=True))
    same = [each[..., 3] > 200 for each in after[:2]]
    assert (same[0] & same[1]).sum() / (same[0] | same[1]).sum() > 0.99, "one shape, one camera"


def test_another_photo_has_its_own_heads(opened):
    opened.run("document.querySelectorAll('#photos button')[1].click()")
    opened.until("document.querySelectorAll('.cell.live').length === 3")
    assert canvas(opened, 1)[..., 1].max() > 60
    assert opened.run("document.querySelector('.told').hidden")


def test_a_page_holds_no_more_heads_than_it_has_room_for(browser, tmp_path, monkeypatch):
    whole = comparison_html(comparison())
    size = len(whole.split('id="heads0">')[1].split("<")[0])
    monkeypatch.setattr(record, "MOST_TURNED", size + 10)
    page = tmp_path / "compare.html"
    page.write_text(comparison_html(comparison()), "utf-8")
    assert len(page.read_text("utf-8")) < len(whole) - size / 2
    live(browser, page).run("document.querySelectorAll('#photos button')[1].click()")
    browser.until("document.querySelector('.told').textContent.includes('variants.glb')")
    assert browser.run("document.querySelectorAll('.cell.live').length") == 0
    assert browser.run("document.querySelector('#view .cell img').checkVisibility({ visibilityProperty: true })")
    browser.run("document.querySelectorAll('#photos button')[0].click()")
    browser.until("document.querySelectorAll('.cell.live').length === 3")
