"""`facetex run` with the models that ship, on pictures that hold no face it can use, or more than one."""

from pathlib import Path

import facetex_model_zoo as zoo
import numpy as np
import pytest
from facetex_cli.main import main
from PIL import Image
from skimage import data

from facetex_core import PhotoError, Recipe, Registry, load_preset
from facetex_core.io.photo_file import load_photo
from facetex_core.refused_photos import choose
from facetex_core.texture.thresholds import SMALLEST_FACE


@pytest.fixture
def save(tmp_path: Path):
    """Writes pixels as a PNG."""

    def write(name: str, pixels: np.ndarray) -> Path:
        path = tmp_path / f"{name}.png"
        Image.fromarray(pixels).save(path)
        return path

    return write


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)


def landscape() -> np.ndarray:
    """Sky over fields, with hills."""
    y, x = np.mgrid[0:400, 0:600]
    hills = y > 200 + 30 * np.sin(x / 60) + 12 * np.sin(x / 17)
    sky = np.stack([120 + y // 4, 160 + y // 5, np.full_like(y, 235)], -1)
    field = np.stack([60 + y // 6, 110 + (x * 7 + y * 13) % 30, np.full_like(y, 50)], -1)
    return np.where(hills[..., None], field, sky).astype(np.uint8)


FACELESS = {
    "cat": data.chelsea,
    "coffee": data.coffee,
    "rocket": data.rocket,
    "landscape": landscape,
    "noise": noise,
    "grey": lambda: np.full((300, 300, 3), 128, np.uint8),
}


@pytest.mark.parametrize("name", FACELESS)
def test_a_picture_without_a_face_is_refused_in_one_line(save, tmp_path, capsys, name):
    assert main(["run", str(save(name, FACELESS[name]())), "-o", str(tmp_path / "out"), "--preset", "draft"]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [captured.err.strip()]
    assert captured.err.startswith(f"error: {name}.png: ")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def detector() -> object:
    recipe: Recipe = load_preset("embedded")
    return recipe.make("detector", Registry())


def test_of_two_faces_the_largest_is_taken_and_said(save, detector, said):
    astronaut = data.astronaut()[:320, 60:380]
    small = np.asarray(Image.fromarray(astronaut).resize((224, 224)))
    pair = np.full((320, 560, 3), 200, np.uint8)
    pair[:224, :224], pair[:, 240:] = small, astronaut
    photo = load_photo(save("pair", pair))
    faces = detector.detect(photo)
    assert len(faces) == 2
    largest = choose(faces, None, photo)
    assert said == ["pair.png: 2 faces found; the largest is used (--face N chooses another)"]
    assert largest.box[0] > 240
    assert choose(faces, 2, photo).box[2] < 240


def test_a_face_under_48_pixels_is_refused(save, detector):
    astronaut = Image.fromarray(data.astronaut())
    canvas = np.full((300, 300, 3), 200, np.uint8)
    canvas[100:200, 100:200] = np.asarray(astronaut.resize((100, 100)))
    photo = load_photo(save("far", canvas))
    with pytest.raises(PhotoError, match=rf"no face found|at least {SMALLEST_FACE} are needed"):
        choose(detector.detect(photo), None, photo)


@pytest.mark.parametrize("light", [0.004, 0.02])
def test_a_nearly_black_photo_is_refused(save, tmp_path, capsys, light):
    dark = np.rint(data.astronaut() * light).astype(np.uint8)
    assert main(["run", str(save("night", dark)), "-o", str(tmp_path / "out"), "--preset", "draft"]) == 2
    assert capsys.readouterr().err.startswith("error: night.png: ")


def test_a_nearly_white_photo_is_refused(save, tmp_path, capsys):
    white = np.rint(255 - (255 - data.astronaut()) * 0.01).astype(np.uint8)
    assert main(["run", str(save("snow", white)), "-o", str(tmp_path / "out"), "--preset", "draft"]) == 2
    assert capsys.readouterr().err.startswith("error: snow.png: ")


def test_a_bank_of_another_network_is_refused_in_one_line(tmp_path, capsys):
    from toy_stages import write_toy_bank

    bank = write_toy_bank(tmp_path / "toy.bank")
    assert main(["run", "--example", "-o", str(tmp_path / "out"), "--preset", "draft", "--bank", str(bank)]) == 2
    assert capsys.readouterr().err.startswith("error: the bank holds correlations of 'toy', this descriptor makes ")


def test_every_portrait_of_the_shared_folder_shows_a_face(shared, detector):
    portraits = sorted((shared / "data" / "photos" / "dev").glob("*.jpg"))
    assert len(portraits) >= 29
    missed = [path.name for path in portraits if not detector.detect(load_photo(path))]
    assert not missed


def test_the_models_a_preset_needs_are_installed():
    for name in ("faces", "landmarks", "face_basis", "skin_albedo", "skin", "descriptor", "bank"):
        assert zoo.is_installed(name)
