"""What the heads of the world wear: parts, skins, panoramas, glasses, each made up here."""

import numpy as np
import pytest
from training.common.portraits import basis
from training.world.assets import complete, mended, unevenness
from training.world.glasses import tube
from training.world.makehuman import read_obj, refit, similarity
from training.world.pieces import bound, mirrored, read_pieces, write_piece


def test_a_part_is_refitted_by_its_file(tmp_path):
    base = np.float32([[0, 0, 0], [2, 0, 0], [0, 4, 0], [0, 0, 1]])
    (tmp_path / "hat.mhclo").write_text(
        "x_scale 0 1 1.0\ny_scale 0 2 4.0\nz_scale 0 3 1.0\nverts 0\nmaterial hat.mhmat\n3\n0 1 2 0.5 0.5 0.0 0.1 0.1 0.1\n"
    )
    np.testing.assert_allclose(refit(tmp_path / "hat.mhclo", base), [[0, 0, 1], [1.2, 0.1, 0.1]], atol=1e-6)
    (tmp_path / "hat.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 1\ng rim\nf 1/1 2/1 3/2 4/2\n")
    mesh = read_obj(tmp_path / "hat.obj")
    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.groups == ["rim", "rim"]
    np.testing.assert_allclose(mesh.uvs, [[0, 1], [1, 0]])


def test_a_similarity_is_recovered():
    rng = np.random.default_rng(0)
    points, turn = rng.normal(size=(20, 3)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    moved = 0.1 * points @ turn.T + [1, 2, 3]
    np.testing.assert_allclose(similarity(points, moved)(points), moved, atol=1e-9)


def test_a_piece_moves_with_the_head_and_is_kept(tmp_path):
    head = basis(with_colour=True)
    places = head.mean[:60] + np.float32([0, 0, 0.01])
    piece = bound(
        "hair", places, np.int32([[0, 1, 2]]), np.zeros((1, 3, 2), np.float32), np.full((4, 4, 4), 200, np.uint8), head
    )
    shift = np.broadcast_to(np.float64([0.01, 0.02, 0]), head.mean.shape)
    np.testing.assert_allclose(piece.on(shift), places + np.array([0.01, 0.02, 0]), atol=1e-6)
    write_piece(piece, tmp_path / "hair-some.npz")
    (read,) = read_pieces(tmp_path, "hair")
    np.testing.assert_array_equal(read.near, piece.near)
    np.testing.assert_allclose(mirrored(piece, head).vertices, places * [-1, 1, 1])


def test_a_skin_is_carried_on_and_uneven_light_is_found():
    known = np.zeros((512, 512), np.float32)
    known[100:400, 100:412] = 1
    rgb = np.full((512, 512, 3), 0.3, np.float32)
    whole = complete(rgb, known, basis(with_colour=True))
    assert whole.shape == (512, 512, 3)
    np.testing.assert_allclose(whole[200, 200], whole[300, 300], atol=1)
    assert unevenness(rgb, known) < 1e-3
    rgb[:, 256:] *= 0.5
    assert unevenness(rgb, known) > 0.3


def test_a_sun_that_ran_over_is_white_again():
    panorama = np.ones((4, 8, 3), np.float32)
    panorama[1, 2] = 0, 0, 9000
    np.testing.assert_allclose(mended(panorama)[1, 2], 9000)
    np.testing.assert_allclose(mended(panorama)[0], 1)


def test_a_tube_is_closed_and_turned_outwards():
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    vertices, triangles = tube(np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1), 0.1, closed=True)
    a, b, c = (vertices[triangles[:, k]].astype(np.float64) for k in range(3))
    volume = abs(np.einsum("ti,ti->t", a, np.cross(b, c)).sum() / 6)
    assert volume == pytest.approx(2 * np.pi * np.pi * 0.01, rel=0.25)  # of a torus; six sides
