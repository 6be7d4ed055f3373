"""A page with a head that can be turned, as a browser opens it from a disk."""

import re
import shutil
import subprocess
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from browser import CHROMIUM, DESKTOP, PHONE, Browser
from facetex_plugins.export.glb import GlbExporter
from facetex_plugins.fit.basis import BasisFitter
from PIL import Image
from places import TESTS
from sampled import tiny_head

from facetex_core import Fit
from facetex_core.delivery.pictures import data_uri
from facetex_core.delivery.viewer.view import Cell, packed, view_html
from facetex_core.lighting.studio import studio

needs_browser = pytest.mark.skipif(not CHROMIUM, reason="needs a Chromium, which draws the page")
VIEWER = files("facetex_core.delivery.viewer")
POSTER = data_uri(np.full((8, 8, 3), [200, 30, 30], np.uint8))
PIXELS = """(() => {
  const canvas = document.querySelector("canvas"), { width, height } = canvas;
  return [width, height, ...canvas.getContext("2d").getImageData(0, 0, width, height).data];
})()"""


@pytest.fixture(scope="module")
def glb(tmp_path_factory):
    """Our basis's mean head, smiling a little."""
    head, model = tiny_head(), BasisFitter().model
    smile = np.zeros(len(model.expression), np.float32)
    smile[model.expression_names.index("mouthSmileLeft")] = 0.25
    fit = Fit(model, np.zeros(len(model.identity), np.float32), smile, head.fit.camera)
    return GlbExporter().export(replace(head, fit=fit), tmp_path_factory.mktemp("glb"))[0]


def page_of(content, path):
    view = view_html([Cell("a <head>", POSTER)], {"head": packed(content)}, studio())
    start = '<script>facetexViewer.mount(document.getElementById("view")).show("head")</script>'
    path.write_text(f'<!doctype html><meta charset="utf-8"><body style="margin: 0">{view}{start}', "utf-8")
    return path


@pytest.fixture(scope="module")
def page(glb, tmp_path_factory):
    return page_of(glb.read_bytes(), tmp_path_factory.mktemp("page") / "page.html")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def opened(browser, page):
    return live(browser, page)


def live(browser, page, size=DESKTOP):
    browser.events.clear()
    browser.size(*size)
    browser.open(page.as_uri())
    browser.until("document.querySelectorAll('.cell.live').length === 1")
    return browser


def pixels(browser):
    browser.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    width, height, *values = browser.run(PIXELS)
    return np.array(values, int).reshape(height, width, 4)


def press(browser, label):
    browser.run(f"[...document.querySelectorAll('.controls button')].find(each => each.textContent === {label!r}).click()")


def slide(browser, shapes, value):
    slider = f"document.querySelector('input[data-shapes=\"{shapes}\"]')"
    browser.run(f"{slider}.value = {value}; {slider}.dispatchEvent(new Event('input'))")


def moved(before, after):
    """Rows and columns, from 0 to 1, of the pixels that changed."""
    rows, columns = np.nonzero(np.abs(after - before).max(-1) > 12)
    return rows / len(before), columns / before.shape[1]


@needs_browser
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_head_is_shown_and_nothing_is_asked_of_the_network(browser, page, size):
    shown = pixels(live(browser, page, size))
    assert 0.3 < (shown[..., 3] > 200).mean() < 0.7
    assert shown[..., :3][shown[..., 3] > 200].std(0).min() > 10
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.complaints() == []


@needs_browser
def test_sliders_move_what_they_say(opened):
    still = pixels(opened)
    slide(opened, "jawOpen", 1)
    jaw = pixels(opened)
    assert np.median(moved(still, jaw)[0]) > 0.5
    slide(opened, "jawOpen", 0)
    slide(opened, "eyeBlinkLeft eyeBlinkRight", 1)
    rows, columns = moved(still, pixels(opened))
    assert rows.max() < 0.5
    assert columns.min() < 0.5 < columns.max()


@needs_browser
def test_any_shape_can_be_chosen(opened):
    still = pixels(opened)
    opened.run("(s => { s.value = 'noseSneerLeft'; s.dispatchEvent(new Event('change')); })(document.querySelector('select'))")
    slide(opened, "noseSneerLeft", 1)
    assert len(moved(still, pixels(opened))[0]) > 50


@needs_browser
def test_the_expression_is_the_fitted_one_until_it_is_neutral(opened):
    fitted = pixels(opened)
    assert opened.run("document.querySelector('input[data-shapes^=mouthSmile]').value") == "0.25"
    press(opened, "Neutral")
    assert len(moved(fitted, pixels(opened))[0]) > 50
    assert opened.run("document.querySelector('input[data-shapes^=mouthSmile]').value") == "0"
    slide(opened, "jawOpen", 1)
    press(opened, "As in the photo")
    assert np.abs(pixels(opened) - fitted).max() <= 1


@needs_browser
def test_surfaces_and_lights(opened):
    textured = pixels(opened)
    inside = textured[..., 3] == 255
    colour = [np.ptp(textured[inside][:, :3], axis=1).mean()]
    press(opened, "Untextured")
    grey = pixels(opened)
    press(opened, "Normals")
    normals = pixels(opened)
    colour += [np.ptp(each[inside][:, :3], axis=1).mean() for each in (grey, normals)]
    assert colour[0] > 20
    assert colour[1] < 1
    assert colour[2] > 20
    middle = len(normals) // 2
    assert normals[middle, middle][2] > 200, "what faces the camera is blue"
    press(opened, "Textured")
    for light in ("Room", "Photo"):
        press(opened, light)
        assert np.abs(pixels(opened) - textured).mean() > 2, light
    assert not [each for each in opened.complaints() if "getImageData" not in each]


@needs_browser
def test_it_turns_by_buttons_by_keys_and_by_dragging(opened):
    front = pixels(opened)
    press(opened, "Side")
    side = pixels(opened)
    assert len(moved(front, side)[0]) > 1000
    press(opened, "Front")
    assert np.abs(pixels(opened) - front).max() <= 1
    opened.run("document.querySelector('canvas').focus()")
    opened.press("ArrowRight")
    assert len(moved(front, pixels(opened))[0]) > 1000
    press(opened, "Front")
    for kind, x in (("mousePressed", 300), ("mouseMoved", 400), ("mouseReleased", 400)):
        opened.ask("Input.dispatchMouseEvent", type=kind, x=x, y=300, button="left", buttons=1, clickCount=1)
    assert len(moved(front, pixels(opened))[0]) > 1000


@needs_browser
def test_the_wheel_scrolls_the_page_until_the_head_is_clicked(opened):
    front = pixels(opened)
    wheel = {"type": "mouseWheel", "x": 300, "y": 300, "deltaX": 0, "deltaY": -200}
    opened.run("document.activeElement.blur()")
    opened.ask("Input.dispatchMouseEvent", **wheel)
    assert np.abs(pixels(opened) - front).max() <= 1
    opened.run("document.querySelector('canvas').focus()")
    opened.ask("Input.dispatchMouseEvent", **wheel)
    opened.until("true")
    assert (pixels(opened)[..., 3] > 0).mean() > (front[..., 3] > 0).mean()


@needs_browser
def test_without_javascript_there_is_a_picture(browser, page):
    browser.size(*DESKTOP)
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page.as_uri())
    shown = np.asarray(Image.open(browser.picture(page.with_suffix(".png"))).convert("RGB")).astype(int)
    controls = browser.run("document.querySelector('.controls').checkVisibility()")
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert np.abs(shown[300, 300] - [200, 30, 30]).max() < 12
    assert not controls


@needs_browser
def test_without_webgl_there_is_a_picture_and_a_reason(browser, page):
    none = "HTMLCanvasElement.prototype.getContext = () => null"
    script = browser.ask("Page.addScriptToEvaluateOnNewDocument", source=none)["identifier"]
    browser.open(page.as_uri())
    browser.until("document.querySelector('.told').textContent.includes('WebGL')")
    browser.ask("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    assert browser.run("document.querySelector('.cell img').checkVisibility({ visibilityProperty: true })")
    assert not browser.run("document.querySelector('.controls').checkVisibility()")


def test_names_are_text_and_scripts_end_where_they_should(page):
    text = page.read_text("utf-8")
    assert "a &lt;head&gt;" in text
    assert len(re.findall("<script", text)) == len(re.findall("</script", text)) == 5


def test_three_js_is_what_its_command_makes(tmp_path):
    assert "three.js authors" in VIEWER.joinpath("three.LICENSE").read_text("utf-8")
    content = VIEWER.joinpath("three.min.js").read_bytes()
    assert len(content) < 700_000
    esbuild = TESTS / "node_modules" / ".bin" / "esbuild"
    if not (shutil.which("npm") and esbuild.exists()):
        pytest.skip("needs node, and `npm ci` in tests/")
    subprocess.run(
        ["npm", "run", "three", "--", f"--outfile={tmp_path / 'three.js'}"], cwd=TESTS, check=True, capture_output=True
    )
    assert (tmp_path / "three.js").read_bytes() == content
