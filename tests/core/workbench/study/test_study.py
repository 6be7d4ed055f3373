"""`facetex study make`: what is shown, and that nothing gives it away."""

import json
import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest
from skimage.data import astronaut
from study_samples import FACE, made, patches, run_folder

from facetex_core.workbench.study.answers import read_key
from facetex_core.workbench.study.pictures import GREY, cheek_only, face_only
from facetex_core.workbench.study.study import assemble, page


def test_every_two_variants_of_a_case_meet_once_and_by_chance():
    study = assemble(patches(40, ("photo", "a", "b")), "Which?", seed=3)
    pairs = [frozenset(each.variant for each in trial.pictures) for trial in study.trials]
    assert {pair: pairs.count(pair) for pair in pairs} == dict.fromkeys(
        map(frozenset, (("photo", "a"), ("photo", "b"), ("a", "b"))), 40
    )
    ids = [each.id for trial in study.trials for each in (trial, *trial.pictures)]
    assert len(set(ids)) == len(ids)
    first = [trial.pictures[0].variant == "photo" for trial in study.trials if "photo" in pairs[study.trials.index(trial)]]
    assert binomtest(sum(first), len(first)).pvalue > 0.01
    assert [trial.case for trial in study.trials] != sorted(trial.case for trial in study.trials)


def test_the_same_seed_makes_the_same_page_and_another_one_another():
    one, same, other = (page(assemble(patches(4), "Which?", seed=seed)) for seed in (1, 1, 2))
    assert one == same != other
    assert assemble(patches(4), "Which?", seed=1).id != assemble(patches(4), "Who?", seed=1).id


def test_the_page_tells_nothing_and_asks_nobody():
    study = assemble(patches(5), "Which <one>?", seconds=1.5)
    text = page(study)
    assert "Which &lt;one&gt;?" in text
    assert not re.search(r"case\d|\bmine\b|https?:|//[a-z]", text.replace("photograph", ""))
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert set(data) == {"id", "seconds", "trials"}
    assert all(set(picture) == {"id", "uri"} for trial in data["trials"] for picture in trial["pictures"])


def test_only_the_face_is_left_of_a_picture():
    landmarks = 50 + 30 * np.stack([np.cos(np.linspace(0, 7, 68)), np.sin(np.linspace(0, 7, 68))], 1).astype(np.float32)
    white = np.full((100, 100, 3), 255, np.uint8)
    cut = face_only(white, landmarks)
    assert (cut[0, 0] == GREY).all()
    assert (cut[len(cut) // 2, len(cut) // 2] == 255).all()
    assert 0.3 < (cut == 255).mean() < 0.8
    assert (cheek_only(white, landmarks) == 255).all()


def test_a_face_at_the_border_is_filled_with_grey():
    landmarks = np.random.default_rng(0).uniform(-20, 40, (68, 2)).astype(np.float32)
    assert (face_only(np.full((100, 100, 3), 255, np.uint8), landmarks)[0] == GREY).all()


@pytest.mark.parametrize("crop", ["face", "skin", "whole"])
def test_a_run_is_compared_with_its_photo(tmp_path, capsys, crop):
    run = run_folder(tmp_path / "mine")
    assert made(run, "-o", tmp_path / "page" / "s.html", "--crop", crop) == 0
    assert "1 pairs of photo, mine" in capsys.readouterr().out
    key = json.loads((tmp_path / "page" / "s.key.json").read_text("utf-8"))
    (trial,) = key["trials"].values()
    assert (trial["case"], sorted(trial["pictures"].values())) == ("me", ["mine", "photo"])
    assert key["question"] == "Which one is the photograph?"
    assert sorted(path.name for path in (tmp_path / "page").iterdir()) == ["s.html", "s.key.json"]


def test_variants_meet_by_name_with_the_photos_or_without(tmp_path, capsys):
    for variant, blur in (("a", 1), ("b", 3)):
        for name in ("me", "you"):
            run_folder(tmp_path / variant / name, blur=blur)
    run_folder(tmp_path / "b" / "only")
    folders = (tmp_path / "a", tmp_path / "b")
    assert made(*folders, "-o", tmp_path / "s.html", "--crop", "whole") == 0
    captured = capsys.readouterr()
    assert "2 pairs of a, b" in captured.out
    assert captured.err == "warning: 1 cases are in one folder only and left out\n"
    assert made(*folders, "-o", tmp_path / "s.html", "--crop", "whole", "--photos", "-q") == 0
    key = read_key(tmp_path / "s.key.json")
    assert (len(key.trials), key.variants) == (7, ("photo", "a", "b"))  # `only` meets its photo
    assert key.question == "Which one looks more like a photograph?"


def test_folders_of_pictures_meet_by_name(tmp_path, capsys):
    for folder, size in (("photos", 400), ("renders", 300)):
        (tmp_path / folder).mkdir()
        Image.fromarray(astronaut()).crop(FACE).resize((size, size)).save(tmp_path / folder / "me.jpg")
    assert made(tmp_path / "photos", tmp_path / "renders", "-o", tmp_path / "s.html", "--crop", "whole") == 0
    uris = re.findall(r"base64,([^\"]+)", (tmp_path / "s.html").read_text("utf-8"))
    assert [Image.open(BytesIO(b64decode(uri))).size for uri in uris] == [(300, 300)] * 2


def test_a_picture_without_a_face_is_left_out(tmp_path, capsys):
    run_folder(tmp_path / "runs" / "face")
    bare = run_folder(tmp_path / "runs" / "bare")
    Image.new("RGB", (400, 200), (120, 110, 90)).save(bare / "renders" / "photo.png")
    assert made(tmp_path / "runs", "-o", tmp_path / "s.html") == 0
    captured = capsys.readouterr()
    assert captured.err == "warning: bare is left out: no face found in it\n"
    assert "1 pairs" in captured.out
    assert made(bare, "-o", tmp_path / "t.html") == 2
    assert "no face found in any of the pictures" in capsys.readouterr().err
    assert not list(tmp_path.glob("t.*"))


REFUSED = {
    "no folder": (["nowhere"], "nowhere: no such folder"),
    "nothing in it": (["empty"], "holds no results of facetex run"),
    "pictures and no photos": (["pictures"], "so there is no photo to compare with"),
    "pictures, empty": (["pictures", "empty"], "empty: holds neither results of facetex run nor pictures"),
    "one name twice": (["run", "other/run"], "two variants have the same name"),
    "nothing in common": (["run", "pictures"], "no picture name occurs in two of them"),
    "seconds": (["run", "--seconds", "0"], "--seconds takes 0.1 to 600, not 0.0"),
    "seconds, none": (["run", "--seconds", "nan"], "--seconds takes 0.1 to 600, not nan"),
    "crop": (["run", "--crop", "nose"], "'nose' is not one of 'face', 'skin', 'whole'"),
    "record": (["damaged"], "its facetex.json is missing or damaged"),
    "folder in the page's place": (["run", "-o", "empty"], "empty: is a folder"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_study_is_one_line(tmp_path, monkeypatch, capsys, case):
    monkeypatch.chdir(tmp_path)
    for name in ("run", "other/run", "damaged"):
        run_folder(tmp_path / name)
    (tmp_path / "damaged" / "facetex.json").write_text("{", "utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (40, 40)).save(tmp_path / "pictures" / "x.png")
    words, line = REFUSED[case]
    before = sorted(tmp_path.rglob("*"))
    assert made(*words) == 2
    captured = capsys.readouterr()
    assert line in captured.err
    assert captured.err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before
