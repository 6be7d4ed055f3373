"""The training of the albedo of skin."""

import numpy as np
import pytest
from facetex_model_zoo import model_path
from PIL import Image
from training.common.portraits import extract, load_textures
from training.skin_albedo.data import Settings, half_known, incomplete
from training.skin_albedo.eval import error, report
from training.skin_albedo.train import learn, nearest, principal_modes, symmetric
from trainings import shipped_settings, short_run

from facetex_core import Texture
from facetex_core.geometry.model_file import load_morphable_model, with_albedo
from facetex_core.io.photo_file import example_photo

SIZE = 16
SETTINGS = Settings(people=9, modes=2, rounds=3)


def textures(rng, count, size=64):
    """Skins of one colour, lighter or darker, on whose right side nothing is seen."""
    for _ in range(count):
        visibility = np.ones((size, size), np.float32)
        visibility[:, size // 2 + 4 :] = 0
        rgb = np.exp(rng.normal(-1, 0.4)) * np.float32([1, 0.7, 0.5]) * visibility[..., None]
        yield Texture(rgb.astype(np.float32), visibility)


def write_textures(folder, seed, count):
    folder.mkdir()
    for number, texture in enumerate(textures(np.random.default_rng(seed), count)):
        np.savez(folder / f"{number}.npz", rgb=texture.rgb, visibility=texture.visibility)


def test_an_albedo_model_is_learned_written_and_read_by_a_run(tmp_path, capsys):
    run = short_run("skin_albedo", SETTINGS, tmp_path)
    for seed, folder in enumerate(("bank", "dev")):
        write_textures(run.work / folder, seed, 9)
    learn(run)
    model = with_albedo(load_morphable_model(model_path("face_basis")), run.work / "skin_albedo.npz")
    assert model.albedo.modes.shape == (5, 128, 128, 3)
    capsys.readouterr()
    report(run)
    words = capsys.readouterr().out
    assert words.startswith("skin_albedo.npz: the one made here\n9 faces")
    mean, tones, everything = (float(part.split()[-1]) for part in words.splitlines()[2].split(","))
    assert everything <= tones < mean


def test_modes_of_incomplete_faces_are_those_of_whole_ones():
    rng = np.random.default_rng(0)
    mode = symmetric(rng.standard_normal(SIZE * SIZE * 3), SIZE)
    values = (rng.standard_normal((40, 1)) * mode).astype(np.float32)
    weights = (rng.random((40, SIZE * SIZE)) > 0.3).astype(np.float32)
    mean, modes = principal_modes(values, weights, 1, 6, SIZE)
    cosine = abs(modes[0] @ mode) / np.linalg.norm(mode) / np.linalg.norm(modes[0])
    assert cosine > 0.99
    hidden = 1 - weights
    assert error(values, weights, hidden, mean, modes) < 0.3 * error(values, weights, hidden, mean, modes[:0])


def test_without_modes_the_nearest_face_is_the_mean():
    row, mean = np.ones(12), np.zeros(12)
    np.testing.assert_array_equal(nearest(row, row, mean, np.zeros((0, 12))), mean)


def test_a_hidden_side_is_taken_from_its_mirror_for_a_third():
    (texture,) = textures(np.random.default_rng(0), 1, SIZE)
    values, weight = half_known(texture, 0)
    assert weight[0, 0] == 1
    assert weight[0, -1] == pytest.approx(1 / 3)
    np.testing.assert_array_equal(values[:, -1], values[:, 0])
    assert incomplete([texture], SIZE, 0)[0].shape == (1, SIZE * SIZE * 3)


def test_portraits_become_textures_and_are_left_alone_afterwards(tmp_path):
    (tmp_path / "photos").mkdir()
    Image.fromarray((example_photo().rgb * 255).round().astype(np.uint8)).save(tmp_path / "photos/astronaut.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "photos/nobody.png")
    extract(tmp_path / "photos", tmp_path / "textures", True, 1)
    (texture,) = load_textures(tmp_path / "textures")
    assert texture.size == 512
    assert texture.visibility.mean() > 0.05
    before = (tmp_path / "textures/astronaut.npz").stat().st_mtime_ns
    extract(tmp_path / "photos", tmp_path / "textures", True, 1)
    assert (tmp_path / "textures/astronaut.npz").stat().st_mtime_ns == before


def test_the_settings_are_read():
    assert shipped_settings("skin_albedo", Settings).modes == 24
