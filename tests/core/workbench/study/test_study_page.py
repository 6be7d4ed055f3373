"""The pages of a study in Chromium: keys, fingers, reloads, the time that is up, and what is seen at every width."""

import json

import numpy as np
import pytest
from browser import CHROMIUM, DESKTOP, PHONE, Browser
from scipy.stats import binomtest
from study_samples import key_of, patches, somebody, told

from facetex_core.workbench.study.study import assemble, page

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")


@pytest.fixture
def browser(tmp_path):
    with Browser(tmp_path / "profile") as browser:
        yield browser


def opened(browser, tmp_path, size, **more):
    study = assemble(patches(4), "Which one is the photograph?", **more)
    (tmp_path / "s.html").write_text(page(study), "utf-8")
    browser.size(*size)
    browser.open((tmp_path / "s.html").as_uri() + "#seed=7")
    return study


def begun(browser):
    browser.press("Enter")  # the button has the focus
    browser.until("shown !== null")


def saved(browser, tmp_path):
    browser.run("document.querySelector('#end').hidden || document.querySelector('#save').click()")
    for _ in range(500):
        found = list((tmp_path / "profile").glob("answers-*.json"))
        if found:
            return found[0]
        browser.run("new Promise((done) => setTimeout(done, 20))")
    raise AssertionError("nothing was saved")


def test_a_study_is_answered_by_keys_survives_a_reload_and_is_reported(browser, tmp_path, capsys):
    study = opened(browser, tmp_path, DESKTOP)
    begun(browser)
    browser.press("ArrowLeft")
    browser.until("shown !== null && state.answers.length === 1")
    browser.press("2")
    browser.until("shown !== null && state.answers.length === 2")
    before = browser.run("JSON.stringify(state)")
    browser.open((tmp_path / "s.html").as_uri())
    browser.until("shown !== null")
    assert browser.run("JSON.stringify(state)") == before
    assert browser.run("document.querySelector('#count').textContent") == "3 of 4"
    for key, count in (("1", 3), ("ArrowRight", 4)):
        browser.press(key)
        browser.until(f"state.answers.length === {count} && (shown !== null || !document.querySelector('#end').hidden)")
    table = json.loads(saved(browser, tmp_path).read_text("utf-8"))
    assert (table["study"], table["seed"], len(table["answers"])) == (study.id, 7, 4)
    sides = [("right", "left")[each["chosen"] == each["left"]] for each in table["answers"]]
    assert sides == ["left", "right", "left", "right"]
    assert all({each["left"], each["right"]} == set(key_of(study).trials[each["trial"]]) for each in table["answers"])
    (tmp_path / "s.key.json").write_text(json.dumps(study.key()), "utf-8")
    assert told(saved(browser, tmp_path), "--key", tmp_path / "s.key.json") == 0
    assert "4 answers of 1 participants" in capsys.readouterr().out
    assert browser.complaints() == []


def test_a_phone_is_tapped_and_the_pair_goes_when_its_time_is_up(browser, tmp_path):
    opened(browser, tmp_path, PHONE, seconds=0.2)
    browser.tap("#begin")
    browser.until("document.querySelector('#note').textContent.startsWith('The time is up')")
    assert browser.run("getComputedStyle(document.querySelector('#left img')).visibility") == "hidden"
    browser.open((tmp_path / "s.html").as_uri())
    begun(browser)
    assert browser.run("getComputedStyle(document.querySelector('#left img')).visibility") == "hidden"  # no second look
    browser.tap("#right")
    browser.until("state.answers.length === 1")
    assert browser.run("state.answers[0].chosen === state.answers[0].right")
    assert browser.complaints() == []


def test_the_order_follows_the_seed_and_is_another_for_everybody(browser, tmp_path):
    opened(browser, tmp_path, DESKTOP)
    orders = [browser.run(f"JSON.stringify(orderOf({seed}).map((each) => [each.trial.id, each.turned]))") for seed in (7, 7, 8)]
    assert orders[0] == orders[1] != orders[2]
    firsts = browser.run("[...Array(2000).keys()].map((seed) => orderOf(seed * 7919)[0])")
    assert binomtest(sum(each["turned"] for each in firsts), 2000).pvalue > 0.001
    counts = [sum(each["trial"]["id"] == name for each in firsts) for name in {each["trial"]["id"] for each in firsts}]
    assert len(counts) == 4
    assert min(counts) > 420


@pytest.mark.parametrize("size", [DESKTOP, PHONE, (844, 390)], ids=["desktop", "phone", "turned"])
def test_both_pictures_are_seen_at_once_and_nothing_sticks_out(browser, tmp_path, size):
    opened(browser, tmp_path, size)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    begun(browser)
    boxes = browser.run("[...document.querySelectorAll('.frame')].map((each) => each.getBoundingClientRect().toJSON())")
    for box in boxes:
        assert (box["left"] >= 0, box["top"] >= 0, box["right"] <= size[0], box["bottom"] <= size[1]) == (True,) * 4
        assert box["width"] == pytest.approx(boxes[0]["width"])
        assert box["width"] >= 80
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_reports_page_fits(browser, tmp_path, size):
    study = assemble(patches(20, ("photo", "mine", "other")), "Which one is the photograph?")
    (tmp_path / "s.key.json").write_text(json.dumps(study.key()), "utf-8")
    rng = np.random.default_rng(0)
    paths = []
    for name in ("a", "b", "c"):
        answers = [{"trial": t, "chosen": c} for t, c in somebody(study, rng, 0.7, name).chosen.items()]
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps({"study": study.id, "participant": name, "answers": answers}), "utf-8")
    assert told(*paths, "-o", tmp_path / "report.html") == 0
    browser.size(*size)
    browser.open((tmp_path / "report.html").as_uri())
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")
    assert browser.run("document.querySelectorAll('svg').length") == 3
    assert browser.complaints() == []
