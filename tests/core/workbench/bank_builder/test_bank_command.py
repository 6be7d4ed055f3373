"""`facetex bank` from outside. The stages are toys, the rest is real: files, processes, refusals, report."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from facetex_cli.main import main
from PIL import Image

from facetex_core.descriptors.bank_file import load_bank
from facetex_core.workbench.bank_builder.checkpoint import keep, kept
from facetex_core.workbench.bank_builder.portrait_quality import complaint
from facetex_core.workbench.bank_builder.thresholds import LIMITS

STAGES = ("detector", "restorer", "segmenter", "fitter", "cleaner", "light", "delighter", "descriptor")
TOYS = [word for stage in STAGES for word in (f"--{stage}", "toy")]
GOOD = ("anna", "ben", "cleo")


def picture(path: Path, seed: int, blur: float = 0.0) -> None:
    """As fine as the map, skin colour with grain."""
    generator = np.random.default_rng(seed)
    tone = np.array([150, 110, 90]) + generator.integers(-20, 20)
    pixels = tone + 30 * generator.normal(size=(400, 400, 1)) + np.arange(400)[:, None, None] / 32
    pixels = cv2.GaussianBlur(pixels, (0, 0), blur) if blur else pixels
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def folder(toy: Path, tmp_path: Path) -> Path:
    """Three good portraits, one that is blurred, one that is no picture, one twice, and a text."""
    portraits = tmp_path / "portraits"
    portraits.mkdir()
    for seed, name in enumerate(GOOD):
        picture(portraits / f"{name}.png", seed)
    picture(portraits / "soft.png", 9, blur=4.0)
    (portraits / "broken.jpg").write_bytes(b"no picture")
    (portraits / "copy.png").write_bytes((portraits / "anna.png").read_bytes())
    (portraits / "notes.txt").write_text("not a photo", "utf-8")
    return portraits


def build(folder: Path, out: Path, *words: object) -> int:
    return main(["bank", "build", str(folder), "-o", str(out), *TOYS, "--size", "256", "--jobs", "1", *map(str, words)])


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    (line,) = [line for line in captured.err.splitlines() if not line.startswith("warning: ")]
    return line


def test_a_folder_becomes_a_bank_and_a_page_that_says_who_is_not_in_it(folder, tmp_path, capsys):
    out = tmp_path / "my.bank"
    assert build(folder, out) == 0
    bank = load_bank(out)
    assert (bank.names, bank.network, bank.size, bank.grid) == (GOOD, "toy", 256, 8)
    assert len(bank.faces) == len(bank.albedo) == 3
    assert not len(bank.textures)
    said = capsys.readouterr()
    assert "3 exemplars of 6 photos" in said.out
    assert said.err == "warning: only 3 exemplars: a bank predicts well from about 20 on\n"
    page = (tmp_path / "my.bank.html").read_text("utf-8")
    refused = dict(re.findall(r"<b>(\S+)</b><span class=\"why\">(.*?)</span>", page))
    assert set(refused) == {"soft.png", "broken.jpg", "copy.png"}
    assert refused["soft.png"].startswith("blurred: ")
    assert refused["copy.png"] == "the same picture as anna.png"
    assert all(f"<b>{name}.png</b>" in page for name in GOOD)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("my")) == ["my.bank", "my.bank.html"]


def test_textures_and_names_are_the_builder_s_choice(folder, tmp_path):
    assert build(folder, tmp_path / "my.bank", "--keep-textures", "--anonymous", "--quiet") == 0
    bank = load_bank(tmp_path / "my.bank")
    assert bank.textures.shape == (3, 256, 256, 4)
    assert bank.names == ("000", "001", "002")


def test_an_interrupted_build_goes_on_where_it_stopped(folder, tmp_path, capsys):
    """What was examined is taken as it is, what is damaged is examined again; of other settings nothing is taken."""
    out = tmp_path / "my.bank"
    assert build(folder, out, "--set", "fitter.yaw=40") == 2
    assert "all 6 photos were refused, the first one: the head is turned by 40 degrees" in capsys.readouterr().err
    assert not out.exists()
    parts = sorted((tmp_path / "my.bank.parts").iterdir())
    assert len(parts) == 5
    told = {kept(part).photo: part for part in parts}
    old = kept(told["ben.png"])
    keep(type(old)(old.photo, old.picture, {}, "planted"), told["ben.png"])
    told["cleo.png"].write_bytes(told["cleo.png"].read_bytes()[:99])
    assert build(folder, out, "--set", "fitter.yaw=40") == 2
    page = (tmp_path / "my.bank.html").read_text("utf-8")
    assert "planted" in page
    assert page.count("the head is turned by 40 degrees (at most 15)") == 3  # anna, cleo, soft
    assert build(folder, out) == 0
    assert load_bank(out).names == GOOD


def test_what_a_bank_holds_is_told_to_people_and_programs(folder, tmp_path, capsys):
    out = tmp_path / "my.bank"
    assert build(folder, out, "--quiet") == 0
    capsys.readouterr()
    assert main(["bank", "info", str(out)]) == 0
    assert re.search(r"exemplars: +3\n", capsys.readouterr().out)
    assert main(["bank", "info", str(out), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["network"], facts["size"], facts["cells"], facts["channels"]) == ("toy", 256, "8 x 8", {"colour": 3})
    assert re.fullmatch("#[0-9a-f]{6}", facts["albedo"]["mean"])


def test_two_banks_become_one(folder, tmp_path, capsys):
    out, both = tmp_path / "my.bank", tmp_path / "both.bank"
    assert build(folder, out, "--quiet") == 0
    assert main(["bank", "merge", str(out), str(out), "-o", str(both)]) == 0
    assert load_bank(both).names == (*GOOD, "anna-2", "ben-2", "cleo-2")
    assert "6 exemplars, 3 of them renamed" in capsys.readouterr().out


def test_a_run_takes_the_bank(folder, tmp_path):
    """With every other stage a toy too."""
    out = tmp_path / "my.bank"
    assert build(folder, out, "--quiet") == 0
    rest = ("merger", "blend", "hidden", "synthesizer", "painter", "detailer", "renderer", "exporter")
    others = [word for stage in rest for word in (f"--{stage}", "toy")]
    words = [*TOYS, *others, "--size", "256", "--device", "cpu", "--bank", str(out), "-o", str(tmp_path / "head"), "-q"]
    assert main(["run", str(folder / "anna.png"), *words]) == 0


REFUSALS = {
    "no folder": (["nowhere"], "nowhere: no such folder"),
    "a file": (["portraits/anna.png"], "anna.png: is no folder"),
    "empty": (["empty"], "empty: no photos in it"),
    "out is a folder": (["portraits", "-o", "empty"], "empty: is a folder"),
    "no face": (["portraits", "--set", "detector.faces=0"], "all 6 photos were refused, the first one: no face found"),
    "size": (["portraits", "--size", "300"], "'300' is not one of"),
    "plugin": (["portraits", "--fitter", "toi"], "no fitter 'toi'; did you mean 'toy'"),
    "missing model": (["portraits", "--descriptor", "vgg19"], "model 'vgg19'"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_done_is_one_line(folder, tmp_path, capsys, monkeypatch, case):
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (source, *words), expected = REFUSALS[case]
    assert build(Path(source), Path("my.bank"), *words) == 2
    assert expected in one_error(capsys)
    assert not (tmp_path / "my.bank").exists()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write, such as Linux's /proc")
def test_an_output_that_cannot_be_written_is_found_before_any_work(folder, capsys):
    assert build(folder, Path("/proc/my.bank")) == 2
    assert "/proc: cannot be written" in one_error(capsys)


GOOD_FIGURES = {"yaw": 3, "pitch": 4, "mouth": 0.1, "eyes": 0.8, "lit": 0.9, "uneven": 0.05, "seen": 0.7, "sharpness": 2.1}
BAD_FIGURES = {"yaw": -40, "pitch": 30, "mouth": 0.3, "eyes": 0.1, "lit": 0.3, "uneven": 0.5, "seen": 0.2, "sharpness": 0.5}


@pytest.mark.parametrize("name", LIMITS)
def test_each_figure_has_its_complaint(name):
    assert complaint(GOOD_FIGURES) == ""
    said = complaint(GOOD_FIGURES | {name: BAD_FIGURES[name]})
    assert said.startswith(LIMITS[name].said.split("{")[0])
    assert re.search(r"\(at (least|most) [\d.]+%?\)$", said)
