"""Runners of published benchmarks on folders made of known heads, whose error is known."""

import json
from dataclasses import replace

import numpy as np
import pytest
from facetex_model_zoo import model_path
from sampled import ellipsoid
from scipy.spatial.transform import Rotation

from facetex_core import ConfigError
from facetex_core.geometry.camera import orbit_camera
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.structures import Fit
from facetex_core.workbench.evaluation.benchmarks import facescape, now, realy
from facetex_core.workbench.evaluation.benchmarks.benchmark import Item, seven_of
from facetex_core.workbench.evaluation.suite_mesh import obj_of, read_mesh
from facetex_core.workbench.evaluation.synthetic import face_vertices

TURN = Rotation.from_euler("xyz", [10, 25, -5], degrees=True).as_matrix()
WAVE = 0.0005
UNIT = 8.75
"""Millimetres of a unit of REALY's scans."""
EYES = 0.02
"""Metres: the height above which all is REALY's forehead here: its points are those of brows and eyes."""


@pytest.fixture(scope="module")
def fit() -> Fit:
    model = load_morphable_model(model_path("face_basis"))
    identity = np.random.default_rng(0).standard_normal(len(model.identity)).astype(np.float32)
    camera = orbit_camera(model.mean.mean(0), yaw=10.0, distance=0.9, width_seen=0.3, size=(256, 256))
    return Fit(model, identity, np.zeros(len(model.expression), np.float32), camera)


def waved(fit) -> tuple[np.ndarray, np.ndarray]:
    """The head with a wave of half a millimetre along its normals, and how high it is at each vertex."""
    vertices, mesh = fit.vertices, fit.model.mesh
    wave = WAVE * np.sin(vertices[:, 0] * 400) * np.sin(vertices[:, 1] * 400)
    return vertices + wave[:, None] * vertex_normals(vertices, mesh.triangles[mesh.parts["skin"]]), wave


def part_of(mesh, vertices, which):
    """The triangles of these vertices, without the others."""
    numbers = np.full(len(vertices), -1)
    numbers[which] = np.arange(len(which))
    triangles = numbers[mesh.triangles[mesh.parts["skin"]]]
    triangles = triangles[(triangles >= 0).all(1)].astype(np.int32)
    parts = {"skin": slice(0, len(triangles))}
    return replace(
        mesh, vertices=vertices[which].astype(np.float32), triangles=triangles, uv_triangles=0 * triangles, parts=parts
    )


# NoW


def now_folder(folder, fit, vertices):
    """Subject S with one picture; its scan is in millimetres, and elsewhere."""
    face = face_vertices(fit.model)
    scan = part_of(fit.model.mesh, 1000 * vertices @ TURN.T + [30, 20, 10], face)
    seven = 1000 * seven_of(fit, fit.neutral) @ TURN.T + [30, 20, 10]
    for place in ("scans/S", "scans_lmks_onlypp/S", "iphone_pictures/S/selfie"):
        (folder / place).mkdir(parents=True)
    (folder / "scans/S/scan.obj").write_text(obj_of(scan), "utf-8")
    points = [f'<point x="{x}" y="{y}" z="{z}" active="1" name="{number}"/>' for number, (x, y, z) in enumerate(seven)]
    (folder / "scans_lmks_onlypp/S/scan.pp").write_text("\n".join(["<PickedPoints>", *points, "</PickedPoints>"]), "utf-8")
    (folder / "iphone_pictures/S/selfie/a.jpg").touch()
    (folder / "imagepathsvalidation.txt").write_text("S/selfie/a.jpg\n", "utf-8")
    return folder


def test_now_a_head_that_is_the_scan_has_no_error(tmp_path, fit):
    folder = now_folder(tmp_path, fit, fit.neutral)
    (item,) = now.items(folder, None)
    assert (item.name, item.group) == ("S/selfie/a", "selfie")
    found = now.measure(folder, item, fit)["mm"]
    assert 1000 < len(found) < len(face_vertices(fit.model))  # cropped
    assert found.max() < 0.02
    assert now.rows([(item, {"mm": found})])["all"] == pytest.approx((0, 0, 0), abs=0.02)


def test_now_a_known_wave_is_found_as_high_as_it_is(tmp_path, fit):
    vertices, wave = waved(fit)
    found = now.measure(now_folder(tmp_path, fit, vertices), now.items(tmp_path, None)[0], fit)["mm"]
    assert found.mean() == pytest.approx(1000 * np.abs(wave[face_vertices(fit.model)]).mean(), rel=0.08)


def test_now_predictions_lie_as_the_benchmark_reads_them(tmp_path, fit):
    now.write(Item("S/selfie/a", tmp_path), fit, tmp_path)
    mesh = read_mesh(tmp_path / "predicted/S/selfie/a.obj")
    np.testing.assert_allclose(mesh.vertices, fit.neutral, atol=1e-6)
    seven = np.load(tmp_path / "predicted/S/selfie/a.npy")
    assert seven.shape == (7, 3)
    assert seven[0, 0] < seven[1, 0] < seven[2, 0] < seven[3, 0]  # right eye, left eye


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "first picture"), ("S/selfie/b.jpg\n", "first picture"), ("S/selfie/a.jpg\nother.jpg\n", "no SUBJECT/CHALLENGE")],
)
def test_now_a_wrong_list_is_told(tmp_path, fit, text, told):
    folder = now_folder(tmp_path, fit, fit.neutral)
    (folder / "imagepathsvalidation.txt").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=told):
        now.items(folder, None)


def test_now_without_a_scan_nothing_is_measured(tmp_path, fit):
    folder = now_folder(tmp_path, fit, fit.neutral)
    (folder / "scans_lmks_onlypp/S/scan.pp").write_text("<point x='1'/>", "utf-8")
    with pytest.raises(ConfigError, match="7 points were expected"):
        now.measure(folder, now.items(folder, None)[0], fit)
    (folder / "scans/S/scan.obj").unlink()
    assert now.measure(folder, now.items(folder, None)[0], fit) is None


# REALY


def regions_of(model) -> dict[str, np.ndarray]:
    face = face_vertices(model)
    inside = {
        "nose": model.regions["nose"],
        "mouth": model.regions["lips"],
        "forehead": model.mean[:, 1] > EYES,
        "cheek": model.regions["cheeks"],
    }
    return {name: face[values[face] > 0.5] for name, values in inside.items()}


def realy_folder(folder, fit, vertices):
    """Subject 1, in units of its own, turned."""
    model = fit.model
    laid = (1000 / UNIT) * vertices @ TURN.T + [1, 2, 3]
    which, weights = realy.points_85(model)
    points = np.einsum("pk,pki->pi", weights, ((1000 / UNIT) * fit.vertices @ TURN.T + [1, 2, 3])[model.mesh.triangles[which]])
    (folder / "REALY_scan_region/1").mkdir(parents=True)
    (folder / "REALY_HIFI3D_keypoints").mkdir()
    (folder / "REALY_image/cropped").mkdir(parents=True)
    for name, inside in regions_of(model).items():
        (folder / f"REALY_scan_region/1/{name}.obj").write_text(obj_of(part_of(model.mesh, laid, inside)), "utf-8")
    lines = [f"v {x} {y} {z}" for x, y, z in points]
    (folder / "REALY_HIFI3D_keypoints/1.obj").write_text("\n".join(lines), "utf-8")
    (folder / "metrical_scale.txt").write_text(f"{UNIT}\n9\n", "utf-8")
    for name in ("1.jpg", "1_depth.png", "note.jpg"):
        (folder / "REALY_image/cropped" / name).touch()
    return folder


def test_realy_a_head_that_is_the_scan_has_no_error(tmp_path, fit):
    folder = realy_folder(tmp_path, fit, fit.vertices)
    (item,) = realy.items(folder, None)
    assert item.name == "1"
    found = realy.measure(folder, item, fit)
    assert set(found) == {"nose", "mouth", "forehead", "cheek"}
    assert max(value.max() for value in found.values()) < 0.03
    assert realy.rows([(item, found)])["all"][-1] < 0.03


def test_realy_a_known_wave_is_found_about_as_high_as_it_is(tmp_path, fit):
    """Both alignments may move a little of it away, the non-rigid one a little along the skin."""
    vertices, wave = waved(fit)
    folder = realy_folder(tmp_path, fit, vertices)
    found = realy.measure(folder, realy.items(folder, None)[0], fit)
    for region in ("forehead", "cheek"):
        height = 1000 * np.abs(wave[regions_of(fit.model)[region]]).mean()
        assert found[region][0] == pytest.approx(height, rel=0.15), region


def test_realy_the_template_and_its_85_points_are_written_once(tmp_path, fit):
    realy.write(Item("7_1", tmp_path), fit, tmp_path)
    mesh, points = read_mesh(tmp_path / "facetex.obj"), json.loads((tmp_path / "facetex.txt").read_text("utf-8"))
    assert (tmp_path / "predicted/7_1.obj").is_file()
    assert len(points) == 85
    first, second = (mesh.vertices[mesh.triangles[int(row[0])]] for row in (points[70], points[71]))
    both = [
        a * row[1] + b * row[2] + c * (1 - row[1] - row[2])
        for (a, b, c), row in zip((first, second), (points[70], points[71]), strict=True)
    ]
    assert both[0] == pytest.approx(both[1] * [-1, 1, 1], abs=0.002)  # beside the nose, on either side
    np.testing.assert_array_equal(mesh.triangles, fit.model.mesh.triangles)


def test_realy_what_is_wrong_in_the_folder_is_told(tmp_path, fit):
    folder = realy_folder(tmp_path, fit, fit.vertices)
    (item,) = realy.items(folder, None)
    (folder / "metrical_scale.txt").write_text("", "utf-8")
    with pytest.raises(ConfigError, match="no number in line 1"):
        realy.measure(folder, item, fit)
    (folder / "REALY_HIFI3D_keypoints/1.obj").write_text("v 1 2 3\n", "utf-8")
    with pytest.raises(ConfigError, match="85 points were expected"):
        realy.measure(folder, item, fit)
    (folder / "REALY_scan_region/1/nose.obj").unlink()
    (folder / "REALY_HIFI3D_keypoints/1.obj").unlink()
    assert realy.measure(folder, item, fit) is None
    with pytest.raises(ConfigError, match="--images"):
        realy.items(folder / "REALY_scan_region", None)


# FaceScape


def scape_folder(folder, fit, nearer=0.0):
    """Picture 0, whose truth is the fit itself, nearer by so many units of depth."""
    vertices = facescape.in_picture(fit)
    (folder / "data/wild_gt_mesh").mkdir(parents=True)
    (folder / "data/wild_images").mkdir()
    (folder / "code/predef").mkdir(parents=True)
    moved = (vertices + np.array([0, 0, nearer])).astype(np.float32)
    (folder / "data/wild_gt_mesh/000.obj").write_text(obj_of(replace(fit.model.mesh, vertices=moved)), "utf-8")
    (folder / "data/wild_images/000.jpg").touch()
    predef = {"pupil_scales": np.array([150.0]), "head_centers": moved.mean(0)[None], "rotations": np.eye(3)[None]}
    for name, values in predef.items():
        np.save(folder / f"code/predef/wild_{name}.npy", values)
    return folder


@pytest.mark.parametrize("nearer", [0.0, 0.4])
def test_facescape_a_head_that_is_the_truth_has_no_error_at_any_depth(tmp_path, fit, nearer):
    folder = scape_folder(tmp_path, fit, nearer)
    (item,) = facescape.items(folder, None)
    assert (item.name, item.group) == ("000", "0 to 5 degrees")
    chamfer, normal, covered = facescape.rows([(item, facescape.measure(folder, item, fit))])["all"]
    assert chamfer < 0.05
    assert normal < 0.01
    assert covered == pytest.approx(100, abs=0.2)


def sphere(radius, keep=lambda places: places[:, 1] > -np.inf):
    vertices, triangles, _, _ = ellipsoid(np.full(3, radius), np.zeros(3), 120, 180)
    return vertices, triangles[keep(vertices[triangles].mean(1))].astype(np.int32)


def test_facescape_a_sphere_about_another_is_as_far_away_as_it_is_larger():
    found = facescape.compared(facescape.on_cylinder(*sphere(100.0)), facescape.on_cylinder(*sphere(102.0)))
    assert found["chamfer"][0] == pytest.approx(2.0, rel=0.05)
    assert found["covered"][0] == 1.0


def test_facescape_half_a_sphere_covers_half():
    half = sphere(100.0, lambda places: places[:, 1] > 0)
    found = facescape.compared(facescape.on_cylinder(*sphere(100.0)), facescape.on_cylinder(*half))
    assert found["covered"][0] == pytest.approx(0.5, abs=0.02)
    assert found["normal"][0] < 1e-3
    empty = facescape.on_cylinder(np.array([[500.0, 0, 0], [501, 0, 0], [500, 1, 0]]), np.array([[0, 1, 2]], np.int32))
    nothing = facescape.compared(facescape.on_cylinder(*half), replace(empty, radius=0 * empty.radius))
    assert np.isnan(nothing["chamfer"][0])
    assert nothing["covered"][0] == 0


def test_facescape_angles_between_normals_are_compressed():
    ahead, up = np.array([[0.0, 0, 1]]), np.array([[0.0, 1, 0]])
    assert facescape.compressed_angle(ahead, up)[0] == pytest.approx(np.arccos(5 / 6))  # and not a right angle


def test_facescape_what_is_missing_is_told(tmp_path, fit):
    folder = scape_folder(tmp_path, fit)
    (item,) = facescape.items(folder, None)
    (folder / "code/predef/wild_rotations.npy").unlink()
    with pytest.raises(ConfigError, match=r"wild_rotations.npy: cannot be used for picture 000"):
        facescape.measure(folder, item, fit)
    (folder / "data/wild_gt_mesh/000.obj").unlink()
    assert facescape.measure(folder, item, fit) is None
    with pytest.raises(ConfigError, match="--images"):
        facescape.items(tmp_path / "code", None)


def test_facescape_a_prediction_lies_where_the_photo_shows_it(tmp_path, fit):
    facescape.write(Item("000", tmp_path), fit, tmp_path)
    mesh = read_mesh(tmp_path / "predicted/000.obj")
    np.testing.assert_allclose(mesh.vertices, facescape.in_picture(fit), atol=1e-5)
    assert np.abs(mesh.vertices[:, :2]).max() < 1.3
    assert mesh.vertices[fit.model.regions["nose"] > 0.5, 2].min() > mesh.vertices[:, 2].mean()  # the nose is ahead
