"""The making of the face basis: its geometry on small made-up meshes, the whole on the data."""

import cv2
import numpy as np
import pytest
from facetex_model_zoo import model_path
from numpy.testing import assert_allclose, assert_array_equal
from training.face_basis import checks
from training.face_basis.eval import report
from training.face_basis.expressions import arkit_name, gaze_turn, sparse
from training.face_basis.flips import well_shaped, worst_angle
from training.face_basis.hairline import hairline
from training.face_basis.inside import fit_sphere, ring_triangles
from training.face_basis.interior import halves, interior
from training.face_basis.landmarks import similarity
from training.face_basis.lashes import lids
from training.face_basis.layout import balance
from training.face_basis.make import FILE, UNREGISTERED, Settings, make, read_arrays
from training.face_basis.modes import principal_modes
from training.face_basis.new_parts import joined_to, mixtures, without
from training.face_basis.pictures import render
from training.face_basis.regions import distance_inside
from training.face_basis.register import register
from training.face_basis.source import border_chains, read_source, signed_areas, vertex_normals
from training.face_basis.surface import closest, hit_distances
from training.face_basis.topology import Carried, inside, respaced, ride, triangulate
from training.face_basis.unfold import unfold
from trainings import shipped_settings, short_run

SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float64)
"""In UV, v down."""
SMALL = Settings(people=2, rounds=1, new_heads=2)


def grid(count):
    """A flat square of count x count vertices, z up, counter-clockwise."""
    y, x = np.mgrid[:count, :count] / (count - 1.0)
    points = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], 1)
    here = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    right, above = here + 1, here + count
    return points, np.concatenate([np.stack([here, right, above + 1], 1), np.stack([here, above + 1, above], 1)])


@pytest.fixture(scope="module")
def shipped():
    return read_arrays(model_path("face_basis"))


def test_the_closest_point_is_inside_on_an_edge_or_at_a_corner():
    vertices = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (9, 9, 0)], np.float64)
    triangles = np.array([(0, 1, 2), (1, 2, 3)])
    points = np.array([(0.2, 0.2, 3), (0.5, -1, 0), (-1, -1, 0)], np.float64)
    chosen, weights = closest(points, vertices, triangles)
    assert chosen.tolist() == [0, 0, 0]
    np.testing.assert_allclose(weights, [(0.6, 0.2, 0.2), (0.5, 0.5, 0), (1, 0, 0)], atol=1e-12)


def test_rays_meet_the_first_triangle_or_nothing():
    near = np.array([(-1, -1, 1), (1, -1, 1), (0, 1, 1)], np.float64)
    corners = np.stack([near + np.array([0, 0, 1]), near])
    ways = np.array([(0, 0, 1), (0, 0, -1)], np.float64)
    assert hit_distances(np.zeros((2, 3)), ways, corners).tolist() == [1, np.inf]


def test_a_border_is_one_loop_in_the_triangles_direction():
    points, triangles = grid(4)
    (loop,) = border_chains(triangles)
    assert len(loop) == 12
    around = points[loop][:, :2]
    assert (around[:, 0] * np.roll(around[:, 1], -1) - np.roll(around[:, 0], -1) * around[:, 1]).sum() > 0


def test_an_edge_is_flipped_to_better_shapes_unless_it_is_locked():
    places = np.array([(0, 0.5), (0.5, 0.4), (1, 0.5), (0.5, 0.6)])
    points, normals = np.c_[places * [1, -1], np.zeros(4)], np.tile([0.0, 0, 1], (4, 1))
    long = np.array([(0, 2, 1), (0, 3, 2)])
    flipped = well_shaped(long, places, points, normals, set())
    assert worst_angle(points, flipped).min() > worst_angle(points, long).min()
    np.testing.assert_array_equal(well_shaped(long, places, points, normals, {frozenset((0, 2))}), long)


def test_triangles_are_kept_inside_the_border_and_outside_of_holes():
    hole = 0.5 + 0.2 * (SQUARE - 0.5)
    places = np.r_[SQUARE, hole]
    triangles = triangulate(places, SQUARE, [hole])
    areas = signed_areas(places, triangles)
    assert (areas > 0).all()
    assert areas.sum() == pytest.approx(1 - 0.04)


def test_springs_come_near_to_the_areas_that_are_wanted():
    points, triangles = grid(9)
    places = points[:, :2] * [1, -1] + [0, 1]
    border = (places == 0).any(1) | (places == 1).any(1)
    wanted = np.where(points[triangles].mean(1)[:, 0] < 0.5, 3.0, 1.0)
    laid = balance(points, triangles, places, np.repeat(border[:, None], 2, 1), wanted)
    areas = signed_areas(laid, triangles)
    assert (areas > 0).all()
    assert areas[wanted > 1].sum() > 1.3 * areas[wanted == 1].sum()


def test_points_in_a_polygon():
    points = np.array([(0.5, 0.9), (0.5, 1.2)])
    assert inside(SQUARE, points).tolist() == [True, False]
    np.testing.assert_allclose(distance_inside(SQUARE, points), [0.1, -0.2])


def test_a_chain_is_respaced_between_its_ends_and_rides_on_its_vertices():
    points = np.c_[np.linspace(0, 1, 5), np.zeros((5, 2))]
    positions = respaced(points, np.full(5, 0.1))
    assert len(positions) == 11
    assert (positions[0], positions[-1]) == (0, 4)
    np.testing.assert_allclose(ride([0, 1, 2, 3, 4], positions).of(points)[:, 0], np.linspace(0, 1, 11), atol=1e-12)


def test_carried_points_are_mirrored_with_the_source():
    carried = Carried(np.array([(0, 1, 1)]), np.array([(0.25, 0.75, 0)]))
    field = np.array([(-1.0, 0, 0), (-3, 0, 0), (1, 0, 0), (3, 0, 0)])
    np.testing.assert_allclose(carried.mirrored(np.array([2, 3, 0, 1])).of(field), [(2.5, 0, 0)])


def test_a_sphere_is_found():
    rays = np.random.default_rng(0).standard_normal((50, 3))
    centre, radius = fit_sphere([1, 2, 3] + 0.5 * rays / np.linalg.norm(rays, axis=1, keepdims=True))
    np.testing.assert_allclose([*centre, radius], [1, 2, 3, 0.5])
    assert [len(loop) for loop in border_chains(ring_triangles())] == [32]


def test_a_similarity_is_found():
    rng = np.random.default_rng(0)
    points, (q, _) = rng.standard_normal((9, 3)), np.linalg.qr(rng.standard_normal((3, 3)))
    turn = 2 * q * np.sign(np.linalg.det(q))
    rotation, scale, shift = similarity(points, points @ turn.T + [1, 2, 3])
    np.testing.assert_allclose(scale * rotation, turn)
    np.testing.assert_allclose(shift, [1, 2, 3])


def test_modes_keep_the_variance_of_the_fields():
    fields = np.random.default_rng(0).standard_normal((5, 7, 3))
    modes = principal_modes(fields, np.ones(7))
    flat, kept = fields.reshape(5, -1), modes.reshape(5, -1)
    np.testing.assert_allclose(kept.T @ kept, flat.T @ flat, atol=1e-10)
    assert (np.diff(np.linalg.norm(kept, axis=1)) < 0).all()


def test_expressions_have_arkits_names():
    names = ("jawOpen", "mouthSmile_L", "browInnerUp_R", "cheekRaiser_L")
    assert [arkit_name(name) for name in names] == ["jawOpen", "mouthSmileLeft", "browInnerUp", None]
    assert gaze_turn("jawOpen", "left") is gaze_turn("eyeLookUpRight", "left") is None
    assert gaze_turn("eyeLookOutLeft", "left").apply([0, 0, 1])[0] > 0.4
    assert sparse(np.array([[(1e-5, 0, 0), (1, 0, 0)]])).tolist() == [[[0, 0, 0], [1, 0, 0]]]


def test_a_picture_shows_the_front_lit_and_the_back_red():
    points, triangles = grid(3)
    arrays = {"triangles": triangles.astype(np.int32), "part_names": np.array(["skin"]), "part_ranges": np.array([(0, 8)])}
    front, back = (render(points - 0.5, arrays, yaw=yaw, width=2, centre=(0, 0), size=32) for yaw in (0, 180))
    assert front[16, 16, 0] > 100
    assert (back[16, 16, 2] > 100, back[16, 16, 0]) == (True, 0)
    np.testing.assert_array_equal(front[0, 0], back[0, 0])
    np.testing.assert_allclose(vertex_normals(points, triangles), np.tile([0, 0, 1], (9, 1)))


def test_the_file_that_ships_is_symmetric_closed_and_not_folded(shipped):
    assert "mm, triangles map onto triangles: True, permutation own inverse: True" in checks.symmetry_line(shipped)
    assert checks.vertex_line(shipped) == "unused vertices 0, skin vertices that share a place 0"
    assert list(checks.part_lines(shipped))[-1] == "skin with mouth: borders [40, 40, 96] (neck, lids)"
    assert (checks.uv_areas(shipped) > 0).all()
    assert checks.layout_line(shipped).startswith("UV share (mm per texel): face 0.319 (0.34)")


def places_of_triangles(arrays):
    """Corners and their UV, whichever corner a triangle begins with: their order follows the version of Qhull."""
    turn = (np.arange(3) + arrays["triangles"].argmin(1)[:, None]) % 3
    corners, uv_corners = (np.take_along_axis(arrays[name], turn, axis=1) for name in ("triangles", "uv_triangles"))
    order = np.lexsort(corners.T)
    return corners[order], arrays["uvs"][uv_corners[order]]


def test_the_data_give_the_file_that_ships(shared, shipped, tmp_path, capsys):
    run = short_run("face_basis", SMALL, tmp_path)
    make(run)
    made = read_arrays(run.work / UNREGISTERED)
    register(run)
    registered_arrays = read_arrays(run.work / FILE)
    assert_array_equal(registered_arrays["mean"], made["mean"])
    assert not np.array_equal(registered_arrays["dense_barycentric"], made["dense_barycentric"])
    interior(run)
    lids(run)
    hairline(run)
    whole = read_arrays(run.work / FILE)
    moved = {name for name in made if name.startswith(("landmark", "dense", "uv"))}
    for name in whole.keys() - moved - {"triangles", "identity", "face_box"}:
        assert_array_equal(whole[name], shipped[name], name)
    assert_allclose(whole["identity"].astype(np.float32), shipped["identity"].astype(np.float32), atol=4e-6)
    unfold(run)
    made, there = (places_of_triangles(arrays) for arrays in (read_arrays(run.work / FILE), shipped))
    assert_array_equal(made[0], there[0])
    assert_allclose(made[1], there[1], atol=1e-3)  # a texel: rounding adds up in a descent
    assert "round 1: inner face" in capsys.readouterr().out


def test_the_report_measures_the_file_that_ships(shared, tmp_path, capsys):
    run = short_run("face_basis", SMALL, tmp_path)
    report(run)
    words = capsys.readouterr().out
    assert words.startswith("face_basis.npz: the one that ships\n")
    assert "identities (2 new, 80 modes): skin vertices mean 0.2" in words
    assert "expressions (51), mm on the vertices that move: mean 0.108; mouthClose 0.698, jawForward 0.226" in words
    pictures = {path.stem for path in (run.work / "pictures").glob("*.png")}
    assert pictures == {
        "views", "expressions", "close", "gaze", "people", "landmarks", "landmarks_close", "layout", "density",
    }  # fmt: skip


def test_the_settings_are_read():
    assert shipped_settings("face_basis", Settings).rounds == 3


def test_parts_are_taken_out_and_put_in_without_moving_the_others(shipped):
    bare = without(shipped, ("teeth", "gums", "lashes"))
    skin = shipped["part_ranges"][0, 1]
    assert_array_equal(bare["triangles"][:skin], shipped["triangles"][:skin])
    used = np.unique(bare["triangles"])
    assert_array_equal(used, np.arange(len(bare["mean"])))
    assert_array_equal(bare["mirror"][bare["mirror"]], used)
    with pytest.raises(AssertionError):
        without(shipped, ("left_eye",))


def test_crowns_move_with_the_people_and_the_jaw_of_the_basis(shared, shipped):
    source = read_source()
    bare = without(shipped, ("teeth", "gums", "lashes"))
    mixed = mixtures(bare, source)
    assert_allclose(mixed @ mixed.T, np.eye(len(mixed)), atol=1e-3)  # modes of independent standard normals
    made = joined_to(bare, source, {"teeth": halves(source)["teeth"]}, np.zeros(3))
    teeth = np.unique(made["triangles"][slice(*made["part_ranges"][-1])])
    assert_array_equal(made["mean"][: len(bare["mean"])], bare["mean"])
    assert_allclose(made["mean"][made["mirror"][teeth]], made["mean"][teeth] * [-1, 1, 1], atol=1e-7)
    jaw = made["expression"][made["expression_names"].tolist().index("jawOpen"), teeth, 1]
    assert (jaw == 0).mean() == pytest.approx(0.5, abs=0.1)
    assert jaw.min() < -0.02


def test_what_lies_behind_the_lips_has_islands_of_its_own(shipped):
    size = 1024
    names = shipped["part_names"].tolist()
    assert names == ["skin", "left_eye", "right_eye", "mouth", "teeth", "gums", "lashes"]
    boxes = {}
    for name, (start, stop) in zip(names, shipped["part_ranges"], strict=True):
        mask = np.zeros((size, size), np.uint8)
        corners = np.round(shipped["uvs"][shipped["uv_triangles"][start:stop]] * size * 16).astype(np.int32)
        for triangle in corners:
            cv2.fillConvexPoly(mask, triangle, 1, shift=4)
        boxes[name] = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    assert np.sum(list(boxes.values()), axis=0).max() == 1
    assert (signed_areas(shipped["uvs"].astype(np.float64), shipped["uv_triangles"]) > 0).all()
