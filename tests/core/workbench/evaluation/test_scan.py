"""A scanned head as a suite: which way is up, how large it is, and its pictures."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_model_zoo import model_path
from PIL import Image

from facetex_core.errors import ConfigError
from facetex_core.geometry.camera import yaw_degrees
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.structures import Face, Mesh
from facetex_core.workbench.evaluation.identity_error import TIP_OF_NOSE, pupil_distance
from facetex_core.workbench.evaluation.scan import PUPILS, scan_cases, texture_of
from facetex_core.workbench.evaluation.suite_mesh import obj_of

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)


class ColourDetector:
    """Finds eyes that are red and green and a mouth that is blue, where they stand as in a face."""

    def detect(self, photo):
        spots = []
        for channel in range(3):
            others = photo.rgb[..., [other for other in range(3) if other != channel]].max(2)
            rows, columns = np.nonzero((photo.rgb[..., channel] > 0.5) & (others < 0.2))
            if len(rows) < 5:
                return ()
            spots.append(np.array([columns.mean() + 0.5, rows.mean() + 0.5]))
        right, left, mouth = spots
        if abs((left - right)[1]) > 0.3 * (left - right)[0] or mouth[1] < right[1] + 5:
            return ()
        landmarks = np.tile((right + left) / 2, (68, 1))
        landmarks[36:42], landmarks[42:48], landmarks[48:68] = right, left, mouth
        box = np.array([*landmarks.min(0), *landmarks.max(0)], np.float32)
        return (Face(box, landmarks.astype(np.float32), np.zeros((0, 2), np.float32), 0.9),)


@pytest.fixture
def scan(tmp_path):
    """A board with two eyes and a mouth, lying on its back, in millimetres, and its texture."""
    grid = np.linspace(-90, 90, 60)
    x, y = (axis.ravel() for axis in np.meshgrid(grid, grid))
    flat = np.stack([x, y, 0.002 * (8100 - x**2 - y**2) / 90], 1)
    index = np.arange(3600).reshape(60, 60)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]).astype(np.int32)
    uvs = np.stack([(x + 90) / 180, (90 - y) / 180], 1).astype(np.float32)
    lying = flat[:, [0, 2, 1]] * [1, 1, -1]  # the face looks up
    mesh = Mesh(lying.astype(np.float32), triangles, uvs, triangles, {"skin": slice(0, len(triangles))})
    (tmp_path / "board.obj").write_text(obj_of(mesh), "utf-8")
    picture = np.full((180, 180, 3), 160, np.uint8)
    for (column, row), colour in zip(((58, 60), (122, 60), (90, 130)), COLOURS, strict=True):
        picture[row - 6 : row + 6, column - 6 : column + 6] = colour
    Image.fromarray(picture).save(tmp_path / "board.png")
    return tmp_path / "board.obj"


def test_a_scan_that_lies_on_its_back_is_turned_to_the_camera(scan):
    ahead, *turned = scan_cases(scan, ColourDetector())
    assert [round(yaw_degrees(case.truth.camera)) for case in (ahead, *turned)] == [0, 20, -20]
    points = ahead.truth.points
    assert pupil_distance(points) == pytest.approx(PUPILS, rel=0.02)
    right, left, mouth = points[36], points[42], points[48]
    assert left[0] > right[0]
    assert mouth[1] < right[1] - 0.05
    assert abs(left[1] - right[1]) < 0.002
    assert ahead.truth.at_rest
    assert np.isfinite(points[TIP_OF_NOSE]).all()


def test_its_pictures_show_the_texture_without_light(scan):
    case = next(iter(scan_cases(scan, ColourDetector())))
    column, row = case.truth.landmarks[36].astype(int)
    np.testing.assert_allclose(case.photo.rgb[row, column], [1, 0, 0], atol=0.05)


def test_the_texture_is_the_one_that_the_material_names(scan):
    assert texture_of(scan).name == "board.png"
    other = scan.with_name("skin.png")
    other.write_bytes(scan.with_name("board.png").read_bytes())
    scan.with_suffix(".mtl").write_text("newmtl m\nmap_Kd skin.png\n", "utf-8")
    scan.write_text("mtllib board.mtl\n" + scan.read_text("utf-8"), "utf-8")
    assert texture_of(scan).name == "skin.png"


def test_a_scan_without_texture_or_face_is_one_line(scan):
    scan.with_name("board.png").unlink()
    with pytest.raises(ConfigError, match="has no texture"):
        texture_of(scan)
    Image.fromarray(np.full((64, 64, 3), 128, np.uint8)).save(scan.with_name("board.png"))
    with pytest.raises(ConfigError, match="no face was found"):
        next(iter(scan_cases(scan, ColourDetector())))


def test_a_real_scan_is_found_from_all_sides(shared):
    from facetex_cli.eval_run import bench

    from facetex_core.registry import Registry

    observer, _ = bench(Registry(), "landmarks")
    cases = list(scan_cases(shared / "data/scans/jon/jon.obj", observer.detector))
    model = load_morphable_model(model_path("face_basis"))
    for case in cases:
        assert observer.observe(case.photo).face.score > 0.5
        assert case.truth.mesh is not None
        assert replace(case.truth.mesh).vertices.shape[1] == model.mean.shape[1]
