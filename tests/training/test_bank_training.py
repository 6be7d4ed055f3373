"""The building of the bank that ships, and how it is measured."""

from pathlib import Path

import click
import numpy as np
import pytest
from facetex_model_zoo import model_path
from PIL import Image
from toy_stages import write_toy_bank
from training.bank import data
from training.bank import eval as measuring
from training.bank.data import BANK, Evaluation, Settings, make
from training.bank.eval import others, report, table
from training.bank.hidden import HIDDEN, flipped, without
from trainings import shipped_settings, short_run

from facetex_core import Fit, Texture
from facetex_core.descriptors.bank import whole_skin
from facetex_core.descriptors.bank_file import load_bank
from facetex_core.geometry.camera import orbit_camera
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.io.photo_file import example_photo

SETTINGS = Settings("photos/few", Evaluation("photos/few", ["least-squares", "uniform"], in_bank=False, every=1))
SIZE = 256


@pytest.fixture(scope="module")
def fit():
    model = load_morphable_model(model_path("face_basis"))
    at_rest = (np.zeros(len(modes), np.float32) for modes in (model.identity, model.expression))
    camera = orbit_camera(np.zeros(3, np.float32), yaw=0, distance=1, width_seen=0.3, size=(SIZE, SIZE))
    return Fit(model, *at_rest, camera)


def test_the_bank_is_built_by_the_command_for_banks(tmp_path, monkeypatch):
    words = []

    def build(given):
        words.extend(given)
        Path(given[4]).touch()
        return 0

    monkeypatch.setattr(data, "facetex", build)
    run = short_run("bank", SETTINGS, tmp_path)
    make(run)
    assert words[:2] == ["bank", "build"]
    assert Path(words[2]) == data.DATA / "photos/few"
    assert (run.work / BANK).exists()
    monkeypatch.setattr(data, "facetex", lambda _: 2)
    with pytest.raises(click.ClickException, match="not built"):
        make(run)


def test_a_bank_is_measured_on_photos(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "photos/few"
    folder.mkdir(parents=True)
    Image.fromarray((example_photo().rgb * 255).round().astype(np.uint8)).save(folder / "astronaut.jpg")
    Image.new("RGB", (64, 64)).save(folder / "nobody.jpg")
    monkeypatch.setattr(measuring, "DATA", tmp_path)
    monkeypatch.setattr(measuring, "HIDDEN", {"lower": HIDDEN["lower"]})
    report(short_run("bank", SETTINGS, tmp_path))
    first, second, *rows = capsys.readouterr().out.splitlines()
    assert first == "default.bank: the one that ships"
    assert "exemplars; layers conv1_1, conv2_1, conv3_1" in second
    assert [row[15:35].strip() for row in rows] == ["own", "least-squares", "least-squares alone", "uniform", "uniform alone"]
    assert all(" 1 faces" in row for row in rows)


def test_who_is_in_the_bank_is_left_out_of_it(tmp_path):
    bank = load_bank(write_toy_bank(tmp_path / "toy.bank"))
    left = others(bank, (whole_skin(bank)[3],))
    assert left.names == tuple(name for name in bank.names if name != "toy 3")
    assert len(left.cells["colour"]) == len(left.support["colour"]) == len(left.names)


def test_the_table_holds_means_over_faces():
    lines = list(table({("lower", "own"): [[0.1, 0.2], [0.3, 0.4]]}))
    assert lines == [f"{'lower':14} {'own':20}   2 faces  0.200/0.300"]


@pytest.mark.parametrize(("one", "other"), [("left -> right", "right -> left"), ("lower", "upper")])
def test_halves_are_each_others_rest(fit, one, other):
    np.testing.assert_array_equal(HIDDEN[one](fit, SIZE), ~HIDDEN[other](fit, SIZE))


def test_far_sides_are_each_others_mirror(fit):
    one, other = (HIDDEN[f"far side, {turn}"](fit, SIZE) for turn in (40, -40))
    assert 0.1 < one.mean() < 0.6
    assert (one != other[:, ::-1]).mean() < 0.01


def test_what_is_hidden_is_black_and_unseen():
    texture = Texture(np.ones((2, 2, 3), np.float32), np.ones((2, 2), np.float32))
    left = without(texture, np.array([[True, False], [False, False]]))
    assert not left.rgb[0, 0].any()
    assert left.visibility.sum() == 3
    assert not flipped(left).visibility[0, 1]


def test_the_settings_are_read():
    assert shipped_settings("bank", Settings).eval.solvers[1] == "least-squares"
