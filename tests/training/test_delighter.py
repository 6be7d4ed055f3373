"""The training of the delighter, on heads and lights that are made up here."""

import json

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch
from facetex_plugins.delight import network
from facetex_plugins.delight.network import NETWORK_SIDE, NetworkDelighter
from training.common.colour import coded
from training.common.data import save_arrays
from training.common.export import load
from training.common.portraits import basis
from training.delighter import data, heads, light
from training.delighter.data import Settings, lit, split
from training.delighter.examples import Examples
from training.delighter.heads import made_up_head
from training.delighter.light import COLUMNS, panorama, received, shine_on, ways
from training.delighter.net import PLANES, ShadingNet
from training.delighter.train import errors, export, train
from trainings import SCHEDULE, losses, shipped_settings, short_run

from facetex_core.descriptors.bank import layout_of
from facetex_core.lighting.panorama import ROWS

FEW = 32
"""Directions, in place of 256."""
GENTLE = msgspec.structs.replace(SCHEDULE, rate=3e-4, clip=1.0)
"""Nothing is normalised in the network: it needs a long warm-up, or small steps."""


def ball() -> dict[str, np.ndarray]:
    """A ball of grey skin in the heads' format: it sees half of the sphere everywhere, and nothing hides anything of it."""
    x, y = np.meshgrid(*[np.linspace(-0.7, 0.7, NETWORK_SIDE)] * 2)
    normals = np.stack([x, -y, np.sqrt(1 - x**2 - y**2)], -1).astype(np.float16)
    everywhere = np.ones((NETWORK_SIDE, NETWORK_SIDE), np.float16)
    towards = np.broadcast_to(np.array([0, 0, 1], np.float16), normals.shape)
    flat = normals.reshape(-1, 3)
    seen = np.packbits(flat.astype(np.float32) @ ways().T > 0, axis=1)
    albedo = np.full((NETWORK_SIDE, NETWORK_SIDE, 3), 0.4, np.float16)
    return {
        "visibility": everywhere,
        "albedo": albedo,
        "fitted_normals": normals,
        "towards": towards,
        "normals": flat,
        "open": seen,
    }


@pytest.fixture
def run(tmp_path):
    """With the files that the steps before the training write."""
    run = short_run("delighter", Settings(made_up=0, lights=2, batch=2, judged=2, train=GENTLE), tmp_path)
    for name in ("made-up-000", "portrait-nobody"):
        save_arrays(run.of("delighter/heads") / f"{name}.npz", ball())
    data.make_light(run)
    return run


def test_even_light_comes_back_as_it_is():
    even = np.ones((1, ROWS * COLUMNS, 3), np.float32)
    planes = shine_on(ball(), even)
    assert planes.shape == (1, 7, NETWORK_SIDE, NETWORK_SIDE)
    np.testing.assert_allclose(planes[0, :3], 1, atol=0.05)
    np.testing.assert_allclose(planes[0, 3], 1, atol=1e-5)
    assert (planes[0, 4:] > 0).all()
    assert (planes[0, 4:] < 0.2).all()


def test_light_from_above_leaves_what_looks_down_dark():
    above = np.repeat((light.sphere()[0][:, 1:2] > 0.5).astype(np.float32), 3, 1)[None]
    up = np.array([[0, 1, 0], [0, -1, 0]], np.float32)
    come = received(above, np.maximum(up @ ways().T, 0))
    assert come[0].mean() > 0.5
    assert come[1].max() == 0


@pytest.mark.parametrize("seed", range(12))
def test_panoramas_are_light_and_follow_from_the_seed(seed):
    made = panorama(np.random.default_rng(seed))
    assert made.shape == (ROWS * COLUMNS, 3)
    assert np.isfinite(made).all()
    assert (made >= 0).all()
    assert made.max() > 0
    np.testing.assert_array_equal(made, panorama(np.random.default_rng(seed)))


def test_a_head_is_made_up_and_lit(tmp_path, monkeypatch):
    monkeypatch.setattr(heads, "WAYS", FEW)
    monkeypatch.setattr(light, "WAYS", FEW)
    for cached in (heads.ways, light.sphere):
        cached.cache_clear()
    try:
        head = made_up_head(0)
        save_arrays(tmp_path / "made-up-000.npz", head)
        planes = lit(tmp_path / "made-up-000.npz", 1)
    finally:
        monkeypatch.undo()
        for cached in (heads.ways, light.sphere):
            cached.cache_clear()
    known = head["visibility"] > heads.KNOWN
    assert head.keys() == ball().keys()
    assert 0.2 < known.mean() < 1
    assert (head["albedo"][known] > 0).all()
    assert (head["albedo"][known] < 1).all()
    assert np.median(np.linalg.norm(head["fitted_normals"][known], axis=-1)) == pytest.approx(1, abs=1e-3)
    assert planes["0"].shape == (7, NETWORK_SIDE, NETWORK_SIDE)
    assert np.isfinite(planes["0"]).all()
    assert planes["means"].shape == (1, 3)


def test_a_portrait_becomes_a_head(shared):
    head = heads.portrait_head(shared / "data/photos/dev/hakeem-jeffries.jpg")
    assert (head["visibility"] > heads.KNOWN).mean() > 0.3
    assert head["open"].shape[1] == heads.WAYS // 8


def test_what_is_there_is_not_made_again(run):
    (path, _) = sorted(run.of("delighter/light").glob("*.npz"))
    written = path.stat().st_mtime_ns
    data.make_light(run)
    assert path.stat().st_mtime_ns == written


def test_the_true_shading_has_no_error(run):
    example = Examples(split(run.work, held_out=True), basis(with_colour=True)).draw(np.random.default_rng(0))
    batch = {name: torch.from_numpy(array)[None] for name, array in example.items()}
    batch["albedo"] = torch.full_like(batch["lit"], 0.3)
    batch["lit"] = batch["lit"].clamp(0.01)
    truth = torch.log(batch["lit"] / batch["albedo"])
    assert max(float(value) for value in errors(truth, batch).values()) < 1e-4
    wrong = errors(truth + 0.1, batch)
    off = float(coded(torch.tensor(0.3)) - coded(torch.tensor(0.3 * np.exp(-0.1))))
    assert float(wrong["texel"]) == pytest.approx(off, rel=1e-3)
    assert float(wrong["neighbours"]) < 1e-4


def test_twenty_steps_learn_and_are_written(run, monkeypatch):
    train(run)
    export(run)
    first, last = losses(run.work)
    assert last < first
    net, maps, shading = (
        ShadingNet(),
        torch.rand(1, PLANES, NETWORK_SIDE, NETWORK_SIDE),
        torch.rand(1, 3, NETWORK_SIDE, NETWORK_SIDE),
    )
    load(net, run.work / "weights.npz")
    session = onnxruntime.InferenceSession(run.work / "delighter.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(["found"], {"maps": maps.numpy(), "shading": shading.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(net.eval()(maps, shading).numpy(), found, atol=2e-2)  # weights in half precision
    layout = json.loads(session.get_modelmeta().custom_metadata_map["layout"])
    np.testing.assert_allclose(layout, layout_of(basis(with_colour=True)), atol=1e-5)
    monkeypatch.setattr(network, "model_path", lambda name: run.work / f"{name}.onnx")
    assert not NetworkDelighter()._foreign(basis(with_colour=True))


def test_without_heads_it_says_how_to_make_them(tmp_path):
    with pytest.raises(Exception, match=r"python -m training\.delighter heads"):
        split(tmp_path, held_out=True)


def test_the_settings_are_read():
    assert shipped_settings("delighter", Settings).train.steps == 9500
