"""The map of the skin: its bounds in the file that ships, the steps by which it is made, what is carried over to it."""

from dataclasses import replace

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from facetex_model_zoo import model_path
from numpy.testing import assert_allclose, assert_array_equal
from training.common.data import FILES
from training.common.steps import Run
from training.face_basis import packing
from training.face_basis.carry import Move, carried_bank, carry, carry_delighter
from training.face_basis.checks import in_region, layout_line, stretches, texel_sizes, uv_areas
from training.face_basis.descent import descend, springs
from training.face_basis.half import HalfSkin, cut, left_half, mirrored_rows, put_back, way_through
from training.face_basis.make import FILE, Settings, read_arrays
from training.face_basis.packing import drawn, islands, packed, room
from training.face_basis.source import signed_areas, triangle_areas
from training.face_basis.stretch import Stretch, gradients, ratios, share_below
from training.face_basis.unfold import barrier, closed, stretch_of

from facetex_core.descriptors.bank_file import load_bank
from facetex_core.geometry.model_file import assemble

SETTINGS = Settings(people=2, rounds=1, new_heads=2)
DENSITY_BEFORE = 0.3445
"""Millimetres per texel of the face at 1024 in the layout before this one."""


@pytest.fixture(scope="module")
def shipped():
    return read_arrays(model_path("face_basis"))


@pytest.fixture(scope="module")
def model(shipped):
    return assemble(shipped, "basis")


def dome(count):
    """Half of a ball over a disc of count x count vertices, and its triangles."""
    y, x = np.mgrid[:count, :count] / (count - 1.0) - 0.5
    square = np.stack([x.ravel(), y.ravel()], 1)
    points = np.c_[square, 1.5 * np.cos(np.pi * square).prod(1)]
    here = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    right, above = here + 1, here + count
    return (
        points,
        square * [1, -1],
        np.concatenate([np.stack([here, right, above + 1], 1), np.stack([here, above + 1, above], 1)]),
    )


def energy_of(points, triangles):
    areas, ones = triangle_areas(points, triangles), np.ones(len(triangles))
    return Stretch(triangles, gradients(points[triangles]), areas / areas.sum(), ones, 0.1 * ones, ones)


@pytest.mark.parametrize(("region", "bound"), [("face", 2.0), ("neck", 2.5), ("scalp", 2.5), ("ears", 2.5)])
def test_nine_tenths_of_the_skin_are_stretched_by_less(shipped, region, bound):
    middle, most = stretches(shipped, region)
    assert 1 < middle < most < bound


def test_the_face_has_as_many_texels_as_before(shipped):
    face = in_region(shipped, 0)
    areas = triangle_areas(shipped["mean"].astype(np.float64), shipped["triangles"])[face]
    assert np.sqrt(areas.sum() / uv_areas(shipped)[face].sum()) * 1000 / 1024 < DENSITY_BEFORE
    assert share_below(texel_sizes(shipped)[face], areas, 0.9) < 0.4  # 0.45 before
    assert layout_line(shipped).startswith("UV share (mm per texel): face 0.319 (0.34)")


def masks_of(arrays):
    """Texels of the skin, then of each island beside it."""
    skin = arrays["part_ranges"][0, 1]
    others = islands(arrays["uvs"], arrays["uv_triangles"][skin:])
    return [drawn(arrays["uvs"], each) for each in (arrays["uv_triangles"][:skin], *others)]


def test_no_texel_belongs_to_two_triangles_of_the_skin(shipped):
    counts, skin = np.zeros((1024, 1024), np.int16), shipped["part_ranges"][0, 1]
    for corners in shipped["uvs"][shipped["uv_triangles"][:skin]].astype(np.float64) * 1024:
        (left, top), (right, bottom) = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
        places = np.stack(np.meshgrid(np.arange(left, right), np.arange(top, bottom)), -1) + 0.5
        e, f = np.roll(corners, -1, 0) - corners, places[:, :, None] - corners
        counts[top:bottom, left:right] += (e[:, 0] * f[..., 1] - e[:, 1] * f[..., 0] < 0).all(-1)
    assert counts.max() == 1
    assert uv_areas(shipped)[:skin].min() > 0
    assert counts.mean() == pytest.approx(uv_areas(shipped)[:skin].sum(), abs=1e-3)


def test_islands_keep_apart_and_are_no_slivers(shipped):
    masks = masks_of(shipped)
    assert np.sum(masks, axis=0).max() == 1
    others = np.max(masks[1:], axis=0)
    assert cv2.distanceTransform(1 - masks[0], cv2.DIST_L2, 5)[others > 0].min() >= packing.APART - 0.5
    border = np.ones((1024, 1024), np.uint8)
    border[packing.APART - 1 : 1 - packing.APART, packing.APART - 1 : 1 - packing.APART] = 0
    assert not (border * np.max(masks, axis=0)).any()
    for mask in masks:
        assert cv2.distanceTransform(mask, cv2.DIST_L2, 5).max() > 4


def test_both_halves_are_mirror_images_to_the_bit(shipped):
    half = left_half(shipped)
    rows, order = mirrored_rows(shipped, half.rows)
    there = np.take_along_axis(shipped["uv_triangles"][half.rows], order, axis=1)
    assert_array_equal(shipped["uvs"][shipped["uv_triangles"][rows]][..., 0], 1 - shipped["uvs"][there][..., 0])
    assert_array_equal(shipped["uvs"][shipped["uv_triangles"][rows]][..., 1], shipped["uvs"][there][..., 1])
    assert len(half.rows) + len(rows) == shipped["part_ranges"][0, 1]


def test_there_is_room_for_new_parts(shipped):
    assert room(shipped) > 0.03


def test_ratios_of_a_map_that_is_known():
    flat = np.array([[(0, 0, 0), (1, 0, 0), (0, 1, 0)]], np.float64)
    assert_allclose(ratios(flat, flat[..., :2] * [3, -2]), [1.5])
    assert share_below(np.array([3.0, 1, 2]), np.array([1.0, 8, 1]), 0.9) == 2


def test_the_gradients_are_those_of_the_values():
    points, flat, triangles = dome(4)
    energy, rng = energy_of(points, triangles), np.random.default_rng(0)
    energy.power = 3
    way = rng.standard_normal(flat.shape)
    steps = [energy(flat + step * way)[0] for step in (1e-6, -1e-6)]
    assert (steps[0] - steps[1]) / 2e-6 == pytest.approx((energy(flat)[1] * way).sum(), rel=1e-5)
    assert energy(flat * [-1, 1])[0] == np.inf
    near = np.array([(0.99, 0.5), (0.9, 0.5), (0.8, 0.8)])
    pushed = [barrier(near + step)[0] for step in (1e-7, -1e-7)]
    assert (pushed[0] - pushed[1]) / 2e-7 == pytest.approx(barrier(near)[1].sum(), rel=1e-4)
    assert barrier(near + 0.1)[0] == np.inf


def test_descent_takes_the_stretch_out_of_a_dome():
    points, flat, triangles = dome(12)
    energy, free = energy_of(points, triangles), np.ones(flat.shape, bool)

    def flattened(unknowns):
        value, slope = energy(unknowns.reshape(2, -1).T)
        return value, slope.T.ravel()

    found = descend(flattened, flat.T.ravel(), springs(triangles, energy.stiffness(flat), free), 200).reshape(2, -1).T
    before, after = (ratios(points[triangles], places[triangles]) for places in (flat, found))
    assert before.max() > 3
    assert after.max() < 2
    assert (signed_areas(found, triangles) > 0).all()


def half_of_a_sheet():
    points, flat, triangles = dome(5)
    places = flat * 0.4 + 0.75
    return points, HalfSkin(np.arange(32), triangles, np.arange(25), np.arange(25), places, np.zeros(25, bool))


def test_a_cut_doubles_what_lies_on_it_but_for_its_end():
    points, half = half_of_a_sheet()
    way = way_through(points, half.corners, points[[10, 12]])
    assert way == [10, 11, 12]
    opened = cut(half, way)
    assert opened.vertices[25:].tolist() in ([10, 11], [11, 10])
    assert opened.numbers[25:].tolist() == [-1, -1]
    assert_array_equal(opened.vertices[opened.corners], half.corners)
    assert_array_equal(opened.places[opened.corners], half.places[half.corners])
    assert len(cut(opened, way).places) == len(opened.places)  # the same cut again opens nothing


def test_a_half_is_put_back_as_it_was(shipped):
    half = left_half(shipped)
    back = put_back(shipped, half, half.places)
    assert_array_equal(back["uvs"], shipped["uvs"])
    assert_array_equal(back["uv_triangles"], shipped["uv_triangles"])


def test_the_layout_that_ships_is_one_that_the_energy_wants(shipped):
    half, fans = closed(left_half(shipped))
    energy = stretch_of(shipped, half, fans)
    energy.power = 6
    rng = np.random.default_rng(0)
    here = energy(half.places)[0]
    face = np.flatnonzero(np.isin(half.vertices, np.flatnonzero(shipped["regions"][0] == 255)))
    for _ in range(3):
        moved = half.places.copy()
        moved[rng.choice(face, 300)] += 2e-4 * rng.standard_normal((300, 2))
        assert energy(moved)[0] > here


def test_an_island_on_the_skin_is_moved_and_its_image_with_it(shipped):
    arrays = shipped | {"uvs": shipped["uvs"].copy()}
    rows = slice(*shipped["part_ranges"][shipped["part_names"].tolist().index("mouth")])
    own = np.unique(shipped["uv_triangles"][rows])
    left = shipped["uvs"][own, 0] > 0.5
    arrays["uvs"][own, 1] -= np.float32(300 / 1024)  # onto the cheeks
    found = packed(arrays)
    others = np.setdiff1d(np.arange(len(shipped["uvs"])), own)
    assert_array_equal(found["uvs"][others], shipped["uvs"][others])
    moves = [found["uvs"][own][side] - arrays["uvs"][own][side] for side in (left, ~left)]
    assert_allclose(moves[0].mean(0), moves[1].mean(0) * [-1, 1], atol=1e-7)
    assert np.sum(masks_of(found), axis=0).max() == 1


def test_a_map_without_room_is_refused(shipped):
    crowded = shipped | {"uvs": shipped["uvs"].copy()}
    eye = np.unique(shipped["uv_triangles"][slice(*shipped["part_ranges"][1])])
    crowded["uvs"][eye] = (crowded["uvs"][eye] - crowded["uvs"][eye].mean(0)) * 3.5 + 0.72
    with pytest.raises(packing.click.ClickException, match="no room for an island"):
        packed(crowded)


def moved_map(arrays):
    """The same skin in a map that is squeezed downwards."""
    uvs = arrays["uvs"] * np.float32([1, 0.8]) + np.float32([0, 0.15])
    left, top, right, _ = arrays["face_box"]
    return arrays | {
        "uvs": uvs,
        "face_box": np.array([left, top * 0.8 + 0.15, right, top * 0.8 + 0.15 + right - left], np.float32),
    }


def test_a_picture_goes_where_its_skin_goes(shipped, model):
    other = assemble(moved_map(shipped), "moved")
    slope = np.linspace(0, 1, 256, dtype=np.float32)
    picture = np.dstack([*np.meshgrid(slope, slope), np.zeros((256, 256), np.float32)])
    move = Move(model, other)
    found, (where, inside) = move.picture(picture), move.origins(256)
    assert_allclose(found[inside][:, :2], (where[inside] * 256 - 0.5) / 255, atol=2e-3)
    rows = np.flatnonzero(inside.any(1))
    assert rows.min() == pytest.approx(256 * 0.155, abs=3)
    there = move.back.picture(found)
    face = Move(model, model).origins(256)[1]
    assert np.abs(there - picture)[face].mean() < 2e-3


def test_a_bank_in_its_own_map_stays_as_it_is(model):
    bank = load_bank(FILES / "default.bank")
    same = carried_bank(bank, Move(model, model))
    counts = Move(model, model).cells(bank)
    assert np.trace(counts) > 0.97 * counts.sum()
    layer = "conv2_1"
    full = bank.support[layer].max(0) > 0.3 * bank.support[layer].max()
    means = [
        (b.cells[layer] * b.support[layer][..., None])[:, full].sum(1) / b.support[layer][:, full].sum(1)[:, None]
        for b in (bank, same)
    ]
    assert np.linalg.norm(means[1] - means[0]) < 0.03 * np.linalg.norm(means[0])
    with pytest.raises(packing.click.ClickException, match="built anew"):
        carried_bank(replace(bank, textures=np.zeros((1, 2, 2, 4), np.uint8)), Move(model, model))


def test_a_delighter_that_is_carried_finds_the_same_on_the_same_skin(model, shipped, tmp_path):
    other = assemble(moved_map(shipped), "moved")
    carry_delighter(FILES / "delighter.onnx", Move(model, other), tmp_path / "delighter.onnx")
    rng = np.random.default_rng(0)
    maps = np.stack([cv2.GaussianBlur(rng.standard_normal((128, 128)).astype(np.float32), (0, 0), 12) for _ in range(24)])
    shading = np.stack([cv2.GaussianBlur(plane, (0, 0), 6) for plane in maps[:3]])
    where = Move(model, other).in_box(128) * 128 - 0.5

    def warped(planes):
        return np.stack([cv2.remap(plane, where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for plane in planes])

    def found(path, *planes):
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return session.run(None, {"maps": planes[0][None], "shading": planes[1][None]})[0][0]

    before = warped(found(FILES / "delighter.onnx", maps, shading))
    after = found(tmp_path / "delighter.onnx", warped(maps), warped(shading))
    middle = slice(32, 96)
    assert np.abs(after - before)[:, middle, middle].mean() < 0.1 * np.abs(before)[:, middle, middle].mean()
    properties = {each.key: each.value for each in onnx.load(tmp_path / "delighter.onnx").metadata_props}
    assert properties["layout"] != onnx.load(FILES / "delighter.onnx").metadata_props[0].value


def test_nothing_is_carried_to_the_map_that_ships(shipped, tmp_path, capsys):
    run = Run(SETTINGS, tmp_path, "face_basis")
    np.savez(run.work / FILE, **shipped)
    carry(run)
    assert "nothing is to be carried" in capsys.readouterr().out
    assert not (tmp_path / "bank").exists()
