"""FineNet as a detailer: from the network's change of depth to metres over the UV map. The network is made up here."""

from dataclasses import replace

import numpy as np
import pytest
from facetex_plugins.detail import finenet as detailer
from facetex_plugins.detail.finenet import BROADEST_RELIEF, FineNetDetailer, faded, height, network_picture
from facetex_plugins.detail.shading import ShadingDetailer
from training.finenet.surfaces import normals

from facetex_core import PhotoError
from facetex_core.geometry.geometry_images import GeometryImages
from facetex_core.structures import Camera
from facetex_core.testing.samples import portrait_view

SIDE = 200


class Bumps:
    """A network that raises vertical stripes by a pixel."""

    def __init__(self, high=1.0):
        self.high, self.seen = high, None

    def run(self, _, given):
        self.seen = given["picture"]
        columns = self.seen.shape[-1]
        wave = np.sin(2 * np.pi * np.arange(columns) / (columns / 12))
        return [np.broadcast_to(self.high * wave, (1, *self.seen.shape[-2:])).astype(np.float32)]


@pytest.fixture
def made(monkeypatch):
    def with_network(network):
        monkeypatch.setattr(FineNetDetailer, "_session", network)
        return FineNetDetailer()

    return with_network


def relief(one) -> np.ndarray:
    view = portrait_view()
    return one.add_detail((view,), view.albedo).displacement - ShadingDetailer().add_detail((view,), view.albedo).displacement


def test_the_change_of_depth_becomes_metres_on_the_skin_that_is_seen(made):
    """A pixel of a crop of some 25 centimetres is about a millimetre; twice the change is twice the relief."""
    network = Bumps()
    one, two = relief(made(network)), relief(made(Bumps(2.0)))
    assert network.seen.shape[1] == 4
    assert network.seen.shape[-1] % 32 == 0
    most = np.abs(one).max()
    assert 0.0002 < most < 0.002
    assert np.abs(two).max() == pytest.approx(2 * most, rel=0.1)


def test_what_is_the_same_all_over_is_no_relief(made):
    class Level(Bumps):
        def run(self, _, given):
            return [np.full((1, *given["picture"].shape[-2:]), 3.0, np.float32)]

    assert np.abs(relief(made(Level()))).max() < 0.0002
    assert BROADEST_RELIEF < 0.1


def test_relief_does_not_end_in_a_step_where_skin_is_hidden():
    """Glasses hide a band of the face: towards their rims the relief falls to nothing."""
    seen = np.ones((200, 200), np.float32)
    seen[80:120] = 0
    weight = faded(seen, 6.0)
    assert weight[79:121].max() < 0.1
    assert weight[[20, 180]].min() == 1
    assert np.abs(np.diff(weight, axis=0)).max() < 0.15


def test_the_network_sees_what_it_learned_from():
    """Normals and scale are those of the training's own crops."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    depth = 1 + 0.0002 * ((x - 100) ** 2 + (y - 80) ** 2) / 100
    mask = np.hypot(x - 100, y - 100) < 80
    camera = Camera(np.array([[800, 0, 100], [0, 800, 100], [0, 0, 1]], np.float32), np.eye(4, dtype=np.float32), (SIDE, SIDE))
    nothing = np.zeros((SIDE, SIDE, 3), np.float32)
    images = GeometryImages(np.where(mask, depth, 0).astype(np.float32), nothing, nothing, mask)
    photo = np.full((SIDE, SIDE), 0.7, np.float32)
    picture, metres = network_picture(photo, images, camera)
    import torch

    learned = height(images.depth, mask.astype(np.float32), 800.0)
    inner = np.hypot(x - 100, y - 100) < 78
    np.testing.assert_allclose(picture[1:, inner], normals(torch.from_numpy(learned)[None])[0].numpy()[:, inner], atol=1e-4)
    np.testing.assert_allclose(picture[0, inner], 0.2, atol=1e-6)
    assert not picture[:, ~mask].any()
    assert metres == pytest.approx(float(depth[mask].mean()) / 800)


def test_a_face_of_too_few_pixels_is_one_line(made):
    view = portrait_view()
    far = view.fit.camera.intrinsics * np.array([[0.1], [0.1], [1]], np.float32)
    small = replace(view, fit=replace(view.fit, camera=replace(view.fit.camera, intrinsics=far.astype(np.float32))))
    with pytest.raises(PhotoError, match=r"the face is too small for finenet \(\d+ pixels about it; it needs 64\)"):
        made(Bumps()).add_detail((small,), small.albedo)
    assert detailer.SIDES[0] == 64
